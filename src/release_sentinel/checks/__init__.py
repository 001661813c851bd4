"""The judges: each takes an observation and limits, and answers with one `CheckResult`."""
