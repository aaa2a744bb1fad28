"""Every picture and page that the package draws."""
