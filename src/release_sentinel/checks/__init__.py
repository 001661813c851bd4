"""The checks: each judges an observation by limits and returns one `CheckResult`."""
