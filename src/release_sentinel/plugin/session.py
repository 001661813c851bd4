"""One gate run: what it is asked, what it has seen so far, and how it ends."""

import json
import os
import signal
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from release_sentinel import arguments, waivers
from release_sentinel.checks.branch import BranchName, branch_of
from release_sentinel.checks.result import CheckResult
from release_sentinel.checks.steady import steadily
from release_sentinel.config.headers import header_secrets
from release_sentinel.config.load import Loaded, load
from release_sentinel.config.model import Policy, Waiver
from release_sentinel.config.notifications import secrets_of
from release_sentinel.config.secrets import known_secrets, learn
from release_sentinel.config.targets import Dependency, PrometheusQuery, Target
from release_sentinel.config.values import look_up
from release_sentinel.errors import InvalidPolicyError
from release_sentinel.gates import BUILT_IN, IDS, Kind, expected
from release_sentinel.observe import Unseen, ci, git, processes
from release_sentinel.observe.bounded import Bounded
from release_sentinel.plugin import completeness, declared, folders
from release_sentinel.plugin.ahead import Ahead, Question
from release_sentinel.plugin.deadline import Deadline
from release_sentinel.plugin.gate import Record
from release_sentinel.plugin.options import Options
from release_sentinel.plugin.provenance import provenance
from release_sentinel.reports import files
from release_sentinel.reports.files import Report
from release_sentinel.verdict import (
    Disabled,
    GateResult,
    Missing,
    Provenance,
    Release,
    Verdict,
    decide,
    unfinished,
)
from release_sentinel.versions import tag_names


class GateSession:
    """The state of one gate run: everything that outlives a single hook call."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.here = Path(config.invocation_params.dir)
        self.started = datetime.now(UTC)
        self.options = Options(env="", version="", repository=self.here)
        self._loaded = Loaded(Policy())
        self.policy = self._loaded.policy
        self.waivers: Mapping[str, Waiver] = {}  # in force: by gate id
        self.release = Release(env="", version="")
        self.redactor = known_secrets()
        self.deadline = Deadline(self.policy.deadline, self.policy.gate_seconds)
        self.parent = 0  # the process that supervises this one; 0: none does
        self.handover: Path | None = None  # where that one looks for the verdict
        self._told: int | None = None  # the file descriptor on which it hears what else has to be hidden
        self.reports: dict[Path, Report] = {}
        self.former = ""  # the verdict of the run before
        self.notes: list[str] = []  # told with the verdict, without weight
        self.records: dict[str, Record] = {}  # by node id
        self.problems: list[str] = []
        self.ahead = Ahead()
        self.environ: dict[str, str] = {}  # the secrets that requests carry
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
        if failures := [*problems, *files.write_all(new.values(), unfinished(self._seen_release()))]:
            raise pytest.UsageError("; ".join(failures))

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
            self._loaded = load(
                repository=self.options.repository, file=self.options.policy, env=self.options.env, gates=IDS
            )
            self.policy = self._loaded.policy
        except InvalidPolicyError as error:
            self.refused = True
            self.early_end = "without a valid policy no gate is run"
            self.problems += [f"the policy is not valid: {problem}" for problem in error.problems]
        if self.options.tag_mode:
            self.policy = replace(self.policy, git=replace(self.policy.git, tag_mode=self.options.tag_mode))
        self.deadline = Deadline(self.options.deadline or self.policy.deadline, self.policy.gate_seconds)
        self.waivers = waivers.in_force(self.policy.waivers, self.options.env, self.started)
        learn(self.redactor, self.policy)
        self.environ = {name: look_up(name, os.environ).text or "" for name in header_secrets(self.policy)}

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
        if getattr(option, "looponfail", False):
            raise pytest.UsageError("--looponfail never ends: a release gate runs once")

    @property
    def policy_failed(self) -> bool:
        """Whether a policy gate holds the release back already."""
        return any(record.finished and record.failed for record in self.records.values() if record.kind is Kind.POLICY)

    def look_ahead(self, wanted: Collection[str]) -> None:
        """Begin to observe what gates will ask for (fixtures, by name), so that none waits for another's answer."""
        if "repository" in wanted:
            self._look  # noqa: B018 - begins when it is first read
        if "tags" in wanted:
            self._listing  # noqa: B018

    @property
    def repository(self) -> git.Repository | Unseen:
        """The repository to release, looked at once."""
        return self._look.result(self.deadline.run)

    def tags(self) -> git.Tags:
        """Return the release's tags, and the heads of branches that gates ask for, here and on the remote."""
        return self._listing.result(self.deadline.run)

    @cached_property
    def _look(self) -> Bounded[git.Repository | Unseen]:
        wanted = self.policy.git
        rules = git.Rules(self.own_outputs(), untracked=wanted.untracked, submodules=wanted.submodules)
        return Bounded(lambda: git.look(self.top, rules))

    @cached_property
    def _listing(self) -> Bounded[git.Tags]:
        """One question to the remote, for every ref that the run needs."""
        rules, owed = self.policy.git, {gate.id for gate in expected(self.policy)}
        names = [*tag_names(self.release.version, self.policy.version.prefix)]
        names += ["*"] if "version-increases" in owed else []
        build = ci.build()
        heads = rules.branches if rules.tag_mode == "existing" or (build and build.tag) else ()
        heads = ("*",) if "in-sync" in owed else heads
        return Bounded(lambda: git.tags(self.top, names, remote=rules.remote, branches=heads))

    @cached_property
    def top(self) -> Path:
        """The repository's folder."""
        return Path(self.release.repository)

    def branches_containing_head(self) -> git.Branches | Unseen:
        """Return the branches that contain HEAD."""
        rules = self.policy.git
        return git.branches_containing(self.top, self.tags(), rules.branches, remote=rules.remote)

    @property
    def branch(self) -> BranchName | None:
        """The branch that the release is built from, and who says so."""
        seen = self.repository
        return branch_of(seen, ci.build()) if isinstance(seen, git.Repository) else None

    @property
    def built_tag(self) -> str:
        """The tag that this build is of; blank on a branch build."""
        seen, build, mode = self.repository, ci.build(), self.policy.git.tag_mode
        if mode == "new" or isinstance(seen, Unseen):
            return ""
        if build and build.tag and build.is_of(seen.commit):
            return build.tag
        return self._existing_tag() if mode == "existing" else ""

    def _existing_tag(self) -> str:
        """Return the spelling of the version's tag that exists, the given one where none does."""
        names, there = tag_names(self.release.version, self.policy.version.prefix), self.tags()
        refs = [refs for refs in (there.remote, there.local) if isinstance(refs, git.Refs)]
        return next((name for name in names if any(seen.tag(name) for seen in refs)), names[0])

    def signature(self) -> git.Signature | Unseen:
        """Return what Git says of the signature of the tag that is built, or else of HEAD's commit."""
        return git.signature(self.top, tag=self.built_tag)

    @cached_property
    def process_table(self) -> processes.Table | Unseen:
        """The process table, read once a run."""
        return self.look_at_processes()

    def look_at_processes(self) -> processes.Table | Unseen:
        """Read the process table now."""
        return processes.processes(users=any(rule.user for rule in self.policy.processes))

    def question(self, check: Callable[..., CheckResult], target: Target, **observed: object) -> Question:
        """Return the question whether `target` is good, and stays so for as long as its policy wants."""
        if isinstance(target, Dependency | PrometheusQuery):
            observed["environ"] = self.environ
        return lambda: steadily(lambda: check(target, **observed), target.steady)

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

    def conclude(self, pytest_code: int) -> Verdict:
        """Decide, from everything that is known when pytest ends with `pytest_code`."""
        records = [record for record in self.records.values() if record.counts]
        missing = [Missing(self.redactor.scrub(one.gate), self.redactor.scrub(one.why)) for one in self._unproven()]
        problems = [*self.problems, *completeness.sentences(missing)]
        broken = pytest_code if pytest_code in {pytest.ExitCode.INTERNAL_ERROR, pytest.ExitCode.USAGE_ERROR} else 0
        if broken:
            problems.append(f"pytest itself failed (exit code {pytest_code}): see its message")
        elif self.parent and os.getppid() != self.parent:
            problems.append("the release-sentinel that supervised this run is gone")
        elif pytest_code and not problems and not any(record.failed or record.excused for record in records):
            problems.append(f"pytest ended with exit code {pytest_code}, which no gate explains")
        problems = [self.redactor.scrub(problem) for problem in dict.fromkeys(problems)]
        results = [record.result(self.redactor) for record in records]
        name, code = decide(results, problems, interrupted=self.interrupted, broken=broken)
        self.verdict = replace(
            self._verdict(name, code, tuple(problems)),
            missing=tuple(missing),
            disabled=self._disabled(),
            warnings=self._warnings(results),
            provenance=self._provenance,
        )
        return self.verdict

    def problems_since(self, verdict: Verdict) -> bool:
        """Whether something went wrong after `verdict` was reached."""
        return not {self.redactor.scrub(problem) for problem in self.problems} <= set(verdict.problems)

    def write_reports(self, verdict: Verdict) -> list[str]:
        """Write every report that was asked for; return what went wrong, a sentence each."""
        failures = files.write_all(self.reports.values(), verdict)
        if self.handover and (verdict.exit_code or not failures):
            files.write(self.handover, files.handover(verdict, self.reports.values()))
        return failures

    def _unproven(self) -> Iterable[Missing]:
        given = [Path(word.partition("::")[0]) for word in self.config.args] if self.config.args else []
        gate_folders = dict.fromkeys(declared.folder_of(path) for path in given if path.exists())
        return completeness.unproven(
            [item for gate in expected(self.policy) for item in gate.items(self.policy)],
            list(self.records.values()),
            self.left_out,
            gate_folders,
            self.strangers,
            early_end=self.early_end,
            partial=self.options.partial,
            required=self.policy.required_gates,
        )

    def _disabled(self) -> tuple[Disabled, ...]:
        """Return the gates that the policy switches off."""
        reasons = self.policy.disable
        return tuple(
            Disabled(gate.id, gate.kind, self.redactor.scrub(reasons[gate.id]))
            for gate in BUILT_IN
            if gate.id in reasons
        )

    def _warnings(self, results: Sequence[GateResult]) -> tuple[str, ...]:
        """Say which waivers excuse nothing, unless the run ended before that was known."""
        if self.early_end or self.options.partial:
            return ()
        said = waivers.remarks(self.policy.waivers, self.options.env, self.started, results, self.policy.disable)
        return tuple(self.redactor.scrub(remark) for remark in said)

    def _verdict(self, name: str, code: int, problems: tuple[str, ...]) -> Verdict:
        gates = tuple(record.result(self.redactor) for record in self.records.values() if record.counts)
        return Verdict(
            name, code, self._seen_release(), gates, problems, self.started, datetime.now(UTC), self.options.partial
        )

    def _seen_release(self) -> Release:
        """Return the release with what the gates have seen of the repository; nothing is looked at for it."""
        look: Bounded[git.Repository | Unseen] | None = self.__dict__.get("_look")
        seen = look.result(0) if look and look.wait(0) else None
        clean = self.redactor.scrub
        env, version = clean(self.release.env), clean(self.release.version)
        repository = clean(self.release.repository)
        if not isinstance(seen, git.Repository):
            return Release(env, version, repository)
        branch = branch_of(seen, ci.build())
        name, source = (clean(branch.name), clean(branch.source)) if branch else ("", "")
        return Release(env, version, repository, seen.commit, name, source)

    @cached_property
    def _provenance(self) -> Provenance:
        """Where this run takes place; the remote's address is looked up if a report wants it and Git answers."""
        look: Bounded[git.Repository | Unseen] | None = self.__dict__.get("_look")
        wanted = any(report.flag == "--gate-attestation" for report in self.reports.values())
        return provenance(self._loaded, self.redactor.scrub, self.top if wanted and look and look.wait(0) else None)

    def own_outputs(self) -> list[Path]:
        """Return the files and folders that this run writes itself: they never make the tree dirty."""
        option = self.config.option
        named = [getattr(option, name, None) for name in ("json_report_file", "log_file", "debug")]
        top = Path(self.release.repository)
        caches = [self.config.rootpath / ".pytest_cache", self.config.rootpath / ".coverage"]
        byte_code = [folder / "__pycache__" for folder in (top, top / arguments.GATE_FOLDER, folders.built_in())]
        return [*self.reports, *caches, *byte_code, *(self.here / name for name in named if isinstance(name, str))]


SESSION = pytest.StashKey[GateSession]()
RECORD = pytest.StashKey[Record]()
