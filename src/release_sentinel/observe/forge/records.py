"""What a forge knows about a commit, as frozen records: the same for every kind of forge."""

import re
from collections.abc import Mapping
from enum import StrEnum
from fnmatch import translate

from msgspec import Struct

from release_sentinel.observe import Unseen
from release_sentinel.observe.forge.place import GITEA, GITLAB, Forge


class State(StrEnum):
    """The state of a check; a word that is not known means `FAILED`."""

    PASSED = "passed"
    RUNNING = "running"
    FAILED = "failed"


class Check(Struct, frozen=True):
    """The newest run of one check: a check run, a status, a pipeline or a job of one. `word` is the forge's own."""

    name: str
    state: State
    word: str
    app: str | None = ""  # the id of the app that ran it; blank: no app; None: the forge does not say
    own: bool = False  # it is the job that runs the gate
    jobs: tuple[str, ...] | None = None  # of a run as a whole: the names of its jobs so far


class Required(Struct, frozen=True):
    """A check that is asked for: its name, or a regular expression for it.

    Only the app `app` meets it, unless that is blank. A run as a whole meets an expression only, also by a job's name.
    """

    name: str
    app: str = ""
    pattern: str = ""

    def admits(self, check: Check) -> bool:
        """Return whether a check is meant."""
        if self.app and check.app != self.app:
            return False
        if check.name == self.name and check.jobs is None:
            return True
        return bool(self.pattern) and any(re.match(self.pattern, one) for one in (check.name, *(check.jobs or ())))


def by_name(entry: str) -> Required:
    """Return what an entry of the policy asks for: a name, or a glob."""
    return Required(entry, pattern=translate(entry) if set(entry) & set("*?[") else "")


class Checks(Struct, frozen=True):
    """All checks of a commit, and those that are required; `may_come`: more may be required later."""

    found: tuple[Check, ...]
    required: tuple[Required, ...] = ()
    may_come: bool = False
    retried: tuple[str, ...] = ()  # how earlier tries of a request ended


class Opinion(Struct, frozen=True):
    """What one user says of a merge request: approved, or wants changes."""

    user: str
    approves: bool
    is_current: bool | None = True  # about the last state of the request; None: the forge does not say
    may_write: bool | None = True  # None: the token may not see it
    is_author: bool = False  # opened the request, or wrote a commit of it


class Change(Struct, frozen=True):
    """A merge request that brought a commit to a branch. Of `unknown_authors` the forge does not know the account."""

    name: str  # `#7`, `!7`
    opinions: tuple[Opinion, ...] = ()
    unknown_authors: int = 0
    unmet: str = ""  # what the forge's own rules still lack
    hidden: Unseen | None = None  # why it is not known whether someone may write


class Review(Struct, frozen=True):
    """How a commit came to a branch; `change` is None for a direct push."""

    change: Change | None
    retried: tuple[str, ...] = ()


class Issue(Struct, frozen=True):
    """An open issue or merge request with labels that block."""

    name: str
    title: str
    label: str

    def __str__(self) -> str:
        return f"{self.name} {self.title} ({self.label})"


class Blockers(Struct, frozen=True):
    """The open issues and merge requests that have one of the labels."""

    issues: tuple[Issue, ...]
    retried: tuple[str, ...] = ()


class Own(Struct, frozen=True):
    """The job that runs the gate, as CI names it."""

    run: str
    job: str = ""  # its id on GitLab, its key in the workflow on GitHub
    number: str = ""  # of the run, as Gitea shows it in addresses
    runner: str = ""


def own_job(forge: Forge, environ: Mapping[str, str]) -> Own | None:
    """Return the job that runs the gate, if it is one of the forge's own CI."""
    if not any(environ.get(name) for name in forge.ci):
        return None
    if forge is GITLAB:
        return Own(environ.get("CI_PIPELINE_ID", ""), environ.get("CI_JOB_ID", ""))
    if forge is not GITEA and any(environ.get(name) for name in GITEA.ci):
        return None  # it sets GitHub's variables as well
    run, number = environ.get("GITHUB_RUN_ID", ""), environ.get("GITHUB_RUN_NUMBER", "")
    job = "" if forge is GITEA else environ.get("GITHUB_JOB", "")
    return Own(run, job, number, environ.get("RUNNER_NAME", ""))


def blocked(name: str, title: str, has: list[str], wanted: tuple[str, ...]) -> Issue | None:
    """Return an issue if one of its labels blocks, case ignored."""
    labels = {label.casefold() for label in wanted}
    label = next((one for one in has if one.casefold() in labels), None)
    return None if label is None else Issue(name, title, label)
