"""A user's regular expressions, matched where they can be ended: in a process of their own.

`re` holds Python's lock until it has an answer, and some patterns need longer for one than anybody waits: no thread and
no signal ends that. A pattern without repeats and alternatives is matched here, because it cannot.
"""

import marshal
import re
import subprocess
import sys
import time
import warnings
from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from release_sentinel.lines import one_line
from release_sentinel.observe import Unseen
from release_sentinel.observe.bounded import remaining
from release_sentinel.sentences import sentence

SECONDS = 5.0  # for the patterns of one gate, where nothing else bounds them
_STEPS = 10_000_000  # of a pattern that is matched here: 0.1 s
_SHOWN = 200  # characters of a pattern that a message shows
_LONGEST = 10_000  # characters of a pattern whose matches are wanted
_MATCHES, _LENGTH = 1000, 2000  # of one pattern, and characters of each
# The kernel ends it, even if its parent is gone: nothing in Python could.
_BOUND = """
import marshal, re, signal, sys
seconds, questions = marshal.loads(sys.stdin.buffer.read())
if hasattr(signal, "setitimer"):
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGALRM})
    signal.setitimer(signal.ITIMER_REAL, seconds)
"""
_ANSWERS = f"""{_BOUND}
for pattern, text, whole, flags in questions:
    found = (re.fullmatch if whole else re.search)(pattern, text, flags)
    sys.stdout.buffer.write(b"1" if found else b"0")
    sys.stdout.buffer.flush()
"""
_CAPTURES = f"""{_BOUND}
from itertools import islice
pattern, text, group = questions
found = [match[group] or "" for match in islice(re.finditer(pattern, text, re.MULTILINE), {_MATCHES})]
sys.stdout.buffer.write(marshal.dumps([part[:{_LENGTH}] for part in found]))
"""


class Question(Struct, frozen=True):
    """Is the pattern found in the text? `whole`: does it match all of it? `folded`: is case ignored?"""

    pattern: str
    text: str  # may be a secret
    whole: bool = False
    folded: bool = False

    @property
    def flags(self) -> int:
        """The flags of `re`."""
        return int(re.IGNORECASE) if self.folded else 0

    @property
    def is_plain(self) -> bool:
        """Whether matching cannot take long: the pattern has nothing to try in another way."""
        return not set("*+?{|") & set(self.pattern) and len(self.pattern) * len(self.text) <= _STEPS

    def answer(self) -> bool:
        """Match here, however long it takes."""
        match = re.fullmatch if self.whole else re.search
        return match(self.pattern, self.text, self.flags) is not None


class EndlessPatternError(Exception):
    """A pattern was not matched in time; `seen` says which one."""

    def __init__(self, seen: Unseen) -> None:
        super().__init__(seen.why)
        self.seen = seen


class Matcher:
    """Matches patterns for at most `seconds` altogether, and no longer than its caller may wait."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self._seconds = remaining(seconds)
        self._end = time.monotonic() + self._seconds

    def search(self, pattern: str, text: str) -> bool:
        """Return whether a pattern is found in a text; raises `EndlessPatternError`."""
        return self.answers([Question(pattern, text)])[0]

    def answers(self, questions: Sequence[Question]) -> list[bool]:
        """Answer several questions; raises `EndlessPatternError` for the first without an answer in time."""
        elsewhere = [question for question in questions if not question.is_plain]
        told = iter(self._ask(elsewhere) if elsewhere else ())
        return [question.answer() if question.is_plain else next(told) for question in questions]

    def _ask(self, questions: Sequence[Question]) -> list[bool]:
        seconds = max(self._end - time.monotonic(), 0.0)
        told, ended = _run(questions, seconds)
        if len(told) < len(questions):
            raise EndlessPatternError(_unanswered(questions[len(told)], self._seconds, ended))
        return told


def groups(expression: str) -> tuple[int, frozenset[str]]:
    """Return the number of groups of a pattern, and the names of some; raises `ValueError` with what is wrong."""
    if len(expression) > _LONGEST:
        raise ValueError(f"is longer than {_LONGEST} characters")
    try:
        with warnings.catch_warnings():  # a pattern whose meaning may change
            warnings.simplefilter("ignore")
            compiled = re.compile(expression)
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(f"is not valid: {sentence(error)}") from None
    return compiled.groups, frozenset(compiled.groupindex)


def captures(pattern: str, text: str, group: str | int = 1, seconds: float = SECONDS) -> list[str]:
    """Return what a group of a valid pattern matches, at up to 1,000 places; raises `EndlessPatternError`.

    `^` and `$` match at each line.
    """
    seconds = remaining(seconds)
    out, ended = _child(_CAPTURES, (pattern, text, group), seconds)
    if not ended or not out:
        raise EndlessPatternError(_unanswered(Question(pattern, text), seconds, ended))
    found: list[str] = marshal.loads(out)  # noqa: S302 - our own child wrote it
    return found


def _run(questions: Sequence[Question], seconds: float) -> tuple[list[bool], bool]:
    """Return the answers that a process gives within `seconds`, and whether it ended by itself."""
    asked = [(question.pattern, question.text, question.whole, question.flags) for question in questions]
    out, ended = _child(_ANSWERS, asked, seconds)
    return [byte == ord("1") for byte in out], ended


def _child(program: str, asked: Any, seconds: float) -> tuple[bytes, bool]:
    """Return what a process prints within `seconds`, and whether it ended by itself."""
    # -W: a pattern whose meaning may change warns, and the user has not asked
    command = [sys.executable, "-I", "-S", "-W", "ignore", "-c", program]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        try:
            out, _ = process.communicate(marshal.dumps((seconds + 1.0, asked)), timeout=seconds)
            ended = True
        except subprocess.TimeoutExpired:
            process.kill()
            out, _ = process.communicate()
            ended = False
        except BaseException:
            process.kill()
            raise
    return out, ended


def _unanswered(question: Question, seconds: float, ended: bool) -> Unseen:
    pattern = one_line(repr(question.pattern), _SHOWN)
    text = f"a text of {len(question.text)} characters"
    if ended:
        return Unseen(f"the pattern {pattern} could not be matched against {text}", "simplify the pattern")
    return Unseen(
        f"the pattern {pattern} was not matched against {text} within {seconds:.1f} s",
        "simplify the pattern: a repeat within a repeat, such as (a+)+, can take for ever",
    )
