"""What several verbs share: options, requests, the manifest, progress, rows."""
