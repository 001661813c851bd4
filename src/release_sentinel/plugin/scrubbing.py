"""Keeps secrets out of what pytest and its plugins show: at each place that everything has to pass."""

import json
from collections import Counter
from collections.abc import Callable, Generator
from typing import Any
from warnings import WarningMessage

import pytest

from release_sentinel.logging import scrub_records
from release_sentinel.observe.this_process import is_pytest
from release_sentinel.plugin.compat import clean_cache, filter_trace, give_id, rename
from release_sentinel.redaction import Redactor
from release_sentinel.redaction.standard import scrub_standard_streams

Scrub = Callable[[str], str]


def shield(config: pytest.Config, redactor: Redactor) -> None:
    """Scrub log records, standard streams, pytest's cache and trace, from the first look at the command line on."""
    config.add_cleanup(scrub_records(redactor))
    config.add_cleanup(clean_cache(lambda value: cleaned(value, redactor.scrub)))
    restore = scrub_standard_streams(redactor)
    if not is_pytest():  # else to the last word: some errors are printed after every clean-up
        config.add_cleanup(restore)
    filter_trace(config, redactor.scrub)


class Scrubber:
    """The hooks by which anything comes to be shown."""

    def __init__(self, redactor: Redactor) -> None:
        self._scrub = redactor.scrub

    @pytest.hookimpl(tryfirst=True)
    def pytest_cmdline_main(self, config: pytest.Config) -> None:
        """Scrub the file that `--debug` has opened by now, and what it says already."""
        filter_trace(config, self._scrub)

    @pytest.hookimpl(trylast=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        """Scrub reports again, after the other plugins have seen them."""
        config.pluginmanager.register(_LastScrubber(self._scrub), "release-sentinel-last-scrubber")

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Scrub what plugins have added to a report since it was made."""
        clean_report(report, self._scrub)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_pycollect_makeitem(self) -> Generator[None, Any, Any]:
        """Rename gates whose parameters show in their names, before caches and reports know them."""
        made = yield
        if isinstance(made, list):
            rename_all(made, self._scrub)
        return made

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_make_collect_report(self) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        """Scrub why something could not be collected."""
        report = yield
        clean_report(report, self._scrub)
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_warning_recorded(self, warning_message: WarningMessage) -> None:
        """Scrub a warning before it is recorded."""
        text = str(warning_message.message)
        if (clean := self._scrub(text)) != text:
            warning_message.message = UserWarning(clean)


class _LastScrubber:
    """The last of the hooks that see a report: what is shown of it at the end is clean."""

    def __init__(self, scrub: Scrub) -> None:
        self._scrub = scrub

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Scrub what the others have added."""
        clean_report(report, self._scrub)


def cleaned(value: Any, scrub: Callable[[str], str]) -> Any:
    """Return `value` with every string in it scrubbed, also in lists, tuples and dictionaries; all else stays."""
    if isinstance(value, str):
        return scrub(value)
    if isinstance(value, dict):
        return {cleaned(key, scrub): cleaned(item, scrub) for key, item in value.items()}
    if type(value) in {list, tuple}:
        return type(value)(cleaned(item, scrub) for item in value)
    return value


def scrub_in_place(document: dict[str, Any], scrub: Callable[[str], str]) -> None:
    """Scrub every string of a JSON document before it is encoded: a pattern over encoded text breaks the encoding."""
    clean = cleaned(json.loads(json.dumps(document, default=str)), scrub)  # what it holds besides is made text later
    document.clear()  # a key may hold a secret, too
    document.update(clean)


def clean_report(report: pytest.TestReport | pytest.CollectReport, scrub: Scrub) -> None:
    """Scrub everything that a report holds; a traceback becomes text for that."""
    if report.longrepr is not None and not isinstance(report.longrepr, str | tuple):
        report.longrepr = str(report.longrepr)
    for name, value in vars(report).items():
        setattr(report, name, cleaned(value, scrub))
    if (nodeid := scrub(report.nodeid)) != report.nodeid:  # no string among the above, from pytest 9.2 on
        report.nodeid = nodeid


def rename_all(nodes: list[Any], scrub: Scrub) -> None:
    """Give nodes names and ids that can be shown, and that are still their own."""
    masked: Counter[str] = Counter()
    for node in nodes:
        name = scrub(node.name)
        if name == node.name:
            continue
        masked[name] += 1
        if masked[name] > 1:
            name = f"{name.removesuffix(']')}-{masked[name]}]"
        rename(node, name)
    for node in nodes:
        if (nodeid := scrub(node.nodeid)) != node.nodeid:
            give_id(node, nodeid)
