"""The gate as a Kubernetes Job: its manifest, the message that its container leaves, and waiting for its end."""
