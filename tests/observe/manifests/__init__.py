"""The observers of manifests."""
