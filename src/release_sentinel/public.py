"""What gates, packs and conftest files may import, in one place: the public API.

Everything else may change in any release. A name in here changes by SemVer: what breaks a caller comes with a major
version, and for at least one minor version before that its use warns (`DeprecationWarning`) and says what to use.
"""

from collections.abc import Mapping
from types import MappingProxyType

# Modules, with their public names. Fixtures are the other half: the guide to gates of one's own lists them.
PUBLIC: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "release_sentinel": (
            "CRIT",
            "OK",
            "UNKNOWN",
            "WARN",
            "CheckResult",
            "Measure",
            "PolicyError",
            "SentinelError",
            "Status",
            "__version__",
        ),
        "release_sentinel.packs": ("FALSE", "FEWER", "HIGHER", "LOWER", "MORE", "TRUE", "Pack", "PackGate", "Stage"),
        # The types of the fixtures `gate`, `policy`, `release` and `repository`.
        "release_sentinel.plugin.gate": ("Gate",),
        "release_sentinel.config.model": ("Policy",),
        "release_sentinel.verdict": ("Release",),
        "release_sentinel.observe.git": ("Repository",),
        "release_sentinel.observe": ("Unseen",),
        "release_sentinel.observe.http": ("Exchange", "Request", "ask"),
        "release_sentinel.testing": (
            "SECRET",
            "Answer",
            "Dependency",
            "Repository",
            "Run",
            "Sandbox",
            "make_repository",
            "observed",
            "plain_environment",
            "run",
        ),
        "release_sentinel.testing.observed": (
            "COMMIT",
            "certificate",
            "change",
            "connection",
            "disk",
            "exchange",
            "memory",
            "processes",
            "repository",
            "tags",
            "unit",
        ),
        "release_sentinel.core": ("run_checks",),
        "release_sentinel.logging": ("setup_logging",),
        "release_sentinel.config": ("get_env",),
        "release_sentinel.checks.result": ("CRIT", "OK", "WARN", "CheckResult"),
        "release_sentinel.checks.env": ("ensure_env_allowed",),
        "release_sentinel.checks.git": (
            "ensure_branch_allowed",
            "ensure_clean_tree",
            "ensure_git_repo",
            "ensure_tag_not_exists",
            "ensure_version_valid",
        ),
        "release_sentinel.checks.config": ("ensure_required_config",),
        "release_sentinel.checks.system": ("check_disk", "check_memory", "check_process"),
        "release_sentinel.checks.api": ("check_api",),
    }
)


def table() -> str:
    """Return the public names as a Markdown table, as the guide shows it."""
    rows = [f"| `{module}` | {', '.join(f'`{name}`' for name in names)} |" for module, names in PUBLIC.items()]
    return "\n".join(["| module | names |", "|---|---|", *rows])
