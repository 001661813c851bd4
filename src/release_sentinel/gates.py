"""The built-in gates, in the order in which they run. One id goes through test, report, README and `explain`."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from types import MappingProxyType

from release_sentinel.checks.api import check_api
from release_sentinel.checks.branch import check_branch
from release_sentinel.checks.certificate import check_certificate
from release_sentinel.checks.changelog import check_changelog
from release_sentinel.checks.config import check_configuration
from release_sentinel.checks.env import check_environment
from release_sentinel.checks.freeze import check_freeze
from release_sentinel.checks.in_sync import check_in_sync
from release_sentinel.checks.prometheus import check_prometheus
from release_sentinel.checks.repository import check_clean_tree, check_repository
from release_sentinel.checks.result import CheckResult
from release_sentinel.checks.signature import check_signature
from release_sentinel.checks.system import check_disk, check_memory, check_process
from release_sentinel.checks.tag import check_tag
from release_sentinel.checks.tcp import check_tcp
from release_sentinel.checks.version import check_version
from release_sentinel.checks.version_files import check_version_files
from release_sentinel.checks.version_increases import check_version_increases
from release_sentinel.config.model import Policy
from release_sentinel.config.targets import (
    CertificateTarget,
    Dependency,
    DiskLimits,
    MemoryLimits,
    ProcessRule,
    PrometheusQuery,
    Target,
    TcpTarget,
)
from release_sentinel.observe import http


class Kind(StrEnum):
    """A gate's stage, and the marker that says so: `policy` runs first, `critical` only when that passed."""

    POLICY = "policy"
    CRITICAL = "critical"


@dataclass(frozen=True)
class Gate:
    """One built-in gate; its check's docstring says what it means."""

    id: str
    kind: Kind
    check: Callable[..., CheckResult]
    opt: bool = False  # evaluated once the policy asks for it
    asked_by: Callable[[Policy], object] | None = None  # the setting that asks for it, where its id need not
    judges: type[Target] | None = None  # the class of its targets in the policy, one item each
    ahead: bool = False  # asked at once with all others of its kind, when its stage begins
    prepare: Callable[[], None] | None = None  # called once, before its targets are asked in threads

    def targets(self, policy: Policy) -> tuple[Target, ...]:
        """Return what the gate judges under `policy`; nothing where it does not judge one thing after another."""
        return policy.targets(self.judges) if self.judges else ()

    def is_owed(self, policy: Policy) -> bool:
        """Tell whether a run under `policy` owes a result of the gate."""
        if self.id in policy.disable:
            return False
        by_id = not self.opt or self.id in policy.enable or self.id in policy.required_gates
        return by_id or bool(self.targets(policy)) or bool(self.asked_by and self.asked_by(policy))

    def items(self, policy: Policy) -> tuple[str, ...]:
        """Return the ids of the results that a run under `policy` owes: `disk`, or `disk[/]` and `disk[/var]`."""
        return tuple(self.item(target) for target in self.targets(policy)) or (self.id,)

    def item(self, target: Target) -> str:
        """Return the id of the result on one target."""
        return f"{self.id}[{target.label}]" if target.label else self.id

    @property
    def title(self) -> str:
        """What the gate demands, in one sentence."""
        return self._document.splitlines()[0]

    def section(self, name: str) -> str:
        """Return one section of the documentation: `Why`, `Unknown` or `Remedy`."""
        for line in self._document.splitlines():
            if line.startswith(f"{name}: "):
                return line.removeprefix(f"{name}: ")
        raise LookupError(f"{self.check.__name__} does not say its {name}")

    @property
    def _document(self) -> str:
        return inspect.cleandoc(self.check.__doc__ or "")


BUILT_IN = (
    Gate("environment", Kind.POLICY, check_environment),
    Gate("repository", Kind.POLICY, check_repository),
    Gate("clean-tree", Kind.POLICY, check_clean_tree),
    Gate("branch", Kind.POLICY, check_branch),
    Gate("version", Kind.POLICY, check_version),
    Gate("tag", Kind.POLICY, check_tag),
    Gate("configuration", Kind.POLICY, check_configuration),
    Gate("version-increases", Kind.POLICY, check_version_increases, opt=True),
    Gate("version-files", Kind.POLICY, check_version_files, opt=True, asked_by=lambda policy: policy.version.files),
    Gate("changelog", Kind.POLICY, check_changelog, opt=True, asked_by=lambda policy: policy.version.changelog),
    Gate("in-sync", Kind.POLICY, check_in_sync, opt=True),
    Gate("signature", Kind.POLICY, check_signature, opt=True),
    Gate("freeze", Kind.POLICY, check_freeze, opt=True, asked_by=lambda policy: policy.freezes),
    Gate("disk", Kind.CRITICAL, check_disk, judges=DiskLimits, ahead=True),
    Gate("memory", Kind.CRITICAL, check_memory, judges=MemoryLimits),
    Gate("process", Kind.CRITICAL, check_process, judges=ProcessRule),
    Gate("api", Kind.CRITICAL, check_api, judges=Dependency, ahead=True, prepare=http.load),
    Gate("tcp", Kind.CRITICAL, check_tcp, opt=True, judges=TcpTarget, ahead=True),
    Gate(
        "certificate",
        Kind.CRITICAL,
        check_certificate,
        opt=True,
        judges=CertificateTarget,
        ahead=True,
        prepare=http.load,
    ),
    Gate(
        "prometheus", Kind.CRITICAL, check_prometheus, opt=True, judges=PrometheusQuery, ahead=True, prepare=http.load
    ),
)

# The id of each gate, with the class of its targets.
IDS: Mapping[str, type[Target] | None] = MappingProxyType({gate.id: gate.judges for gate in BUILT_IN})


def expected(policy: Policy) -> tuple[Gate, ...]:
    """Return the built-in gates that a run under `policy` owes a result of."""
    return tuple(gate for gate in BUILT_IN if gate.is_owed(policy))


def find(gate_id: str) -> Gate:
    """Return the built-in gate `gate_id`; `LookupError` says which ones there are, and the nearest."""
    for gate in BUILT_IN:
        if gate.id == gate_id:
            return gate
    nearest = get_close_matches(gate_id, IDS, n=1)
    hint = f"; did you mean {nearest[0]}?" if nearest else "."
    raise LookupError(f"there is no gate {gate_id!r}{hint} The gates are: {', '.join(IDS)}")


def table() -> str:
    """Return the gates as a Markdown table, as it stands in the README."""
    rows = [f"| `{gate.id}` | {_stage(gate)} | {gate.title} | {gate.section('Why')} |" for gate in BUILT_IN]
    return "\n".join(["| gate | stage | passes when | why |", "|---|---|---|---|", *rows])


def explain(gate: Gate) -> str:
    """Return everything that is known of a gate, for a reader at a terminal."""
    lines = [f"{gate.id}  ({_stage(gate)} gate)", "", gate.title, ""]
    lines += [f"{name + ':':<9}{gate.section(name)}" for name in ("Why", "Unknown", "Remedy")]
    return "\n".join(lines)


def _stage(gate: Gate) -> str:
    return f"{gate.kind}, opt-in" if gate.opt else str(gate.kind)
