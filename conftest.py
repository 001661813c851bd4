"""Wires the release gate to this repository: `pytest gate_tests --env prod --version v1.0.0`.

A conftest cannot be switched off by `-p no:…`; where the package's entry point has opened the gate, this does nothing.
"""

from release_sentinel.plugin import pytest_addoption

__all__ = ["pytest_addoption"]
