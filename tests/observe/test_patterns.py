"""A user's patterns are matched as `re` matches them, and an endless one is ended, and named."""

import marshal
import re
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import pytest

from release_sentinel.config.read import Reading
from release_sentinel.config.targets import Dependency, ProcessRule
from release_sentinel.observe import patterns
from release_sentinel.observe.bounded import remaining, until
from release_sentinel.observe.patterns import EndlessPatternError, Matcher, Question

ENDLESS = "(a+)+$"
TEXT = "a" * 60 + "!"

PATTERNS = [
    "ok",
    "^ok$",
    "o.",
    "[[o]k",
    "(?i)OK",
    r"\bok\b",
    "(?P<x>o)k",
    "o*+k",
    "x|ok",
    "",
    "x",
    "^k",
    r"é\Z",
    "a{2}",
]
TEXTS = ["ok", "it is ok\n", "nok", "", "é", "\udce9", "o\nk", "aa"]


@pytest.mark.sweep
@pytest.mark.parametrize("pattern", PATTERNS)
def test_patterns_are_those_of_re(pattern: str) -> None:
    """In our own process or in another one: every flag, every text."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for whole in (False, True):
            for folded in (False, True):
                asked = [Question(pattern, text, whole=whole, folded=folded) for text in TEXTS]
                match, flags = (re.fullmatch if whole else re.search), re.IGNORECASE if folded else 0
                expected = [match(pattern, text, flags) is not None for text in TEXTS]
                assert Matcher().answers(asked) == expected
                assert patterns._run(asked, 60) == (expected, True)


def test_a_plain_pattern_needs_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Most patterns are a word."""
    monkeypatch.setattr(patterns, "_run", None)
    assert Matcher().search("^ok [a-z]", "ok x")
    assert not Question("a" * 10_000, "a" * 10_000).is_plain


def test_an_endless_pattern_is_named() -> None:
    """In the time that it has; the text, which may be a secret, is not shown."""
    start = time.monotonic()
    with pytest.raises(EndlessPatternError) as error:
        Matcher(1).answers([Question("a+", TEXT), Question(ENDLESS, TEXT), Question("b+", TEXT)])
    assert time.monotonic() - start < 10
    assert error.value.seen.why == "the pattern '(a+)+$' was not matched against a text of 61 characters within 1.0 s"


def test_the_time_is_shared() -> None:
    """By all patterns of one matcher."""
    matcher, start = Matcher(1), time.monotonic()
    for _ in range(3):
        with pytest.raises(EndlessPatternError):
            matcher.search(ENDLESS, TEXT)
    assert time.monotonic() - start < 10


def test_a_caller_that_waits_for_less_gets_its_answer_earlier() -> None:
    """With time left to say so; without a bound the given seconds count."""
    assert remaining(5) == 5
    assert 0.7 < until(1, lambda: remaining(5))() <= 0.9
    assert until(10, lambda: remaining(5))() == 5
    assert until(0, lambda: remaining(5))() == 0

    def ask() -> None:
        Matcher(600).search(ENDLESS, TEXT)

    with pytest.raises(EndlessPatternError, match=r"within 0\.\d s$"):
        until(1, ask)()


def test_a_pattern_ends_by_itself_when_its_parent_is_gone() -> None:
    """Nobody else would end it: it is stuck in C."""
    with subprocess.Popen([sys.executable, "-I", "-S", "-c", patterns._ANSWERS], stdin=subprocess.PIPE) as child:
        assert child.stdin is not None
        child.stdin.write(marshal.dumps((0.5, [(ENDLESS, TEXT, False, 0)])))
        child.stdin.close()
        assert child.wait(30) == -signal.SIGALRM


def test_a_pattern_that_breaks_is_named() -> None:
    """`re` cannot compile it here, although the policy's reader could."""
    with pytest.raises(EndlessPatternError, match=r"^the pattern '\(\*' could not be matched against a text of 1 "):
        Matcher().search("(*", "x")


@pytest.mark.parametrize("pattern", PATTERNS)
def test_what_the_policy_accepts_is_what_is_matched(pattern: str) -> None:
    """One syntax, that of `re`, and no warning of it reaches the user."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rule, wrong = Reading().read(ProcessRule, {"command": pattern, "name": "x"})
        assert (rule.command, wrong) == (pattern, [])
        assert not Reading().read(Dependency, {"name": "x", "url": "https://x/", "matches": pattern})[1]


def test_a_pattern_has_a_greatest_length() -> None:
    """The message names it."""
    _, (problem,) = Reading().read(ProcessRule, {"command": "x" * 10_001, "name": "x"})
    assert problem.says.endswith("expected a regular expression, or an empty text of at most 10000 characters")


def test_no_module_but_this_matches_a_pattern_of_the_policy() -> None:
    """A pattern of the user that is matched elsewhere would hold the run."""
    names = {"matches", "command", "placeholders", "pattern"}
    source = Path(patterns.__file__).parent.parent
    found = [
        (file.name, call)
        for file in source.rglob("*.py")
        for call in re.findall(r"re\.(?:search|match|fullmatch|compile|findall|sub)\((\w+(?:\.\w+)*)", file.read_text())
        if call.rpartition(".")[2] in names
    ]
    ours = {("kinds.py", "pattern"), ("search.py", "pattern"), ("always_true.py", "pattern")}
    ours |= {("records.py", "pattern"), ("records.py", "self.pattern")}  # of a file's format; made of a glob
    assert set(found) <= ours
