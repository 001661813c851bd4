"""The built-in gates, in the order in which they run. Test, report, README and `explain` use the same id."""

import inspect
from collections.abc import Callable, Collection, Iterable, Sequence
from importlib import import_module
from operator import attrgetter
from types import MappingProxyType
from typing import TYPE_CHECKING

from msgspec import Struct

from release_sentinel.config.kinds import nearest
from release_sentinel.config.locks import Gates
from release_sentinel.config.model import LOCAL, Policy
from release_sentinel.config.read import keys
from release_sentinel.config.targets import (
    CertificateTarget,
    CompareRule,
    Dependency,
    DiskLimits,
    HostRule,
    MemoryLimits,
    ProcessRule,
    PrometheusQuery,
    Target,
    TcpTarget,
    UnitRule,
)
from release_sentinel.vocabulary import Stage

if TYPE_CHECKING:
    from release_sentinel.checks.result import CheckResult


class DocumentedGate(Struct, frozen=True):
    """A gate, documented by the docstring of its check."""

    id: str
    stage: Stage

    if TYPE_CHECKING:  # a field or property of the subclasses

        @property
        def check(self) -> Callable[..., CheckResult]:
            """The function that judges."""

    @property
    def title(self) -> str:
        """What the gate requires, in one sentence."""
        return self._document.partition("\n")[0]

    def section(self, name: str) -> str:
        """Return one of the `SECTIONS` of the documentation, a line each."""
        for line in self._document.splitlines():
            if line.startswith(f"{name}: "):
                return line.removeprefix(f"{name}: ")
        raise LookupError(f"{self.check.__qualname__} has no section {name}")

    @property
    def words(self) -> str:
        """The stage, and whether the policy has to ask for the gate."""
        return str(self.stage)

    @property
    def _document(self) -> str:
        return inspect.cleandoc(self.check.__doc__ or "")


class BuiltInGate(DocumentedGate, frozen=True):
    """One built-in gate. Its check is loaded on demand."""

    judge: str  # module and function below `checks`: "system.check_disk"
    opt: bool = False  # evaluated once the policy asks for it
    asked_by: str = ""  # the key that asks for it, besides its id
    judges: type[Target] | None = None  # the class of its targets in the policy, one item each
    prepare: Callable[[], None] | None = None  # called once, before its targets are asked in threads
    keys: tuple[str, ...] = ()  # more keys of the policy by which it judges; globs

    @property
    def prefetched(self) -> bool:
        """Whether its targets are asked at once when its stage begins: all that have a time-out may let others wait."""
        return self.judges is not None and "timeout" in keys(self.judges)

    def targets(self, policy: Policy) -> tuple[Target, ...]:
        """Return what the gate judges under `policy`; empty for a gate without targets."""
        return policy.targets(self.judges) if self.judges else ()

    def is_owed(self, policy: Policy) -> bool:
        """Return whether a run under `policy` owes a result of the gate."""
        if self.id in policy.disable:
            return False
        skipped = bool(policy.skip_local_host) and self.judges in LOCAL
        by_id = (not self.opt and not skipped) or self.id in policy.enable or self.id in policy.required_gates
        return by_id or bool(self.targets(policy)) or bool(self.asked_by and attrgetter(self.asked_by)(policy))

    def items(self, policy: Policy) -> tuple[str, ...]:
        """Return the ids of the results that a run under `policy` owes: `disk`, or `disk[/]` and `disk[/var]`."""
        return tuple(self.item(target) for target in self.targets(policy)) or (self.id,)

    def item(self, target: Target) -> str:
        """Return the id of the result on one target."""
        return f"{self.id}[{target.label}]" if target.label else self.id

    @property
    def check(self) -> "Callable[..., CheckResult]":
        """The function that judges."""
        module, _, name = self.judge.partition(".")
        check: Callable[..., CheckResult] = getattr(import_module(f"release_sentinel.checks.{module}"), name)
        return check

    @property
    def words(self) -> str:
        """The stage, and whether the policy has to ask for the gate."""
        return f"{self.stage}, opt-in" if self.opt else str(self.stage)


def _load_http() -> None:
    from release_sentinel.observe import http  # noqa: PLC0415 - only HTTP targets need it

    http.load()


_TAG = ("git.remote", "git.tag_mode", "version.prefix")  # which tag is built
_FORGE_ITSELF = ("kind", "url", "repository", "token", "timeout", "tries", "deadline")
_FORGE = (*(f"forge.{key}" for key in _FORGE_ITSELF), "git.remote")
_FORGE_OF_BRANCH = (*_FORGE, *_TAG, "git.branches")  # what it says of the release branch
BUILT_IN = (
    BuiltInGate("environment", Stage.POLICY, "env.check_environment", keys=("environments",)),
    BuiltInGate("repository", Stage.POLICY, "repository.check_repository"),
    BuiltInGate(
        "clean-tree",
        Stage.POLICY,
        "repository.check_clean_tree",
        keys=("git.untracked", "git.untracked_allowed", "git.submodules"),
    ),
    BuiltInGate("branch", Stage.POLICY, "branch.check_branch", keys=("git.branches", "git.remote", "git.tag_mode")),
    BuiltInGate("version", Stage.POLICY, "version.check_version", keys=("version.prefix", "version.prereleases")),
    BuiltInGate("tag", Stage.POLICY, "tag.check_tag", keys=_TAG),
    BuiltInGate("configuration", Stage.POLICY, "config.check_configuration", keys=("required.*",)),
    BuiltInGate(
        "version-increases",
        Stage.POLICY,
        "version_increases.check_version_increases",
        opt=True,
        keys=("git.remote", "version.prefix"),
    ),
    BuiltInGate(
        "version-files",
        Stage.POLICY,
        "version_files.check_version_files",
        opt=True,
        asked_by="version.files",
        keys=("version.prefix",),
    ),
    BuiltInGate(
        "changelog",
        Stage.POLICY,
        "changelog.check_changelog",
        opt=True,
        asked_by="version.changelog",
        keys=("version.prefix",),
    ),
    BuiltInGate("in-sync", Stage.POLICY, "in_sync.check_in_sync", opt=True, keys=_TAG),
    BuiltInGate("signature", Stage.POLICY, "signature.check_signature", opt=True, keys=(*_TAG, "git.signers")),
    BuiltInGate("freeze", Stage.POLICY, "freeze.check_freeze", opt=True, asked_by="freezes"),
    BuiltInGate(
        "ci-checks",
        Stage.POLICY,
        "ci_checks.check_ci_checks",
        opt=True,
        asked_by="forge.checks",
        keys=(*_FORGE_OF_BRANCH, "forge.ignore", "forge.wait", "forge.interval"),
    ),
    BuiltInGate(
        "review",
        Stage.POLICY,
        "review.check_review",
        opt=True,
        asked_by="forge.approvals",
        keys=_FORGE_OF_BRANCH,
    ),
    BuiltInGate("blockers", Stage.POLICY, "blockers.check_blockers", opt=True, asked_by="forge.blockers", keys=_FORGE),
    BuiltInGate("host", Stage.CRITICAL, "host.check_host", opt=True, judges=HostRule),
    BuiltInGate("disk", Stage.CRITICAL, "system.check_disk", judges=DiskLimits),
    BuiltInGate("memory", Stage.CRITICAL, "system.check_memory", judges=MemoryLimits),
    BuiltInGate("process", Stage.CRITICAL, "system.check_process", judges=ProcessRule, keys=("process",)),
    BuiltInGate("api", Stage.CRITICAL, "api.check_api", judges=Dependency, prepare=_load_http),
    BuiltInGate("tcp", Stage.CRITICAL, "tcp.check_tcp", opt=True, judges=TcpTarget),
    BuiltInGate(
        "certificate",
        Stage.CRITICAL,
        "certificate.check_certificate",
        opt=True,
        judges=CertificateTarget,
        prepare=_load_http,
    ),
    BuiltInGate("unit", Stage.CRITICAL, "unit.check_unit", opt=True, judges=UnitRule),
    BuiltInGate(
        "prometheus",
        Stage.CRITICAL,
        "prometheus.check_prometheus",
        opt=True,
        judges=PrometheusQuery,
        prepare=_load_http,
    ),
    BuiltInGate("compare", Stage.CRITICAL, "compare.check_compare", opt=True, judges=CompareRule),
)

GATES = Gates(
    kinds=MappingProxyType({gate.id: gate.judges for gate in BUILT_IN}),
    keys_of=MappingProxyType({gate.id: (*gate.keys, *filter(None, (gate.asked_by,))) for gate in BUILT_IN}),
    asked_by=MappingProxyType({gate.id: gate.asked_by for gate in BUILT_IN if gate.asked_by}),
)
IDS = GATES.kinds.keys()
SECTIONS = ("Why", "Unknown", "Remedy")  # of a gate's documentation, below its title


def expected(policy: Policy) -> tuple[BuiltInGate, ...]:
    """Return the built-in gates that a run under `policy` owes a result of."""
    return tuple(gate for gate in BUILT_IN if gate.is_owed(policy))


def find(gate_id: str) -> BuiltInGate:
    """Return the built-in gate `gate_id`; `LookupError` lists all gates, and names the nearest."""
    for gate in BUILT_IN:
        if gate.id == gate_id:
            return gate
    raise unknown(gate_id, IDS)


def unknown(gate_id: str, ids: Collection[str], more: Iterable[str] = ()) -> LookupError:
    """Return the error that lists the gates, and names the nearest to `gate_id` among these and `more`."""
    hint = nearest(gate_id, (*ids, *more)) or "."
    return LookupError(f"there is no gate {gate_id!r}{hint} The gates are: {', '.join(ids)}")


def table(gates: Sequence[DocumentedGate] = BUILT_IN) -> str:
    """Return gates as a Markdown table, as the guide to the gates shows the built-in ones."""
    rows = [f"| `{gate.id}` | {gate.words} | {gate.title} | {gate.section('Why')} |" for gate in gates]
    return "\n".join(["| gate | stage | passes when | why |", "|---|---|---|---|", *rows])


def explain(gate: DocumentedGate) -> str:
    """Return the documentation of a gate, for a terminal."""
    lines = [f"{gate.id}  ({gate.words} gate)", "", gate.title, ""]
    lines += [f"{name + ':':<9}{gate.section(name)}" for name in SECTIONS]
    return "\n".join(lines)
