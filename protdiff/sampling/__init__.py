"""Drawing backbones: settings, requests, batches, and the reverse flow."""
