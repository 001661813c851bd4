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
_STREAMS = {"", "stdout", "stderr"}  # what COVERAGE_DEBUG_FILE may name besides a file
_OURS = frozenset(option.dest for option in OPTIONS) | {"xmlpath"}  # of reports, which look after themselves


def outputs(config: pytest.Config, option: Any, environ: Mapping[str, str]) -> list[Path]:
    """Return every path that is named for output by the options, pytest's settings, and variables.

    A folder is written into, or emptied.
    """
    here = Path(config.invocation_params.dir)
    names = [*_options(option), *settings(config), *coverage_files(option, environ)]
    if environ.get("GITHUB_ACTIONS") == "true":
        names.append(environ.get("GITHUB_STEP_SUMMARY", ""))
    return list(dict.fromkeys(here / name for name in names if name))


def cache(config: pytest.Config) -> Path | None:
    """Return the folder of pytest's cache, which the ini file or `-o cache_dir` may name."""
    with suppress(ValueError):  # unknown with -p no:cacheprovider
        named = os.path.expandvars(str(config.getini("cache_dir")))
        return config.rootpath / Path(named).expanduser()
    return None


def coverage_files(option: Any, environ: Mapping[str, str]) -> Iterator[str]:
    """Yield what coverage writes, if it is at work: its data, its debug output, and the reports that are asked for."""
    with suppress(Exception):  # it cannot read its settings, and says so itself
        if (rules := _coverage(option)) is None:
            return
        yield rules.get_option("run:data_file")
        debug = rules.get_option("run:debug_file") or environ.get("COVERAGE_DEBUG_FILE", "")
        if debug not in _STREAMS:
            yield debug
        for kind, name in _reports(option).items():
            if name and not kind.startswith("term"):
                yield name
            elif kind in _COVERAGE:
                yield rules.get_option(_COVERAGE[kind])


def annotates_sources(option: Any) -> bool:
    """Return whether coverage writes an annotated copy beside each source: `app.py,cover`."""
    with suppress(Exception):
        return "annotate" in (asked := _reports(option)) and not asked["annotate"] and _coverage(option) is not None
    return False


def _reports(option: Any) -> Mapping[str, str | None]:
    """Return the kinds of coverage's reports, each with the place that the option names."""
    reports = getattr(option, "cov_report", None)
    return reports if isinstance(reports, dict) else {}


def _coverage(option: Any) -> Any:
    """Return the `Coverage` of this run, or one with its settings; None if nothing is measured. May raise anything."""
    measures = bool(getattr(option, "cov_source", None)) and not getattr(option, "no_cov", False)
    if not measures and "coverage" not in sys.modules:
        return None
    measured = import_module("coverage").Coverage
    running = measured.current()
    if not measures and running is None:
        return None
    return running or measured(config_file=getattr(option, "cov_config", True) or True)


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
