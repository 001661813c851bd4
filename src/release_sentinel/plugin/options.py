"""The options of a gate run."""

import argparse
import re
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any, get_args

import pytest

from release_sentinel.arguments import seconds
from release_sentinel.config.kinds import TagMode
from release_sentinel.errors import ReportError
from release_sentinel.observe.git import find_top
from release_sentinel.reports import files
from release_sentinel.reports.files import Report

_REPORTS = (
    ("xmlpath", "--junitxml"),
    ("gate_verdict", "--gate-verdict"),
    ("gate_summary", "--gate-summary"),
    ("gate_attestation", "--gate-attestation"),
)
# What a chosen subset of the gates is no reason for.
_WHOLE = (("gate_attestation", "--gate-attestation"), ("gate_tag", "--gate-tag"), ("gate_release", "--gate-release"))


def add_options(parser: pytest.Parser) -> None:
    """Add `--env`, `--release-version` and the options that start with `--gate-`."""
    group = parser.getgroup("release gate")
    try:
        group.addoption("--env", metavar="ENV", help="the environment to release to (dev, stage, prod)")
    except ValueError as error:
        raise pytest.UsageError(
            f"another plugin of this environment has an option --env already ({error}); a gate run needs its own: "
            "switch that plugin off with `-p no:NAME`, or install release-sentinel in an environment of its own"
        ) from error
    group.addoption(
        "--release-version", metavar="VERSION", help="the version to release, such as v1.2.3; also --version VERSION"
    )
    group.addoption("--gate-repo", metavar="PATH", help="the repository to release; default: the one you stand in")
    group.addoption(
        "--gate-policy", metavar="FILE", help="the policy file; default: the repository's own, if it has one"
    )
    group.addoption("--gate-all", action="store_true", help="evaluate critical gates even when a policy gate failed")
    group.addoption("--gate-strict", action="store_true", help="a WARN fails its gate")
    group.addoption("--gate-partial", action="store_true", help="accept a chosen subset of the gates (-k, -m, paths)")
    group.addoption(
        "--gate-deadline", metavar="SECONDS", type=seconds, help="bound on the whole run (default: the policy's, 300)"
    )
    group.addoption(
        "--gate-tag-mode", choices=get_args(TagMode), help="whether the version's tag has to exist (default: auto)"
    )
    group.addoption("--gate-summary", metavar="FILE.md", help="write the verdict as Markdown, for people")
    group.addoption("--gate-verdict", metavar="FILE.json", help="write the verdict as JSON, for machines")
    group.addoption(
        "--gate-attestation", metavar="FILE.json", help="write the verdict as an in-toto statement, to be signed"
    )
    group.addoption("--gate-tag", action="store_true", help="once SAFE, tag the commit that was judged")
    group.addoption("--gate-push", action="store_true", help="push that tag")
    group.addoption("--gate-sign", action="store_true", help="sign that tag")
    group.addoption("--gate-release", action="store_true", help="once SAFE, release the pushed tag on GitHub")
    group.addoption(
        "--gate-notify",
        metavar="URL",
        action="append",
        type=_address,
        default=[],
        help="tell of the verdict, by an address of apprise's; repeatable (RS_NOTIFY_URLS is not seen by other users)",
    )


@dataclass(frozen=True)
class Options:
    """What the command line asked for. Paths are absolute."""

    env: str
    version: str
    repository: Path
    policy: Path | None = None  # None: the repository's own, if it has one
    evaluate_all: bool = False
    strict: bool = False
    partial: bool = False
    deadline: float | None = None  # seconds; None: the policy's
    tag_mode: TagMode | None = None  # None: the policy's
    reports: tuple[Report, ...] = ()
    tag: bool = False
    push: bool = False
    sign: bool = False
    release: bool = False
    notify: tuple[str, ...] = ()  # addresses, beside the policy's

    @classmethod
    def of(cls, config: pytest.Config) -> "Options":
        """Read the parsed options; raises `pytest.UsageError` where one is missing or cannot be meant."""
        option, here = config.option, Path(config.invocation_params.dir)
        for name, value in (("--env", option.env), ("--version", option.release_version)):
            if not (value or "").strip():
                seen = "is missing" if value is None else f"is {value!r} (an unset variable?)"
                raise pytest.UsageError(f"{name} {seen}: a gate run needs --env ENV --version VERSION")
        if option.gate_repo is not None and not (here / option.gate_repo.strip()).is_dir():
            raise pytest.UsageError(f"--gate-repo is {option.gate_repo!r}, which is no folder")
        if option.gate_repo is not None and not option.gate_repo.strip():
            raise pytest.UsageError(f"--gate-repo is {option.gate_repo!r} (an unset variable?)")
        if option.gate_partial and (asked := [flag for name, flag in _WHOLE if getattr(option, name)]):
            raise pytest.UsageError(
                f"{asked[0]} and --gate-partial: a chosen subset of the gates proves nothing that could be passed on; "
                "run all gates, or leave one of the two out"
            )
        if not option.gate_tag and (option.gate_push or option.gate_sign):
            raise pytest.UsageError("--gate-push and --gate-sign say how --gate-tag tags: add it")
        repository = here / option.gate_repo if option.gate_repo else find_top(here) or here
        return cls(
            env=option.env,
            version=option.release_version,
            repository=repository.resolve(),
            policy=None if option.gate_policy is None else here / _file(option.gate_policy),
            evaluate_all=option.gate_all,
            strict=option.gate_strict,
            partial=option.gate_partial,
            deadline=option.gate_deadline,
            tag_mode=option.gate_tag_mode,
            reports=_reports(option, here),
            tag=option.gate_tag,
            push=option.gate_push,
            sign=option.gate_sign,
            release=option.gate_release,
            notify=tuple(option.gate_notify),
        )


def _reports(option: Any, here: Path) -> tuple[Report, ...]:
    """Return the report files that the options ask for."""
    named = ((flag, getattr(option, name, None)) for name, flag in _REPORTS)
    try:
        reports = [files.report(flag, value, here) for flag, value in named if value is not None]
    except ReportError as error:
        raise pytest.UsageError(str(error)) from error
    if getattr(option, "json_report", False) and option.json_report_file:
        reports.append(Report(files.JSON_REPORT, here / option.json_report_file))
    for first, second in combinations(reports, 2):
        if first.path == second.path:
            raise pytest.UsageError(f"{first.flag} and {second.flag} both name {first.path}: give each its own file")
    return tuple(reports)


def _file(name: str) -> Path:
    if not name.strip():
        raise pytest.UsageError(f"--gate-policy is {name!r} (an unset variable?), expected the name of a file")
    return Path(name).expanduser()


def _address(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z][\w+.-]*://\S+", value):
        raise argparse.ArgumentTypeError("it is no address such as slack://… (an unset variable?)")
    return value
