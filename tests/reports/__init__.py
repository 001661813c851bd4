"""Tests of release-sentinel."""
