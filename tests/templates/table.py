"""The guide's table: what the tests in this folder tried each template by."""

from importlib import import_module
from pathlib import Path
from types import ModuleType

from release_sentinel.commands.init import SYSTEMS
from tests.templates.parts import Tried

_ORDER = [*SYSTEMS, "Containerfile"]


def modules() -> dict[Tried, ModuleType]:
    """Return all rows, each with the module of tests that it is from."""
    names = sorted(path.stem for path in Path(__file__).parent.glob("test_*.py"))
    found = [import_module(f"tests.templates.{name}") for name in names]
    return {row: module for module in found for row in getattr(module, "TRIED", [])}


def rows() -> list[Tried]:
    """Return all rows in the order of the table."""
    return sorted(modules(), key=lambda row: _ORDER.index(row.template))


def text() -> str:
    """Return the table as Markdown."""
    lines = [f"| {row.template} | {row.by or '-'} | {row.extent} |" for row in rows()]
    return "\n".join(["| template | tried by | as far as |", "|---|---|---|", *lines])
