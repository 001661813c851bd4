"""The files that gate runs write themselves: they never make the tree dirty."""

from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from release_sentinel.arguments import GATE_FOLDER
from release_sentinel.plugin import folders
from release_sentinel.reports.files import is_report, obstacle

_PATHS = ("json_report_file", "log_file", "debug", "htmlpath")  # options of pytest and its plugins that name a file


def own_files(config: pytest.Config, top: Path, reports: Collection[Path]) -> list[Path]:
    """Return the files and folders of this run, and the reports that an earlier one has left beside them."""
    here = Path(config.invocation_params.dir)
    caches = [config.rootpath / name for name in (".pytest_cache", ".coverage", "pytestdebug.log")]
    gates = (top / GATE_FOLDER, folders.built_in())
    byte_code = [top / "__pycache__", *(path for folder in gates for path in folder.rglob("__pycache__"))]
    named = [here / name for name in _named(config.option)]
    earlier = [path for folder in {top, here} if folder.is_dir() for path in folder.iterdir() if is_report(path)]
    return [*reports, *caches, *byte_code, *named, *earlier]


def obstacles(config: pytest.Config, option: Any) -> list[str]:
    """Say which files that other options of this run name must not be written, a sentence each."""
    names = [*_files(option)]
    with suppress(ValueError):  # unknown without pytest's plugin for logging
        names.append(config.getini("log_file"))
    paths = [Path(config.invocation_params.dir, name) for name in names if name]
    found = [(path, obstacle(path)) for path in paths]
    return [f"{path} cannot be written: {why}" for path, why in found if why]


def _files(option: Any) -> Iterator[str]:
    yield from (name for key in _PATHS if isinstance(name := getattr(option, key, None), str))


def _named(option: Any) -> Iterator[str]:
    yield from _files(option)
    if html := getattr(option, "htmlpath", None):  # pytest-html puts a folder beside its page
        yield str(Path(html).parent / "assets")
    coverage = getattr(option, "cov_report", None)
    if isinstance(coverage, dict):  # of pytest-cov: kind of report -> file; by default these
        defaults = {"xml": "coverage.xml", "json": "coverage.json", "lcov": "coverage.lcov", "html": "htmlcov"}
        yield from (name or defaults[kind] for kind, name in coverage.items() if kind in defaults)
