"""`release-sentinel hook`: judges the version tags of a push, for Git's pre-push hook."""

import os
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TextIO

from msgspec import Struct

from release_sentinel.arguments import find_top
from release_sentinel.commands.gate import run_gates
from release_sentinel.errors import InvalidPolicyError, SentinelError
from release_sentinel.lines import split, visible
from release_sentinel.observe import Unseen
from release_sentinel.observe.git.process import ELSEWHERE, GitOutput, ask, run
from release_sentinel.parser import command, print_help
from release_sentinel.settings import Settings

CONFIG = "release-sentinel.env"  # in Git's own settings
VARIABLE = "RS_ENV"
_TAGS = "refs/tags/"
_LINE = re.compile(r"(?P<name>.+) (?P<object>[0-9a-f]{40,64}) (?P<ref>\S+) [0-9a-f]{40,64}")
_OUT_OF_RANGE = 128  # from here on an exit code means a signal
_WAY_OUT = "git push --no-verify pushes without the gate"


class PushedTag(Struct, frozen=True):
    """A tag that a push creates or moves: its name on the remote, and the object that it gets."""

    name: str
    object: str


def main(words: list[str], settings: Settings) -> int:
    """Exit 0 only if the gate says SAFE about each version tag of the push; everything else in it is let pass."""
    parser = command(
        "hook",
        "Judge the version tags of a push. Git's pre-push hook calls it, with its input; the remote's name "
        "and URL follow `--`. Further options go to the gate.",
    )
    parser.add_argument(
        "--env", default="", help=f"the environment, unless {VARIABLE} or `git config {CONFIG}` names one"
    )
    by_git = "--" in words
    own = words[: words.index("--")] if by_git else words
    if {"-h", "--help"} & set(own):
        return print_help(parser, own)
    known, more = parser.parse_known_args(own)
    tags = list(_from_git(sys.stdin) if by_git else _from_pre_commit(os.environ))
    for name in ELSEWHERE:  # Git sets some in a hook, and what the gate starts must not read them
        os.environ.pop(name, None)
    top = find_top(Path.cwd()) or Path.cwd()
    if tags and settings.problems:
        raise InvalidPolicyError(settings.problems)
    prefix = settings.policy.version.prefix
    judged = [tag for tag in tags if _names_version(tag.name, prefix)]
    for tag in tags:
        if tag not in judged:
            _say(f"tag {tag.name} is not judged: it is not a version with the prefix {prefix!r}")
    env = _env(top, known.env) if judged else ""
    failed = 0
    for tag in judged:
        code = _judge(top, tag, env, more)
        if code:
            _say(f"tag {tag.name} is not pushed (exit {code}); {_WAY_OUT}")
        failed = failed or code
        if code >= _OUT_OF_RANGE:
            break
    return failed


def _from_git(stdin: TextIO | None) -> Iterator[PushedTag]:
    """Yield the tags of a push, without those that it deletes: Git writes a line for each reference.

    It holds the local name and object, and the remote name and object. Raises `SentinelError` on anything else.
    """
    if stdin is None or stdin.isatty():
        raise SentinelError(
            "hook reads the input of Git's pre-push hook, and has none: `release-sentinel init hook` writes that hook"
        )
    for line in split(os.fsdecode(stdin.buffer.read())):
        found = _LINE.fullmatch(line)
        if not line:  # a hook that calls this one may have added it
            continue
        if found is None:
            raise SentinelError(f"{line!r} is not a line of the input of Git's pre-push hook; {_WAY_OUT}")
        if found["ref"].startswith(_TAGS) and set(found["object"]) != {"0"}:
            yield PushedTag(found["ref"].removeprefix(_TAGS), found["object"])


def _from_pre_commit(environ: Mapping[str, str]) -> Iterator[PushedTag]:
    """Yield the tag of a push; the framework reads Git's lines itself, and hands on one reference in variables."""
    ref = environ.get("PRE_COMMIT_REMOTE_BRANCH")
    if ref is None:
        raise SentinelError("neither Git nor pre-commit calls this hook: `release-sentinel init hook` writes it")
    if ref.startswith(_TAGS):
        there = environ.get("PRE_COMMIT_TO_REF") or environ.get("PRE_COMMIT_LOCAL_BRANCH", "")
        yield PushedTag(ref.removeprefix(_TAGS), there)


def _names_version(tag: str, prefix: str) -> bool:
    """Tell whether a tag looks like a version of the policy, correct or not; `v1` and `nightly` do not."""
    start = "v?" if prefix in {"", "v"} else re.escape(prefix)
    return re.match(rf"{start}\d+\.\d", tag) is not None


def _env(top: Path, default: str) -> str:
    """Return the environment to judge for: the variable's, that of Git's settings, or that of the hook."""
    answer = run(top, "config", "--get", CONFIG)
    configured = answer.out.strip() if isinstance(answer, GitOutput) and not answer.code else ""
    env = os.environ.get(VARIABLE, "").strip() or configured or default
    if not env:
        raise SentinelError(f"no environment is named: git config {CONFIG} prod, or hook --env prod; {_WAY_OUT}")
    return env


def _judge(top: Path, tag: PushedTag, env: str, more: list[str]) -> int:
    """Run the gate for a tag and return its exit code; 1 where something else is checked out."""
    asked = [ask(top, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}") for name in (tag.object, "HEAD")]
    commits = [None if isinstance(commit, Unseen) else commit.strip() for commit in asked]
    there, head = commits
    if there is None or there != head:
        _say(
            f"tag {tag.name} is at {(there or 'no commit')[:12]}, and HEAD is {(head or 'no commit')[:12]}: the gate "
            f"judges what is checked out; git switch --detach {tag.name}, and push again"
        )
        return 1
    return run_gates(["--env", env, "--version", tag.name, "--gate-tag-mode", "local", *more], os.environ)


def _say(text: str) -> None:
    sys.stdout.flush()
    print(f"release-sentinel hook: {visible(text)}", file=sys.stderr, flush=True)
