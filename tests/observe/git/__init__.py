"""The observers of Git."""
