"""`release-sentinel kubernetes`: the gate as a Job in a cluster."""

import argparse
import os
import re
import tempfile
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from release_sentinel.arguments import seconds
from release_sentinel.commands.gate import run_gates
from release_sentinel.deliver.kubernetes import chart, message
from release_sentinel.deliver.kubernetes.manifest import HOOKS, JobSpec, manifest
from release_sentinel.deliver.kubernetes.waiting import wait
from release_sentinel.deliver.kubernetes.yaml import dump
from release_sentinel.lines import foreign
from release_sentinel.parser import Once, Parser, command, print_help
from release_sentinel.redaction import Redactor
from release_sentinel.reports import written
from release_sentinel.settings import Settings

_COMMANDS = """\
commands:
  release-sentinel kubernetes job    prints the manifest of a Job, a CronJob, or a hook of Argo CD or Helm
  release-sentinel kubernetes wait   waits for a Job and exits with the gate's own code
  release-sentinel kubernetes run    judges inside the Job's container, and leaves the verdict as termination message
"""
_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")
_LONGEST = 52  # characters: a CronJob adds eleven to its name, and 63 is the limit
_LONGEST_JOB = 63


def main(words: list[str], settings: Settings) -> int:
    """Run one of the three commands."""
    if words and words[0] in SUBCOMMANDS:
        return SUBCOMMANDS[words[0]](words[1:], settings)
    parser = Parser(
        prog="release-sentinel kubernetes",
        usage="release-sentinel kubernetes {job,wait,run} …",
        description="Judge a release in a Kubernetes cluster.",
        epilog=_COMMANDS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        add_help=False,
    )
    if words in (["-h"], ["--help"]):
        return print_help(parser, words)
    return parser.error(f"{words[0]!r} is not a command" if words else "no command is given")


def _job(words: list[str], settings: Settings) -> int:
    parser = Parser(
        prog="release-sentinel kubernetes job",
        usage="release-sentinel kubernetes job --env ENV --version VERSION --image IMAGE [options] [gate options]",
        description="Print the manifest of a Job that judges a release; further options go to the gate.",
        allow_abbrev=False,
        add_help=False,
    )
    add = parser.add_argument
    add("-h", "--help", action="store_true", help="show this help")
    add("--env", action=Once, help="the environment to release to")
    add("--version", action=Once, help="the version to release")
    add("--image", action=Once, help="the image that `init kubernetes` has a container file for; name a digest")
    add("--name", type=_name, help="of the Job; default: release-gate-ENV-VERSION")
    add("--namespace", type=_name, help="default: the one that kubectl is set to")
    add("--secret", type=_name, action="append", default=[], metavar="NAME", help="a Secret: its keys are variables")
    add("--config", type=_name, action="append", default=[], metavar="NAME", help="a ConfigMap: its keys are variables")
    add("--repository", type=_repository, metavar="URL", help="is cloned; default: the image has it in /repo")
    add("--ref", action=Once, help="a branch or tag of it; the version's own tag: it has to exist")
    add("--credentials", type=_name, metavar="NAME", help="a Secret whose key .netrc Git uses")
    add("--deadline", type=seconds, default=300.0, metavar="SECONDS", help="of the gate; the Job's own is longer")
    add("--retries", type=_count, default=0, metavar="N", help="of a CRITICAL; a BLOCKED is never retried")
    add("--keep", type=_count, default=3600, metavar="SECONDS", help="how long the finished Job stays; default: 3600")
    kinds = parser.add_mutually_exclusive_group()
    kinds.add_argument("--cron", action=Once, metavar="SCHEDULE", help="print a CronJob")
    for hook, when in zip(HOOKS, ("before Argo CD syncs", "before Helm installs or upgrades"), strict=True):
        kinds.add_argument(f"--{hook}", action="store_const", const=hook, dest="hook", help=f"a hook {when}")
    if {"-h", "--help"} & set(words):
        return print_help(parser, words)
    known, more = parser.parse_known_args(words)
    if missing := [f"--{name}" for name in ("env", "version", "image") if getattr(known, name) is None]:
        parser.error(f"missing: {', '.join(missing)}")
    _refuse_secrets(parser, words, settings.redactor)
    given: dict[str, Any] = {name: value for name, value in vars(known).items() if value is not None}
    del given["help"]
    given |= {"secrets": tuple(given.pop("secret")), "configs": tuple(given.pop("config")), "arguments": tuple(more)}
    text = dump(manifest(JobSpec(**given)))
    print(chart.literal(text) if known.hook == "helm" else text, end="")
    return 0


def _refuse_secrets(parser: Parser, words: list[str], redactor: Redactor) -> None:
    """A manifest is stored and shown in many places; `***` in it would be no better."""
    for word in words:
        if redactor.scrub(word) != word:
            parser.error("the command line holds a secret: put it into a Secret, and name that by --secret")
        if not word.isprintable():
            parser.error(f"{word!r} holds a character that cannot be shown")


def _wait(words: list[str], _settings: Settings) -> int:
    parser = command(
        "kubernetes wait",
        "Wait until a Job has ended, and exit with the gate's code; needs kubectl. No verdict is exit 1.",
    )
    parser.add_argument("job", metavar="JOB", type=partial(_name, longest=_LONGEST_JOB), help="the Job's name")
    parser.add_argument("-n", "--namespace", type=_name, help="default: the one that kubectl is set to")
    parser.add_argument("--timeout", type=seconds, metavar="SECONDS", help="default: a minute above the Job's deadline")
    if {"-h", "--help"} & set(words):
        return print_help(parser, words)
    known = parser.parse_args(words)
    ending = wait(known.job, namespace=known.namespace or "", timeout=known.timeout)
    print("\n".join(map(foreign, ending.lines)))
    return ending.code


def _run(words: list[str], _settings: Settings) -> int:
    """Judge, and leave the verdict as the container's termination message; until then that says INCOMPLETE."""
    if words in (["-h"], ["--help"]):
        return run_gates(words, os.environ)
    place = message.FILE
    if words[:1] == ["--message"] and len(words) > 1:
        place, words = Path(words[1]), words[2:]
    message.leave(message.NO_VERDICT, place)
    with tempfile.TemporaryDirectory(prefix="release-sentinel-") as folder:
        verdict = Path(folder) / "verdict.json"
        code = run_gates([*words, f"--gate-verdict={verdict}"], os.environ)
        try:
            document, _ = written.read(verdict)
        except written.UnreadableVerdictError:
            return code or 1
    if document["exit_code"] == code:  # else something went wrong after the verdict
        message.leave(document, place)
    return code


def _name(text: str, longest: int = _LONGEST) -> str:
    if len(text) > longest or not _NAME.fullmatch(text):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a valid name: lower-case letters, digits and -, at most {longest} characters"
        )
    return text


def _repository(text: str) -> str:
    url = urlsplit(text)
    if url.password or (url.username and url.scheme in {"http", "https"}):  # a token alone is given as the user
        raise argparse.ArgumentTypeError("credentials in the URL would be public there: use --credentials")
    if not text.strip():
        raise argparse.ArgumentTypeError(f"{text!r} is not a URL (an unset variable?)")
    return text


def _count(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,6}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number")
    return int(text)


SUBCOMMANDS = {"job": _job, "wait": _wait, "run": _run}
