"""The files that gate runs write themselves: they never make the tree dirty, and never take the place of its files."""

import os
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from release_sentinel.arguments import GATE_FOLDER
from release_sentinel.observe import Unseen, git
from release_sentinel.plugin import folders
from release_sentinel.plugin.outputs import annotates_sources, cache, coverage_files, outputs, settings
from release_sentinel.reports.files import is_report, kept, obstacle

_FILES = ("json_report_file", "log_file", "debug", "htmlpath")  # options that name a file, and nothing else
_CACHES = (".pytest_cache", ".coverage", "pytestdebug.log")
_OF_PLUGINS = (".hypothesis", ".benchmarks")  # folders that plugins of pytest write into unasked


def own_files(config: pytest.Config, top: Path, reports: Collection[Path], environ: Mapping[str, str]) -> list[Path]:
    """Return the files and folders of this run, and the reports that an earlier one has left beside them.

    What Git tracks is not among them.
    """
    here = Path(config.invocation_params.dir)
    caches = [config.rootpath / name for name in _CACHES]
    gates = (top / GATE_FOLDER, folders.built_in())
    byte_code = [top / "__pycache__", *(path for folder in gates for path in folder.rglob("__pycache__"))]
    named = [path for path in _named(config, here, environ) if path not in caches and not kept(path)]
    earlier = [path for folder in {top, here} if folder.is_dir() for path in folder.iterdir() if is_report(path)]
    return [*reports, *caches, *byte_code, *named, *earlier]


def obstacles(config: pytest.Config, option: Any, environ: Mapping[str, str]) -> list[str]:
    """Say which paths that the options and settings of this run name must not be written, a sentence each."""
    here = Path(config.invocation_params.dir)
    only_files = {here / name for key in _FILES if isinstance(name := getattr(option, key, None), str)}
    only_files |= {here / name for name in settings(config)}
    paths = [path for path in outputs(config, option, environ) if path != Path(os.devnull)]
    found = [(path, kept(path) or (obstacle(path) if path in only_files else "")) for path in paths]
    if (folder := cache(config)) and folder.name not in _CACHES and not (folder / "CACHEDIR.TAG").exists():
        found.append((folder, kept(folder)))
    said = [f"{path} cannot be written: {why}" for path, why in found if why]
    return said + (_annotations(here) if annotates_sources(option) else [])


def _annotations(here: Path) -> list[str]:
    """Say which files that Git tracks have the names of annotated copies of sources."""
    tracked = git.tracked_files(here, "**/*,cover")
    return [
        f"{name} cannot be written: it is tracked by Git, and --cov-report=annotate writes beside the sources: "
        "name a folder, as in --cov-report=annotate:annotated"
        for name in (() if isinstance(tracked, Unseen) else tracked)
    ]


def _named(config: pytest.Config, here: Path, environ: Mapping[str, str]) -> Iterator[Path]:
    yield from outputs(config, config.option, environ)
    if html := getattr(config.option, "htmlpath", None):
        yield here / Path(html).parent / "assets"
    if folder := cache(config):
        yield folder
    yield from (here / name for name in _OF_PLUGINS)
    for name in coverage_files(config.option, environ):  # of parallel runs: `.coverage.HOST.PID.RANDOM`
        data = here / name
        yield from data.parent.glob(f"{data.name}.*")
