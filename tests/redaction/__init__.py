"""Tests of redaction: what is masked, in which writings, and where."""
