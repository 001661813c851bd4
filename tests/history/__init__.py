"""Tests of what is made of kept verdict files."""
