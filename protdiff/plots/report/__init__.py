"""The report: one HTML file with a table of structures, their ribbons and plots."""
