"""Tests of what follows the verdict."""
