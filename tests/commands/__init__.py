"""The commands beside the gate."""
