"""One parse of the command line of a gate run. What is wrong with it is collected, so that reports can say it too."""

import argparse
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from release_sentinel import durations
from release_sentinel.arguments import (
    ArgumentError,
    expanded,
    find_top,
    given,
    is_folder,
    rewrite_version,
    seconds,
)
from release_sentinel.options import BY_FLAG, JSON_REPORT, OPTIONS, Option, Report
from release_sentinel.sentences import sentence

_NOT_WATCHED = ("--gate-preview", "--gate-partial")
_ADDRESS = re.compile(r"[A-Za-z][\w+.-]*://\S+")
_JSON_REPORT_FILE = "--json-report-file"

Raw = Mapping[str, Sequence[str | None]]  # each option's values as they are written; None: it has none


class Invocation(NamedTuple):
    """What a command line asks for. Paths are absolute; what it does not say, or not well, is blank."""

    own: tuple[str, ...]  # the words of the command line; `--version VALUE` is `--release-version=VALUE`
    words: tuple[str, ...]  # all that pytest reads: with those of PYTEST_ADDOPTS, and of each @FILE
    directory: Path
    env: str
    version: str
    repository: Path
    policy: Path | None  # None: the repository's own, if it has one
    deadline: float | None  # seconds; None: the policy's
    wait: float | None  # seconds, 0: none; None: the policy's
    hold: float | None  # likewise
    interval: float | None  # likewise
    baseline: Path | None  # an earlier verdict file
    tag_mode: str  # blank: the policy's
    branch: str  # that is built, by a claim that the remote has to prove; blank: no claim
    reports: tuple[Report, ...]
    notes: Path | None  # the file with what changes; None: the changelog
    notify: tuple[str, ...]  # addresses, beside the policy's
    flags: frozenset[str]  # those that are set: "--gate-all"
    problems: tuple[str, ...]  # what is wrong with the command line, a sentence each

    def has(self, flag: str) -> bool:
        """Tell whether a flag is set."""
        return flag in self.flags

    @property
    def settings(self) -> dict[str, tuple[str, Any]]:
        """What options say in place of the policy, by its keys: the flag, and the value.

        The rounds of a watch are its own.
        """
        said = {option: getattr(self, option.dest.removeprefix("gate_")) for option in OPTIONS if option.sets}
        told = {option.sets: (option.flag, value) for option, value in said.items() if value not in {None, "", ()}}
        return {key: one for key, one in told.items() if not (self.has("--gate-watch") and key.startswith("rounds."))}

    @property
    def missing(self) -> list[str]:
        """The options that every gate run needs, and that are not there."""
        return [flag for flag, value in {"--env": self.env, "--version": self.version}.items() if not value.strip()]

    @property
    def delivers(self) -> bool:
        """Whether something takes place after the verdict that needs time of its own."""
        return any(option.delivers and self.has(option.flag) for option in OPTIONS)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise ArgumentError(message)


def parse(
    words: Sequence[str], environ: Mapping[str, str], directory: Path, *, ini: Sequence[str] = (), ini_file: str = ""
) -> Invocation:
    """Return what the command line `words` of a gate run asks for; nothing is raised.

    PYTEST_ADDOPTS and `ini`, the `addopts` of pytest's `ini_file`, add to it.
    """
    own, (asked, places, problems) = list(words), _asked(words, environ, ini, ini_file)
    raw, flags, unread = _read(asked)
    try:
        rewrite_version(own)
        rewrite_version(asked)
    except ArgumentError as error:
        problems.append("; ".join([str(error), *_also_given(places)]))
    problems += [*unread, *_wrong_values(raw, directory)]
    reports = tuple(_reports(raw, flags, directory))
    overwritten = {report: words for report in reports if (words := _reads(raw, report, directory))}
    problems += [*_contradictions(flags, raw), *_shared_files(reports), *overwritten.values()]
    return Invocation(
        own=tuple(own),
        words=tuple(asked),
        directory=directory,
        env=_last(raw, "--env"),
        version=_last(raw, "--version"),
        repository=_repository(raw, directory),
        policy=_file(raw, "--gate-policy", directory),
        deadline=_seconds(raw, "--gate-deadline"),
        wait=_duration(raw, "--gate-wait"),
        hold=_duration(raw, "--gate-hold"),
        interval=_duration(raw, "--gate-interval") or None,
        baseline=_file(raw, "--gate-baseline", directory),
        tag_mode=_last(raw, "--gate-tag-mode"),
        branch=_last(raw, "--gate-branch").removeprefix("refs/heads/"),
        reports=tuple(report for report in reports if report not in overwritten),  # that file stays as it is
        notes=_file(raw, "--gate-notes", directory),
        notify=tuple(value for value in raw.get("gate_notify", ()) if value and _ADDRESS.fullmatch(value)),
        flags=frozenset(flags),
        problems=tuple(_without_repetitions(problems)),
    )


def _without_repetitions(problems: Sequence[str]) -> Iterator[str]:
    """Yield each problem once, and of a `--version` without a value what says more than argparse."""
    is_told = any(problem.startswith("--version has no value") for problem in problems)
    for problem in dict.fromkeys(problems):
        if not (is_told and problem.startswith("argument --version/")):
            yield problem


def _asked(
    words: Sequence[str], environ: Mapping[str, str], ini: Sequence[str], ini_file: str
) -> tuple[list[str], dict[str, list[str]], list[str]]:
    """Return the words of all places, those of each place beside the command line, and what cannot be read."""
    places = {f"addopts in {ini_file or 'the ini file of pytest'}": expanded(ini)}
    try:
        places["the variable PYTEST_ADDOPTS"] = given((), environ)
        return [*expanded(ini), *given(words, environ)], places, []
    except ArgumentError as error:
        return expanded(words), places, [str(error)]


def _also_given(places: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Yield which places besides the command line say what is released."""
    for place, words in places.items():
        for position, word in enumerate(words):
            name, joined, _ = word.partition("=")
            if name in {"--env", "--version", "--release-version"}:
                shown = word if joined else " ".join(words[position : position + 2])
                yield f"{place} gives {shown}: remove it there"


def _read(words: Sequence[str]) -> tuple[Raw, set[str], list[str]]:
    """Return the values of our options, the flags that are set, and what cannot be read."""
    problems = []
    for word in words:
        option = BY_FLAG.get(word.partition("=")[0])
        if option and not option.metavar and "=" in word:
            problems.append(f"argument {option.flag}: ignored explicit argument {word.partition('=')[2]!r}")
    parser = _Parser(allow_abbrev=False, add_help=False)
    for option in OPTIONS:
        takes = {"nargs": "?"} if option.metavar else {"const": True}
        parser.add_argument(
            *option.flags, action="append" if option.metavar else "append_const", dest=option.dest, default=[], **takes
        )
    parser.add_argument(_JSON_REPORT_FILE, nargs="?", action="append", default=[])
    readable = [word for word in words if not _is_flag_with_value(word)]
    known, rest = parser.parse_known_args(readable)
    for word in rest:
        if word.startswith("--gate-"):
            from difflib import get_close_matches  # noqa: PLC0415 - late: the gate's child starts without it

            flag = word.partition("=")[0]
            near = get_close_matches(flag, BY_FLAG, n=1, cutoff=0)
            problems.append(f"there is no option {flag}; did you mean {near[0]}?")
    values = vars(known)
    flags = {option.flag for option in OPTIONS if not option.metavar and values[option.dest]}
    return values, flags, problems


def _is_flag_with_value(word: str) -> bool:
    option = BY_FLAG.get(word.partition("=")[0])
    return bool(option and not option.metavar and "=" in word)


def _last(raw: Raw, flag: str) -> str:
    values = [value for value in raw.get(BY_FLAG[flag].dest, ()) if value is not None]
    return values[-1] if values else ""


def _file(raw: Raw, flag: str, directory: Path) -> Path | None:
    value = _last(raw, flag)
    return _path(value, directory) if value else None


def _path(value: str, directory: Path) -> Path:
    return directory / Path(value).expanduser()


def _repository(raw: Raw, directory: Path) -> Path:
    """Return the top of the repository to release; the working directory where it is in none."""
    folder = _last(raw, "--gate-repo")
    top = directory / folder if folder and is_folder(directory / folder) else find_top(directory) or directory
    return top.resolve()


def _wrong_values(raw: Raw, directory: Path) -> Iterator[str]:
    """Yield what is wrong with the values of options; a secret among them is scrubbed where it is shown."""
    given_values = ((option, value) for option in OPTIONS if option.metavar for value in raw.get(option.dest, ()))
    for option, value in given_values:
        if value is None:
            yield f"argument {'/'.join(option.flags)}: expected one argument"
        elif problem := _wrong_value(option, value, directory):
            yield problem


def _wrong_value(option: Option, value: str, directory: Path) -> str:
    if option.report and not value.endswith(option.report.suffix):
        return f"{option.flag} is {value!r}, expected the name of a file that ends in {option.report.suffix}"
    if option.own and not value.strip():
        return f"{option.flag} is {value!r} (an unset variable?)"
    problem = _seconds_problem(value) if option.seconds else ""
    problem = _duration_problem(value, option.flag) if option.duration else problem
    if problem:
        return f"argument {option.flag}: {problem}"
    if option.folder and not is_folder(directory / value):
        return f"argument {option.flag}: {value} is not a folder"
    if option.file and not _path(value, directory).is_file():
        return f"argument {option.flag}: {value} is not a file"
    if option.choices and value not in option.choices:
        return f"argument {option.flag}: invalid choice: {value!r} (choose from {', '.join(option.choices)})"
    if option.flag == "--gate-notify" and not _ADDRESS.fullmatch(value):  # it may be a bare token
        return f"argument {option.flag}: it is not an address such as slack://… (an unset variable?)"
    return ""


def _duration(raw: Raw, flag: str) -> float | None:
    text = _last(raw, flag)
    return None if not text or _duration_problem(text) else durations.parse(text)


def _duration_problem(value: str, flag: str = "") -> str:
    if flag == "--gate-interval" and value == "none":
        return "'none' is not a time between two evaluations, expected such as 15s"
    try:
        durations.parse(value)
    except ValueError as error:
        return sentence(error)
    return ""


def _seconds(raw: Raw, flag: str) -> float | None:
    text = _last(raw, flag)
    return None if not text or _seconds_problem(text) else seconds(text)


def _seconds_problem(value: str) -> str:
    try:
        seconds(value)
    except argparse.ArgumentTypeError as error:
        return str(error)
    return ""


def _reports(raw: Raw, flags: set[str], directory: Path) -> Iterator[Report]:
    """Yield every report file that is asked for and has a name that it may have."""
    for option in OPTIONS:
        for value in raw.get(option.dest, ()) if option.report and option.metavar else ():
            if value and option.report and value.endswith(option.report.suffix):
                yield Report(option.flag, _path(value, directory))
    if JSON_REPORT in flags:
        named = [value for value in raw["json_report_file"] if value]
        name = named[-1] if named else ".report.json"
        if name != "none":
            yield Report(JSON_REPORT, directory / name)


def _contradictions(flags: set[str], raw: Raw) -> Iterator[str]:
    asked = {option.flag for option in OPTIONS if option.flag in flags or raw.get(option.dest)}
    if "--gate-preview" in asked and (mode := _last(raw, "--gate-tag-mode")) in {"existing", "local"}:
        yield (
            f"--gate-tag-mode {mode} and --gate-preview: what has the version's tag is not work to merge; run the gate "
            "on the tag, or leave one of the two out"
        )
    for option in OPTIONS:
        if option.flag in asked and option.whole and "--gate-partial" in asked:
            yield (
                f"{option.flag} and --gate-partial: a chosen subset of the gates proves nothing that could be passed "
                "on; run all gates, or leave one of the two out"
            )
        if option.flag in asked and (option.whole or option.flag in _NOT_WATCHED) and "--gate-watch" in asked:
            yield (
                f"{option.flag} and --gate-watch: a watch after a deployment releases nothing; leave one of the two out"
            )
        if option.flag in asked and option.whole and "--gate-preview" in asked:
            yield (
                f"{option.flag} and --gate-preview: what is not merged yet is not released; run the gate on the "
                "branch after the merge, or leave one of the two out"
            )
        if option.flag in asked and option.beside and option.beside not in asked:
            yield f"{option.flag} says how {option.beside} works: add {option.beside}"


def _reads(raw: Raw, report: Report, directory: Path) -> str:
    """Say which option makes the run read what a report would overwrite; blank where none does."""
    for option in OPTIONS:
        for value in raw.get(option.dest, ()) if option.reads else ():
            if value and _is_one_file(_path(value, directory), report.path):
                return f"{report.flag} would overwrite {value}, which {option.flag} reads: name another file"
    return ""


def _shared_files(reports: Sequence[Report]) -> Iterator[str]:
    for first, second in combinations(reports, 2):
        if first.flag != second.flag and _is_one_file(first.path, second.path):
            also = f" (as {second.path})" if first.path != second.path else ""
            yield f"{first.flag} and {second.flag} both name {first.path}{also}: give each its own file"


def _is_one_file(first: Path, second: Path) -> bool:
    """Tell whether two paths lead to one file: by links of either kind, or in a folder where case does not count."""
    if os.path.realpath(first) == os.path.realpath(second):
        return True
    with suppress(OSError):  # one of them is not there yet
        return first.samefile(second)
    return False
