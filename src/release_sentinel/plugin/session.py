"""One gate run: what it is asked, what it has seen so far, and how it ends."""

import os
import re
import signal
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from functools import cached_property, partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import pytest

from release_sentinel import arguments, waivers
from release_sentinel.config.file import places_beside, replaced
from release_sentinel.config.model import Waiver
from release_sentinel.config.secrets import header_secrets
from release_sentinel.config.variables import look_up, misspelt
from release_sentinel.deliver.github import WorkflowOutput
from release_sentinel.gates import expected
from release_sentinel.invocation import Invocation
from release_sentinel.measures import Measure, full_name
from release_sentinel.observe import ci, git
from release_sentinel.observe.bounded import until
from release_sentinel.packs.asked import AskedPacks
from release_sentinel.plan import plan, run_seconds
from release_sentinel.plugin import declared, folders, own_files
from release_sentinel.plugin.baseline import read_baseline
from release_sentinel.plugin.compat import early_options
from release_sentinel.plugin.conftests import Conftests
from release_sentinel.plugin.deadline import Deadline
from release_sentinel.plugin.ending import Ending
from release_sentinel.plugin.found import Found
from release_sentinel.plugin.gate import Record
from release_sentinel.plugin.observations import Observations
from release_sentinel.plugin.pack_code import PackCode
from release_sentinel.plugin.prefetch import Prefetch
from release_sentinel.plugin.progress import Progress, progress
from release_sentinel.plugin.screen import Screen
from release_sentinel.plugin.unnoticed import Unnoticed
from release_sentinel.redacted import RedactedVerdict, redact
from release_sentinel.redaction.channel import SecretSender
from release_sentinel.reports import files, journal
from release_sentinel.sentences import words_of
from release_sentinel.settings import settings_of
from release_sentinel.timeline import Recorder, recording
from release_sentinel.verdict import GateResult, Release, Rounds, unfinished
from release_sentinel.vocabulary import HANDOVER, TERMINAL, Stage

if TYPE_CHECKING:
    from release_sentinel.packs.find import InstalledPack
    from release_sentinel.packs.record import OfPack


class GateSession:
    """The state of one gate run: everything that outlives a single hook call."""

    def __init__(self, config: pytest.Config, invocation: Invocation) -> None:
        self.config, self.invocation = config, invocation
        self.started, self.began = datetime.now(UTC), time.monotonic()  # the same moment
        self.shared = Recorder()  # of what is asked for several gates
        self.parent, self.handover = _handover()  # the process that supervises this one (0: none), and its file
        self._relayed = bool(os.environ.pop(TERMINAL, ""))  # to a terminal, by that process
        self._sender = SecretSender(os.environ)
        # What the built-in gates judge. A conftest or a gate may set variables later, for this process alone.
        self.environ: Mapping[str, str] = MappingProxyType(dict(os.environ))
        self.reports = {report.path: report for report in invocation.reports}
        obstacles = files.claim(invocation.reports)
        self.settings = settings_of(invocation, self.environ)  # as far as it can be known without gate packs
        self.redactor, self.policy = self.settings.redactor, self.settings.policy
        self.identity = dict(self.settings.identity)  # words that are never masked, and what each is
        self._claim(obstacles)
        self.previous = files.previous_verdict(invocation.reports, invocation.env)
        self.release = Release(invocation.env, invocation.version, str(invocation.repository))
        begun = unfinished(self.release, preview=self.preview, watch=self.watch)
        self._claim(files.claim(invocation.reports, redact(begun, self.redactor)))
        self.plan = plan(invocation, self.policy)
        self.deadline = Deadline(run_seconds(invocation, self.policy), self.policy.gate_seconds)
        self.rounds: Rounds | None = None
        self.in_rounds = False  # what a gate meets counts in its round alone, and pytest learns of the last one
        # What the verdict file of --gate-baseline has measured (None without it), and why it cannot be compared with.
        self.baseline, self.baseline_problem = read_baseline(invocation.baseline, invocation.env, self.policy)
        self.unknown_hosts: list[str] = []  # a sentence each
        self.notes: list[str] = []
        self.workflow_output = WorkflowOutput({} if self.parent else self.environ)  # a parent tells GitHub itself
        self.records: dict[str, Record] = {}  # by node id
        self.problems: list[str] = []
        self.undelivered = ""  # one more, which says what was to follow a SAFE verdict and did not happen
        self.prefetch = Prefetch()
        self.unnoticed = Unnoticed(self.problems.append)
        self.found, self.conftests = Found(), Conftests()
        self.early_end = ""  # why the run ended before its end
        self.refused = self.cleaning_up = False  # the latter: after the last gate, for all of them
        self.rewritten = False  # the arguments, before pytest has read them
        self.interrupted, self.can_interrupt = 0, False  # the signal; whether one after the gates ends what is done
        self.held = False  # pytest runs, and has to answer with our exit code
        self.stuck = ""  # where the run was when its deadline had passed
        self.ending = Ending()
        self.pytest_code = 0
        self.concluded: frozenset[str] = frozenset()  # the problems that the verdict counts
        self.verdict: RedactedVerdict | None = None

    def load(self) -> None:
        """Load what is not this program's own: the gate packs of the policy, and its inventories.

        To be called once everything stands that guards the run from a conftest.
        """
        if self.policy.packs:
            packs = AskedPacks(self._note_load)
            load = partial(settings_of, self.invocation, self.environ, self.redactor, packs)
            self.settings = until(self.deadline.left, load)()
            self.policy, self.identity = self.settings.policy, dict(self.settings.identity)
        self.pack_code = PackCode(self.config.pluginmanager, self.problems, self.settings.packs.tampering)
        self.unknown_hosts = self._find_hosts()
        unread = misspelt(self.environ, self.policy, file_is_named=bool(self.invocation.policy))
        self.notes += [f"note: {sentence}" for sentence in unread]

    def _note_load(self, pack: str) -> None:
        if self.handover:
            journal.note_load(self.handover, pack)

    @cached_property
    def screen(self) -> Screen:
        """What the run is shown on. It needs pytest's own reporter."""
        return Screen(self.config, self.environ, relayed=self._relayed)

    @cached_property
    def progress(self) -> Progress:
        """The line that says what the run waits for."""
        return progress(self.screen, self.redactor.scrub)

    @property
    def is_orphan(self) -> bool:
        """Whether the process that supervised this one is gone."""
        return bool(self.parent) and os.getppid() != self.parent

    def _find_hosts(self) -> list[str]:
        """Let the policy name the hosts of its inventories; return why that failed, a sentence each."""
        if not any(rule.inventory for rule in self.policy.hosts):
            return []
        from release_sentinel.plugin.hosts import resolved  # noqa: PLC0415 - late: few policies have any

        self.policy, problems = resolved(self.policy, self.invocation.repository)
        return problems

    @cached_property
    def build(self) -> ci.Build | None:
        """What the CI system says of this build; None outside CI."""
        return ci.build(self.environ)

    @property
    def own_files(self) -> list[Path]:
        """The files and folders of this run's own; see `own_files`."""
        named = [*self.reports, *filter(None, (self.invocation.notes, self.invocation.baseline))]
        return own_files.own_files(self.config, self.invocation.repository, named, self.environ)

    @cached_property
    def observations(self) -> Observations:
        """What the run observes. It needs the options of pytest, which name files of the run's own."""
        return Observations(
            self.invocation.repository,
            self.invocation.version,
            self.policy,
            own_outputs=self.own_files,
            environ=self._secrets_of_headers(),
            build=self.build,
            bound=self.deadline.run,
            owed_files=[*self.gate_folders, *self.unread_policies],
            claimed=self.invocation.branch,
            preview=self.preview,
            variables=self.environ,
        )

    @property
    def packs(self) -> "tuple[InstalledPack, ...]":
        """The gate packs that the run is judged by."""
        return self.settings.packs.loaded

    @property
    def gates_of_packs(self) -> "Iterator[OfPack]":
        """The gates of those packs."""
        return (gate for pack in self.packs for gate in pack.gates)

    def pack_of(self, path: Path) -> "InstalledPack | None":
        """Return the gate pack that a gate file is of; None where it is of none."""
        return next((pack for pack in self.packs if pack.holds(path)), None)

    @cached_property
    def gate_folders(self) -> list[Path]:
        """The gate folders of this run; the repository's own also where it does not exist."""
        words = [Path(word.partition("::")[0]) for word in self.config.args]
        own = [self.invocation.repository / arguments.GATE_FOLDER]
        if self.invocation.directory.resolve().is_relative_to(self.invocation.repository):
            own += folders.places(self.invocation.directory)
        named = (path for path in words if arguments.exists(path) and not self._is_of_pack(path))
        return list(dict.fromkeys([*own, *map(declared.folder_of, named)]))

    @property
    def pack_folders(self) -> list[Path]:
        """The gate folders of the packs that the policy asks for."""
        return [pack.folder for pack in self.packs]

    def _is_of_pack(self, path: Path) -> bool:
        return any(path.resolve().is_relative_to(folder) for folder in self.pack_folders)

    @property
    def unread_policies(self) -> list[Path]:
        """The places of the repository's own policy where this run has read none; its bases count in any case."""
        top, read = self.invocation.repository, self.settings.loaded.file
        if self.invocation.policy:
            read = next((one.path.name for one in replaced(top) if one.path), "")
        return places_beside(top, read)

    @cached_property
    def owed(self) -> frozenset[str]:
        """The ids of the built-in gates that the policy asks for."""
        return frozenset(gate.id for gate in expected(self.policy))

    def look_ahead(self, wanted: Collection[str]) -> None:
        """Begin to observe what gates will ask for (fixtures, by name)."""
        with recording(self.shared):
            self.observations.look_ahead(wanted)

    @property
    def seen(self) -> git.Repository | None:
        """The repository, if a gate has looked at it already; nothing is looked at for it."""
        begun: Observations | None = vars(self).get("observations")
        return begun.seen if begun else None

    def advised(self, gate: str) -> date | None:
        """Return the last day on which a gate is only advised, if it is."""
        return waivers.advised(self.policy.advise, gate, datetime.now(UTC))

    def _claim(self, failures: list[str]) -> None:
        if failures:
            raise pytest.UsageError("; ".join(map(self.redactor.scrub, failures)))

    @property
    def preview(self) -> bool:
        """Whether the run judges what is not merged yet."""
        return self.invocation.has("--gate-preview")

    @property
    def watch(self) -> bool:
        """Whether the run judges a deployment that has taken place, by its critical gates alone."""
        return self.invocation.has("--gate-watch")

    @property
    def waivers(self) -> Mapping[str, Waiver]:
        """The waivers that are in force at this moment, by the id of their gate: one may expire while rounds hold."""
        return waivers.in_force(self.policy.waivers, self.invocation.env, datetime.now(UTC))

    @property
    def measures(self) -> dict[str, Measure]:
        """What the gates have measured that have ended in this round, except comparisons."""
        told = [record for record in self.records.values() if record.finished and not record.id.startswith("compare[")]
        return {full_name(record.id, one.name): one for record in told for one in record.measures}

    def renew(self) -> None:
        """Let the next round ask everything anew."""
        self.prefetch = Prefetch()
        self.observations.renew(self._secrets_of_headers())

    def _secrets_of_headers(self) -> dict[str, str]:
        """Return the values that headers of requests take, as they are now; a new one is hidden from now on."""
        found = {name: look_up(name, self.environ).text or "" for name in header_secrets(self.policy)}
        for value in filter(None, found.values()):
            self.hide(value)
        return found

    def hide(self, value: str) -> None:
        """Keep `value` out of all that is shown from now on, here and on its way through the parent process."""
        self.redactor.add(value)
        self._sender.send(value)

    def publish(self, words: Mapping[str, str]) -> None:
        """Never mask these words, here and in the parent process: they name what the verdict is about."""
        new = [word for word in words if word and word not in self.identity]
        self.identity |= {word: words[word] for word in new}
        if new:
            self.redactor.protect(new)
            self._sender.send(new)

    def note_late(self, names: Iterable[str]) -> None:
        """Note which of these variables are set by now, after the start of the run: they do not count."""
        if late := [name for name in names if os.environ.get(name)]:
            self.notes.append(
                f"note: {', '.join(late)} is set by a conftest, a gate or a plugin, for this process alone; "
                "the environment of the start of the run counts"
            )

    def rewrite(self, args: list[str]) -> None:
        """Rewrite pytest's arguments in place: the release's version, and the gate folders to collect."""
        known, here = early_options(self.config), self.invocation.directory
        self.rewritten = True
        args[:] = arguments.expanded(args)
        try:
            arguments.rewrite_version(args)
        except arguments.ArgumentError as error:
            known_places = (problem for problem in self.invocation.problems if problem.startswith(str(error)))
            raise pytest.UsageError(next(known_places, str(error))) from error
        if tuple(args) != self.invocation.words:
            raise pytest.UsageError("another plugin has changed the arguments of the gate run: leave that plugin out")
        if obstacles := own_files.obstacles(self.config, known, self.environ):
            raise pytest.UsageError("; ".join(obstacles))
        known.version = 0  # or pytest waves a conftest through that cannot be imported
        given = [word for word in known.file_or_dir if arguments.exists(here / word.partition("::")[0])]
        more = [str(folder) for folder in folders.missing_from(given, Path(here, known.gate_repo or ""))]
        packs = [str(folder) for folder in folders.unnamed(self.pack_folders, given, here)]
        if len(more) > 1 and not any(word.startswith("--confcutdir") for word in args):
            known.confcutdir = str(self.invocation.repository)  # their conftest files may be above pytest's own bound
        args += [*more, *packs]
        known.file_or_dir = [*given, *more, *packs]
        pytest.register_assert_rewrite(*(pack.package for pack in self.packs))
        for folder in map(declared.folder_of, [here / word.partition("::")[0] for word in [*given, *more]]):
            pytest.register_assert_rewrite(*declared.modules_in(folder))  # what helpers of gates assert counts, too

    def refuse(self, why: str) -> None:
        """Run no gate; `why` is what each of them says."""
        self.refused, self.early_end = True, self.early_end or why

    @property
    def policy_failed(self) -> bool:
        """Whether a policy gate holds the release back already."""
        return any(
            record.finished and record.failed for record in self.records.values() if record.stage is Stage.POLICY
        )

    def interrupt(self, error: BaseException) -> None:
        """Take note of what ended the session early: a signal, the deadline, or `pytest.exit` in a gate or conftest."""
        if isinstance(error, pytest.exit.Exception):
            self.early_end = f"pytest.exit ended the run: {words_of(error)}"
        elif isinstance(error, pytest.Session.Interrupted):  # by pytest itself, as --stepwise does
            self.early_end = words_of(error)
        elif self.deadline.passed and not self.interrupted:
            hung = f", and the run hung{self.stuck}" if self.stuck else ""
            self.early_end = f"the deadline of {self.deadline.run:g} s had passed{hung}"
        else:
            self.interrupted = self.interrupted or signal.SIGINT
            self.early_end = f"the run was interrupted by {signal.Signals(self.interrupted).name}"
        self.problems.append(self.early_end)

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """Let a signal raise KeyboardInterrupt in the block, also one that came shortly before it."""
        self.can_interrupt = True
        try:
            if self.interrupted:
                raise KeyboardInterrupt
            yield
        finally:
            self.can_interrupt = False

    def take(self, number: int) -> None:
        """Take note of a signal that came after the gates. Only the first counts: another would tear the reports."""
        if self.interrupted:
            return
        self.interrupted = number
        if self.can_interrupt:
            raise KeyboardInterrupt

    @property
    def problems_since(self) -> bool:
        """Whether something went wrong after the verdict was reached."""
        return not self.concluded.issuperset(self.problems)

    def note(self, record: Record) -> None:
        """Let a supervising parent know how a gate ended, or that it has begun: this process may be killed."""
        if self.handover:
            begun = GateResult(record.id, record.stage, None, "")
            journal.note(self.handover, record.result(self.began) if record.finished else begun, self.redactor)

    def write_reports(self, verdict: RedactedVerdict) -> list[str]:
        """Write every report that was asked for; return what went wrong, a sentence each."""
        failures = files.write_all(self.reports.values(), verdict)
        if self.handover and (verdict.exit_code or not failures):
            files.write(self.handover, files.handover(verdict, self.reports.values()))
        return failures


def _handover() -> tuple[int, Path | None]:
    """Return the parent that supervises this run and the file where it looks for the verdict, if there is one.

    A pytest run inside a gate is not the parent's child, so that it must not see the variable.
    """
    number, _, path = os.environ.pop(HANDOVER, "").partition(":")
    return (int(number), Path(path)) if path and re.fullmatch(r"[0-9]{1,9}", number) else (0, None)


SESSION = pytest.StashKey[GateSession]()
RECORD = pytest.StashKey[Record]()
