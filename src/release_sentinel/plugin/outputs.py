"""What pytest and its plugins write in a run, as far as options, settings and variables tell: files and folders."""

import os
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from release_sentinel.options import OPTIONS

# The names of options' values: those that are written, of pytest and of plugins; then the words that tell it of any
# other, and those that tell that it is about something else.
_KNOWN = re.compile(
    r"basetemp|benchmark_json|csv_path|cucumberjson|ctrf|debug|excelpath|excelreport|htmlpath|json_path|log_file|mdpath"
    r"|nunit_xml|pstats_dir|tap_outdir"
)
_WRITTEN = re.compile(r"(.*_)?(dump|export|out|outdir|outfile|outputs?|reports?|results?)(_.*)?")
_OTHER = re.compile(
    r"(.*_)?(baseline|cfg|columns|compare|config|count|cov|css|exclude|expected|footer|format|from|golden|header|ignore"
    r"|include|indent|input|last|level|load|logo|mode|name|omit|only|prefix|previous|read|reference|schema|size|skip"
    r"|style|suffix|template|theme|timeout|title|type|url)(_.*)?"
)
_INI = ("log_file", "md_report_output")  # settings of an ini file
_COVERAGE = {"xml": "xml:output", "json": "json:output", "lcov": "lcov:output", "html": "html:directory"}
_OURS = frozenset(option.dest for option in OPTIONS) | {"xmlpath"}  # of reports, which look after themselves


def outputs(config: pytest.Config, option: Any, environ: Mapping[str, str]) -> list[Path]:
    """Return every path that is named for output by the options, pytest's settings, and variables.

    A folder is written into, or emptied.
    """
    here = Path(config.invocation_params.dir)
    names = [*_options(option), *settings(config), *coverage_files(option)]
    if environ.get("GITHUB_ACTIONS") == "true":
        names.append(environ.get("GITHUB_STEP_SUMMARY", ""))
    return list(dict.fromkeys(here / name for name in names if name))


def cache(config: pytest.Config) -> Path | None:
    """Return the folder of pytest's cache, which the ini file or `-o cache_dir` may name."""
    with suppress(ValueError):  # unknown with -p no:cacheprovider
        named = os.path.expandvars(str(config.getini("cache_dir")))
        return config.rootpath / Path(named).expanduser()
    return None


def coverage_files(option: Any) -> Iterator[str]:
    """Yield what coverage writes, if it is at work: its data, and the reports that are asked for."""
    measures = bool(getattr(option, "cov_source", None)) and not getattr(option, "no_cov", False)
    if not measures and "coverage" not in sys.modules:
        return
    with suppress(Exception):  # it is not installed, or cannot read its settings, and says so itself
        measured = import_module("coverage").Coverage
        running = measured.current()
        if not measures and running is None:
            return
        rules = running or measured(config_file=getattr(option, "cov_config", True) or True)
        yield rules.get_option("run:data_file")
        reports = getattr(option, "cov_report", None)
        for kind, name in reports.items() if isinstance(reports, dict) else ():
            if name and not kind.startswith("term"):
                yield name
            elif kind in _COVERAGE:
                yield rules.get_option(_COVERAGE[kind])


def _options(option: Any) -> Iterator[str]:
    for dest, value in vars(option).items():
        unused = dest == "json_report_file" and not getattr(option, "json_report", False)  # it has a default
        if dest in _OURS or unused or not _is_written(dest):
            continue
        for one in value if isinstance(value, list | tuple) else (value,):
            name = getattr(one, "name", None) if hasattr(one, "write") else one
            if isinstance(name, str | Path):
                yield str(name)
        if dest == "htmlpath" and value and not getattr(option, "self_contained_html", False):
            yield str(Path(value).parent / "assets" / "style.css")  # pytest-html puts it beside its page


def _is_written(dest: str) -> bool:
    return bool(_KNOWN.fullmatch(dest) or (_WRITTEN.fullmatch(dest) and not _OTHER.fullmatch(dest)))


def settings(config: pytest.Config) -> Iterator[str]:
    """Yield the files that settings of an ini file name."""
    for name in _INI:
        with suppress(ValueError):  # unknown without the plugin that reads it
            yield str(config.getini(name) or "")
