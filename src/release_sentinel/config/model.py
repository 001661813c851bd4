"""The policy as checks read it: frozen records, with the built-in defaults."""

from dataclasses import dataclass, field
from typing import Literal

from release_sentinel.config.targets import (
    CertificateTarget,
    Dependency,
    DiskLimits,
    MemoryLimits,
    ProcessRule,
    PrometheusQuery,
    TcpTarget,
    UnlistedDependency,
    UnlistedDisk,
    UnlistedProcess,
)

TagMode = Literal["auto", "new", "existing"]


@dataclass(frozen=True)
class GitRules:
    """Where releases come from."""

    branches: tuple[str, ...] = ("main", "master")  # globs
    remote: str = ""  # blank: `origin`, or the only one there is
    tag_mode: TagMode = "auto"  # auto: the tag has to exist on a tag build, and to be free otherwise
    untracked: bool = True  # whether untracked files make the tree dirty
    submodules: bool = True  # whether changes of submodules do
    signers: tuple[str, ...] = ()  # fingerprints, key ids, addresses or principals; empty: any key that Git trusts


@dataclass(frozen=True)
class VersionRules:
    """What a release may be called."""

    prefix: str = "v"
    prereleases: bool = False
    files: tuple[str, ...] = ()  # manifests that say the version: `package.json`, `app.yaml#release.version`
    changelog: str = ""  # the file that has to have a section for the version


PLACEHOLDERS = (
    r"change[-_ ]?(me|it|this)",
    r"replace[-_ ]?(me|this|with.*)",
    r"<.*>",
    r"\$\{.*\}|\$\(.*\)|\$[A-Za-z_]\w*",
    r"\{\{.*\}\}|%\w+%",
    r"x{3,}|\*{3,}|\.{3,}|-+",
    r"to[-_ ]?do|tbd|fix[-_ ]?me|placeholder|n/?a|none|null|nil|undefined|unset|empty",
    r"(your|my|insert|enter)[-_ ].*",
)


@dataclass(frozen=True)
class Required:
    """The names of the environment variables that a release needs, and what does not count as a value of theirs."""

    settings: tuple[str, ...] = ("RS_REQUIRED_PROCESS", "RS_API_URL")
    secrets: tuple[str, ...] = ("RS_DEPLOY_TOKEN",)
    placeholders: tuple[str, ...] = PLACEHOLDERS  # regular expressions, matched whole, case ignored


@dataclass(frozen=True)
class Policy:
    """The validated settings of one run. Times in seconds."""

    environments: tuple[str, ...] = ("dev", "stage", "prod")
    enable: tuple[str, ...] = ()  # opt-in gates, by id
    git: GitRules = field(default_factory=GitRules)
    version: VersionRules = field(default_factory=VersionRules)
    required: Required = field(default_factory=Required)
    disks: tuple[DiskLimits, ...] = (UnlistedDisk(),)
    memory: MemoryLimits = field(default_factory=MemoryLimits)
    processes: tuple[ProcessRule, ...] = (UnlistedProcess(),)
    dependencies: tuple[Dependency, ...] = (UnlistedDependency(),)
    tcp: tuple[TcpTarget, ...] = ()
    certificates: tuple[CertificateTarget, ...] = ()
    prometheus: tuple[PrometheusQuery, ...] = ()
    at_once: int = 64  # how many targets are asked at the same time
    gate_seconds: float = 90.0  # one gate
    deadline: float = 300.0  # the whole run

    @property
    def enabled(self) -> frozenset[str]:
        """The opt-in gates that this policy asks for: by their id, or by rules that nobody else reads."""
        by_rule = {
            "version-files": self.version.files,
            "changelog": self.version.changelog,
            "tcp": self.tcp,
            "certificate": self.certificates,
            "prometheus": self.prometheus,
        }
        return frozenset(self.enable) | {gate for gate, rule in by_rule.items() if rule}
