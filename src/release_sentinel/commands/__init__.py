"""Commands of `release-sentinel` that stand beside the gate; each is loaded when it is called."""
