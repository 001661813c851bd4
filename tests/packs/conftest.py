"""The example of a gate pack is a source tree of its own: its gates are no tests of ours."""

collect_ignore = ["acme"]
