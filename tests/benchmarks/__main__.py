"""Runs the benchmarks that are named, by default all; exits 1 if a ratio is above its target."""

import sys
from collections.abc import Iterable, Sequence
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

from tests import benchmarks
from tests.benchmarks import Row


def found() -> dict[str, ModuleType]:
    """Return the benchmark modules by their `NAME`."""
    names = [module.name for module in iter_modules(benchmarks.__path__) if module.name.startswith("bench_")]
    modules = [import_module(f"{benchmarks.__name__}.{name}") for name in names]
    return {module.NAME: module for module in modules}


def table(rows: Iterable[tuple[str, Row]]) -> str:
    """Return rows, each with its benchmark's name, as a Markdown table."""
    head = "| benchmark | what | ratio | target | holds | note |\n|---|---|---|---|---|---|"
    lines = [
        f"| {name} | {row.what} | {row.ratio:.2f} | {row.target:g} | {'yes' if row.holds else '**no**'} | {row.note} |"
        for name, row in rows
    ]
    return "\n".join([head, *lines])


def main(names: Sequence[str]) -> int:
    """Run the benchmarks, print their rows, and return the exit code."""
    modules = found()
    if unknown := [name for name in names if name not in modules]:
        print(f"no benchmark is called {', '.join(unknown)}; there are: {', '.join(modules)}", file=sys.stderr)
        return 1
    rows = [(name, row) for name in names or modules for row in modules[name].measure()]
    print(table(rows))
    return 0 if all(row.holds for _, row in rows) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
