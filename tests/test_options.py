"""The options, one record each: what a record says of another one, or of the policy, is true."""

from importlib import import_module
from typing import get_args, get_type_hints

import pytest

from release_sentinel.config.kinds import TagMode
from release_sentinel.options import BY_FLAG, JSON_REPORT, OPTIONS, Option
from release_sentinel.redacted import RedactedVerdict

REPORTS = [option for option in OPTIONS if option.report and option.flag != JSON_REPORT]


def test_no_two_options_say_the_same() -> None:
    """A help text that was copied is told by the options that share it."""
    first: dict[str, str] = {}
    assert [(first[one.help], one.flag) for one in OPTIONS if first.setdefault(one.help, one.flag) != one.flag] == []


def test_no_two_options_have_one_spelling() -> None:
    """Each flag is one option's alone."""
    assert len(BY_FLAG) == sum(len(option.flags) for option in OPTIONS)


def test_an_option_stands_beside_one_that_exists() -> None:
    """`beside` names an option that takes no value, and that may stand alone."""
    named = [BY_FLAG[option.beside] for option in OPTIONS if option.beside]
    assert [one.flag for one in named if one.metavar or one.beside] == []


def test_what_follows_the_verdict_needs_all_gates() -> None:
    """A tag or a release of a chosen subset would say too much."""
    assert [option.flag for option in OPTIONS if option.delivers and not option.whole] == []


def test_the_modes_of_the_option_are_the_policy_s() -> None:
    """`--gate-tag-mode` takes what `git.tag_mode` may be."""
    assert BY_FLAG["--gate-tag-mode"].choices == get_args(TagMode)


@pytest.mark.parametrize("option", REPORTS, ids=lambda option: option.flag)
def test_a_report_is_written_from_a_clean_verdict(option: Option) -> None:
    """Its writer takes one `RedactedVerdict` and returns a text: mypy cannot see that, for the writer is named."""
    assert option.report
    module, _, name = option.report.writer.partition(".")
    writer = getattr(import_module(f"release_sentinel.reports.{module}"), name)
    assert list(get_type_hints(writer).values()) == [RedactedVerdict, str]
