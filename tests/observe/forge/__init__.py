"""Tests of what a forge answers."""
