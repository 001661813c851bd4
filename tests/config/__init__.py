"""The settings of one run."""
