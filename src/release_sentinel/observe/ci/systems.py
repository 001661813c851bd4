"""The CI systems that are recognised, and the build that this process belongs to."""

import os
import re
from collections.abc import Mapping

from msgspec.structs import replace

from release_sentinel.observe.ci.forges import FORGES
from release_sentinel.observe.ci.records import Build, System, Variables, is_merge_queue, queued_for
from release_sentinel.observe.ci.servers import JENKINS, TEAMCITY
from release_sentinel.observe.ci.services import CLOUD_BUILD, SERVICES

# The first that is marked counts. Agents of other systems may inherit JENKINS_URL from their host.
_SYSTEMS = (*FORGES, *SERVICES, TEAMCITY, JENKINS, CLOUD_BUILD)
# Without these variables, no build is recognised.
MARKS = frozenset(conditions[0].partition("=")[0] for system in _SYSTEMS for conditions in system.marks)
PROVIDERS = tuple(system.describe(Variables({})).provider for system in _SYSTEMS)
_NOBODY = {"anonymous", "auto-promotion", "changes", "timer"}  # what starts a build without a person


def build(environ: Mapping[str, str] | None = None) -> Build | None:
    """Return the build that this process belongs to, or None outside CI."""
    get = Variables(os.environ if environ is None else environ)
    if (system := _system(get)) is None:
        return None
    found = system.describe(get)
    queued = found.merge_queue or is_merge_queue(found.branch)
    asked = found.pull_request
    return replace(
        found,
        branch="" if asked else found.branch,
        tag="" if asked or queued else found.tag,
        url=next((url for template in system.urls if (url := _address(template, get))), ""),
        actor=next((name for variable in system.actors if _is_person(name := get(variable))), ""),
        target=(found.target or queued_for(found.branch)) if asked or queued else "",
        merge_queue=queued,
        qualified=found.qualified and not asked,
    )


def _system(get: Variables) -> System | None:
    return next((system for system in _SYSTEMS if any(_all_hold(marks, get) for marks in system.marks)), None)


def _all_hold(conditions: tuple[str, ...], get: Variables) -> bool:
    for condition in conditions:
        name, equals, value = condition.partition("=")
        found = get(name)
        if found != value if equals else found.lower() in {"", "false"}:
            return False
    return True


def _address(template: str, get: Variables) -> str:
    """Fill variables into a build's address; it is blank if one of them is not set."""
    values = {name: get(name).rstrip("/") for name in re.findall(r"\{(\w+)\}", template)}
    return template.format_map(values) if all(values.values()) else ""


def _is_person(name: str) -> bool:
    """Return whether this names a person; Drone writes `@hook` and `@cron` for anything else."""
    return bool(name) and not name.startswith("@") and name not in _NOBODY


def from_fork(environ: Mapping[str, str] | None = None) -> bool:
    """Return whether this build is of a pull request from a fork, as far as the system reports it."""
    get = Variables(os.environ if environ is None else environ)
    system = _system(get)
    return any(candidate.fork(get) for candidate in ([system] if system else _SYSTEMS))


def withheld(environ: Mapping[str, str] | None = None) -> str:
    """Return why CI withholds secrets from this build: a fork's, or a bot's; blank where nothing says that it does."""
    get = Variables(os.environ if environ is None else environ)
    system, found = _system(get), build(environ)
    if not (system and found and found.pull_request) or system.trusted(get):
        return ""
    what = "from a fork" if system.fork(get) else "by Dependabot" if system.bot(get) else ""
    return f"{found.provider} withholds secrets from builds of a pull request {what}" if what else ""


def login(environ: Mapping[str, str] | None = None) -> str:
    """Return how Git gets a login for the repository in this build; blank outside of CI."""
    get = Variables(os.environ if environ is None else environ)
    if (system := _system(get)) is None:
        return ""
    provider = system.describe(get).provider
    return system.login or f"give this job of {provider} a login that may read the repository"


# What build tools take for a sign of CI, also of systems that are not recognised here.
_SIGNS = (
    *("CI", "CONTINUOUS_INTEGRATION", "CI_NAME", "CI_APP_ID", "CI_BUILD_ID", "CI_BUILD_NUMBER", "CI_JOB_ID"),
    *("CI_PIPELINE_ID", "BUILD_ID", "BUILD_NUMBER", "RUN_ID"),
)


def is_ci(environ: Mapping[str, str] | None = None) -> bool:
    """Return whether this process runs in CI, whether or not the system is one that is recognised."""
    get = Variables(os.environ if environ is None else environ)
    if _system(get) is not None:
        return True
    return get("CI").lower() != "false" and any(get(name).lower() not in {"", "false", "0"} for name in _SIGNS)
