"""One gate run: what it is asked, what it has seen so far, and how it ends."""

import json
import os
import signal
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from release_sentinel import arguments, waivers
from release_sentinel.config.load import Loaded, load
from release_sentinel.config.model import Policy, Waiver
from release_sentinel.config.secrets import header_secrets, known_secrets, learn, learn_remotes, secrets_of
from release_sentinel.config.variables import look_up, misspelt
from release_sentinel.deliver.github import Teller
from release_sentinel.errors import InvalidPolicyError
from release_sentinel.gates import IDS, Kind
from release_sentinel.observe import git
from release_sentinel.plugin import completeness, declared, folders
from release_sentinel.plugin.ahead import Ahead
from release_sentinel.plugin.deadline import Deadline
from release_sentinel.plugin.gate import Record
from release_sentinel.plugin.observations import Observations
from release_sentinel.plugin.options import Options
from release_sentinel.plugin.own_files import own_files
from release_sentinel.reports import files
from release_sentinel.reports.files import Report
from release_sentinel.verdict import Release, Verdict, unfinished


class GateSession:
    """The state of one gate run: everything that outlives a single hook call."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.here = Path(config.invocation_params.dir)
        self.started = datetime.now(UTC)
        self.options = Options(env="", version="", repository=self.here)
        self.loaded = Loaded(Policy())
        self.policy = self.loaded.policy
        self.waivers: Mapping[str, Waiver] = {}  # in force: by gate id
        self.release = Release(env="", version="")
        self.redactor = known_secrets()
        self.deadline = Deadline(self.policy.deadline, self.policy.gate_seconds)
        self.parent = 0  # the process that supervises this one; 0: none does
        self.handover: Path | None = None  # where that one looks for the verdict
        self.teller = Teller({})  # a parent tells GitHub of this run itself
        self._told: int | None = None  # the file descriptor on which it hears what else has to be hidden
        self.reports: dict[Path, Report] = {}
        self.former = ""  # the verdict of the run before
        self.notes: list[str] = []  # told with the verdict, without weight
        self.records: dict[str, Record] = {}  # by node id
        self.problems: list[str] = []
        self.ahead = Ahead()
        self.observations = Observations(self.here, "", self.policy)
        self.left_out: dict[str, str] = {}  # gate id: why it was not run
        self.strangers: set[tuple[Path, str]] = set()  # collected tests that are no gates: source file and name
        self.early_end = ""  # why the run ended before its end
        self.refused = False
        self.cleaning_up = False  # after the last gate, for all of them
        self._rewritten = False
        self.interrupted = 0  # the signal
        self.pytest_code = 0
        self.verdict: Verdict | None = None

    def claim_early(self, args: Sequence[str]) -> None:
        """Claim the reports that a command line asks for, before pytest has parsed it."""
        if parent := os.environ.pop(arguments.HANDOVER, ""):  # a pytest run inside a gate is not the parent's child
            number, _, path = parent.partition(":")
            self.parent, self.handover = int(number), Path(path)
        if (number := os.environ.pop(arguments.SECRETS, "")).isdigit():
            self._told = int(number)
            with suppress(OSError):
                os.set_inheritable(self._told, False)  # noqa: FBT003 - takes no keywords
        for address in arguments.values_of(args, "--gate-notify"):
            for secret in secrets_of(address):
                self.redactor.add(secret)
        reports, problems = files.requested(args, self.here)
        self.claim_reports(reports, problems)

    def claim_reports(self, reports: Iterable[Report], problems: Sequence[str] = ()) -> None:
        """Let each report say INCOMPLETE until the verdict is known, so that no file speaks for an older run."""
        new = {report.path: report for report in reports}
        self.reports |= new
        if failures := [*problems, *files.write_all(new.values(), unfinished(self.named_release))]:
            raise pytest.UsageError("; ".join(failures))

    @property
    def named_release(self) -> Release:
        """The release as the command line names it, without secrets."""
        clean, release = self.redactor.scrub, self.release
        return Release(clean(release.env), clean(release.version), clean(release.repository))

    def hide(self, value: str) -> None:
        """Keep `value` out of all that is shown from now on, here and on its way through the parent process."""
        self.redactor.add(value)
        if self._told is not None:
            with suppress(OSError):  # it is gone, or was told more than it can take
                os.write(self._told, json.dumps(value).encode() + b"\n")

    def rewrite(self, args: list[str]) -> None:
        """Rewrite pytest's arguments in place: the release's version, and the gate folders to collect."""
        known = self.config.known_args_namespace
        self._rewritten = True
        args[:] = arguments.expanded(args)
        self.claim_early(args)  # now with those of an ini file
        try:
            arguments.rewrite_version(args)
        except arguments.ArgumentError as error:
            raise pytest.UsageError(str(error)) from error
        known.version = 0  # or pytest waves a conftest through that cannot be imported
        given = [word for word in known.file_or_dir if (self.here / word.partition("::")[0]).exists()]
        more = [str(folder) for folder in folders.missing_from(given, Path(self.here, known.gate_repo or ""))]
        args += more
        known.file_or_dir = [*given, *more]
        for folder in map(declared.folder_of, [self.here / word.partition("::")[0] for word in known.file_or_dir]):
            pytest.register_assert_rewrite(*declared.modules_in(folder))  # what helpers of gates assert counts, too
        self._learn_early(known)

    def _learn_early(self, known: Any) -> None:
        """Know the secrets of the policy file before a conftest runs; what is wrong with the file is told later."""
        top = self.here / known.gate_repo if known.gate_repo else git.find_top(self.here) or self.here
        file = self.here / Path(known.gate_policy).expanduser() if known.gate_policy else None
        learn_remotes(self.redactor, top)
        with suppress(InvalidPolicyError):
            learn(self.redactor, load(repository=top, file=file, env=known.env or "").policy)

    def prepare(self) -> None:
        """Read the options and the policy. Raises `pytest.UsageError` where the command line cannot be meant."""
        option = self.config.option
        if mode := completeness.listing(option):
            self.early_end = f"{mode} runs no gate"
        if not self._rewritten:
            raise pytest.UsageError(
                "a conftest alone loads the gate too late to read --version: add `-p release_sentinel.plugin`, "
                "and no PYTEST_DISABLE_PLUGIN_AUTOLOAD or `-p no:…`; or run release-sentinel"
            )
        if option.help or option.version:  # pytest stopped reading the command line there
            return
        self.options = Options.of(self.config)
        option.xmlpath = None  # ours to write: pytest's could be greener than the exit code
        option.continue_on_collection_errors = True  # a broken file must not hide what the other gates have to say
        self._run_in_one_process()
        self.release = Release(self.options.env, self.options.version, str(self.options.repository))
        self.claim_reports(self.options.reports)
        self.former = files.former_verdict(self.options.reports, self.options.env)
        try:
            self.loaded = load(
                repository=self.options.repository, file=self.options.policy, env=self.options.env, gates=IDS
            )
            self.policy = self.loaded.policy
        except InvalidPolicyError as error:
            self.refused = True
            self.early_end = "without a valid policy no gate is run"
            self.problems += [f"the policy is not valid: {problem}" for problem in error.problems]
        if self.options.tag_mode:
            self.policy = replace(self.policy, git=replace(self.policy.git, tag_mode=self.options.tag_mode))
        self.deadline = Deadline(self.options.deadline or self.policy.deadline, self.policy.gate_seconds)
        self.waivers = waivers.in_force(self.policy.waivers, self.options.env, self.started)
        learn(self.redactor, self.policy)
        self.notes += [f"note: {sentence}" for sentence in misspelt(os.environ, self.policy)]
        self.observations = Observations(
            self.options.repository,
            self.options.version,
            self.policy,
            own_outputs=own_files(self.config, self.options.repository, self.reports),
            environ={name: look_up(name, os.environ).text or "" for name in header_secrets(self.policy)},
            bound=self.deadline.run,
        )
        if os.environ.get("KUBERNETES_SERVICE_HOST"):
            self.notes.append("note: inside a pod, disk, memory and process judge this pod, and no other host")

    def _run_in_one_process(self) -> None:
        """Switch pytest-xdist off: the policy stage has to end before the critical one begins."""
        option = self.config.option
        if (
            getattr(option, "dist", "no") != "no"
            or getattr(option, "tx", None)
            or getattr(option, "numprocesses", None)
        ):
            option.dist, option.tx, option.numprocesses, option.distload = "no", [], None, False
            self.notes.append("note: gates run in one process, in the order of their stages; -n and --dist are ignored")
        if (getattr(option, "count", None) or 1) != 1:
            option.count = 1
            self.notes.append("note: each gate runs once; --count is ignored")
        if getattr(option, "looponfail", False):
            raise pytest.UsageError("--looponfail never ends: a release gate runs once")

    @property
    def policy_failed(self) -> bool:
        """Whether a policy gate holds the release back already."""
        return any(record.finished and record.failed for record in self.records.values() if record.kind is Kind.POLICY)

    def interrupt(self, error: BaseException) -> None:
        """Take note of what ended the session early: a signal, the deadline, or `pytest.exit` in a gate or conftest."""
        if isinstance(error, pytest.exit.Exception):
            self.early_end = f"pytest.exit ended the run: {error}"
        elif isinstance(error, pytest.Session.Interrupted):  # by pytest itself, as --stepwise does
            self.early_end = str(error)
        elif self.deadline.passed and not self.interrupted:
            self.early_end = f"the deadline of {self.deadline.run:g} s had passed"
        else:
            self.interrupted = self.interrupted or signal.SIGINT
            self.early_end = f"the run was interrupted by {signal.Signals(self.interrupted).name}"
        self.problems.append(self.early_end)

    def problems_since(self, verdict: Verdict) -> bool:
        """Whether something went wrong after `verdict` was reached."""
        return not {self.redactor.scrub(problem) for problem in self.problems} <= set(verdict.problems)

    def write_reports(self, verdict: Verdict) -> list[str]:
        """Write every report that was asked for; return what went wrong, a sentence each."""
        failures = files.write_all(self.reports.values(), verdict)
        if self.handover and (verdict.exit_code or not failures):
            files.write(self.handover, files.handover(verdict, self.reports.values()))
        return failures


SESSION = pytest.StashKey[GateSession]()
RECORD = pytest.StashKey[Record]()
