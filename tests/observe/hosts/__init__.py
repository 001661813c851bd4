"""Tests of other hosts."""
