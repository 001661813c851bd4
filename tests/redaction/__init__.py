"""Tests of redaction: what is masked, in which encodings, and where."""
