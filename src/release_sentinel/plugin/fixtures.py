"""What gates are given. Each observation is made once a run, when the first gate asks for it."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from release_sentinel.checks.result import UNKNOWN, CheckResult
from release_sentinel.checks.tag import Resumption
from release_sentinel.config.model import Policy
from release_sentinel.config.model import urls as policy_urls
from release_sentinel.config.secrets import header_secrets
from release_sentinel.config.targets import HostRule, Target
from release_sentinel.config.variables import in_policy
from release_sentinel.measures import Measure
from release_sentinel.observe import Unseen, ci, git, processes, settings, units
from release_sentinel.plugin.gate import Gate, Record
from release_sentinel.plugin.session import RECORD, SESSION, GateSession
from release_sentinel.redaction import Secret
from release_sentinel.verdict import Release

if TYPE_CHECKING:
    from release_sentinel.observe.forge import Evidence


@pytest.fixture
def gate(request: pytest.FixtureRequest) -> Gate:
    """How a gate judges: `gate.require(check_something(...))`, and `gate.secret(value)`."""
    return Gate(request.node.stash[RECORD], request.config.stash[SESSION].hide)


@pytest.fixture(scope="session")
def policy(request: pytest.FixtureRequest) -> Policy:
    """The validated settings of this run."""
    return request.config.stash[SESSION].policy


@pytest.fixture(scope="session")
def release(request: pytest.FixtureRequest) -> Release:
    """What is to be released: `release.env` and `release.version`."""
    return request.config.stash[SESSION].release


@pytest.fixture(scope="session")
def repository(request: pytest.FixtureRequest) -> git.Repository | Unseen:
    """The repository to release, or why it cannot be seen."""
    return request.config.stash[SESSION].observations.repository


@pytest.fixture(scope="session")
def build(request: pytest.FixtureRequest) -> ci.Build | None:
    """What the CI system says of this build; None outside CI."""
    return request.config.stash[SESSION].build


@pytest.fixture(scope="session")
def tags(request: pytest.FixtureRequest) -> Callable[[], git.Tags]:
    """Ask for the release's tags, here and on the remote; asked once, by the first caller."""
    return request.config.stash[SESSION].observations.tags


@pytest.fixture(scope="session")
def containing(request: pytest.FixtureRequest, tags: object) -> Callable[[], git.Branches | Unseen]:  # noqa: ARG001 - asked first
    """Ask for the branches that contain HEAD."""
    return request.config.stash[SESSION].observations.branches_containing_head


@pytest.fixture(scope="session")
def branch(request: pytest.FixtureRequest) -> str:
    """The branch that the release is built from; blank where it cannot be determined."""
    seen = request.config.stash[SESSION].observations.branch
    return seen.name if seen else ""


@pytest.fixture(scope="session")
def claimed(request: pytest.FixtureRequest) -> str:
    """The branch that `--gate-branch` names; blank without it."""
    return request.config.stash[SESSION].invocation.branch


@pytest.fixture(scope="session")
def standing(request: pytest.FixtureRequest) -> Callable[[str], git.Standing | Unseen | None]:
    """Ask how HEAD stands to a branch of the remote; None where the clone has no remote."""
    return request.config.stash[SESSION].observations.standing


@pytest.fixture(scope="session")
def remotes(request: pytest.FixtureRequest) -> tuple[str, ...]:
    """The names of the clone's remotes."""
    return request.config.stash[SESSION].observations.remotes


@pytest.fixture(scope="session")
def in_ci(request: pytest.FixtureRequest) -> bool:
    """Whether the run takes place in CI, also in a system that is not recognised."""
    return ci.is_ci(request.config.stash[SESSION].environ)


@pytest.fixture(scope="session")
def preview(request: pytest.FixtureRequest) -> bool:
    """Whether the run judges what is not merged yet."""
    return request.config.stash[SESSION].preview


@pytest.fixture(scope="session")
def merge_target(request: pytest.FixtureRequest) -> Callable[[], git.MergeTarget | Unseen | None]:
    """Ask which branch this work would be merged into; None where the clone has no remote."""
    return request.config.stash[SESSION].observations.target


@pytest.fixture(scope="session")
def built_tag(request: pytest.FixtureRequest) -> str:
    """The tag that this build is of; blank on a branch build."""
    return request.config.stash[SESSION].observations.built_tag


@pytest.fixture(scope="session")
def resumption(request: pytest.FixtureRequest, release: Release) -> Resumption | None:
    """How a run that makes the tag knows the one that an earlier run made for the same release; None for any other."""
    session = request.config.stash[SESSION]
    return Resumption(release.env, session.observations.tag_object) if session.invocation.delivers else None


@pytest.fixture(scope="session")
def signature(request: pytest.FixtureRequest) -> Callable[[], git.Signature | Unseen]:
    """Ask for the signature of the tag that is built, or else of HEAD's commit."""
    return request.config.stash[SESSION].observations.signature


@pytest.fixture(scope="session")
def release_branch(request: pytest.FixtureRequest, tags: object) -> Callable[[], str | Unseen]:  # noqa: ARG001 - asked first
    """Ask for the release branch that HEAD is on, also on a tag build."""
    return request.config.stash[SESSION].observations.release_branch


@pytest.fixture(scope="session")
def evidence(request: pytest.FixtureRequest) -> "Callable[[], Evidence | Unseen]":
    """Ask for the forge of the project; what it answers is shared by the gates that ask it about the commit."""
    observations = request.config.stash[SESSION].observations
    return lambda: observations.evidence


@pytest.fixture(scope="session")
def required_settings(request: pytest.FixtureRequest, policy: Policy) -> dict[str, str | Secret | None]:
    """The values of the required settings and, masked, of the required secrets and of those that requests carry."""
    session, names = request.config.stash[SESSION], policy.required
    found: dict[str, str | Secret | None] = {
        **settings.settings(names.settings, session.environ, instead=in_policy(policy, names.settings)),
        **settings.secrets([*names.secrets, *header_secrets(policy)], session.environ),
    }
    session.note_late(name for name, value in found.items() if value is None)
    return found


@pytest.fixture(scope="session")
def redact(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Keep a value out of all that is shown from now on; for fixtures that outlive one gate."""
    return request.config.stash[SESSION].hide


@pytest.fixture(scope="session")
def own_processes() -> frozenset[int]:
    """The process ids of the gate and of what started it."""
    return processes.own_processes()


@pytest.fixture(scope="session")
def required_files(
    request: pytest.FixtureRequest, required_settings: dict[str, str | Secret | None]
) -> dict[str, settings.Mounted]:
    """Which of the required settings and secrets come from files (`NAME_FILE`), and what is wrong with these."""
    return settings.mounted(required_settings, request.config.stash[SESSION].environ)


@pytest.fixture(scope="session")
def public_words(request: pytest.FixtureRequest) -> Mapping[str, str]:
    """The words that every report shows (environment, version, ids of gates), each with what it is."""
    return request.config.stash[SESSION].identity


@pytest.fixture(scope="session")
def urls(policy: Policy) -> Mapping[str, str]:
    """The URLs of the policy that gates ask, by their keys."""
    return policy_urls(policy)


@pytest.fixture(scope="session")
def withheld(request: pytest.FixtureRequest) -> str:
    """Why CI holds secrets back from this build: a fork's, or a bot's; blank where it does not, or does not say."""
    return ci.withheld(request.config.stash[SESSION].environ)


@pytest.fixture
def measures(request: pytest.FixtureRequest) -> Mapping[str, Measure]:
    """What the gates before this one have measured in this round, by full name: `disk[/var].used`."""
    return request.config.stash[SESSION].measures


@pytest.fixture(scope="session")
def baseline(request: pytest.FixtureRequest) -> Mapping[str, Measure] | None:
    """What the verdict file of --gate-baseline has measured; None without it."""
    return request.config.stash[SESSION].baseline


@pytest.fixture
def process_table(request: pytest.FixtureRequest) -> Callable[[], processes.Table | Unseen]:
    """Look at the process table: for a gate's first look the one that all share, for further ones anew."""
    seen = request.config.stash[SESSION].observations
    looks = iter(("shared",))

    def look() -> processes.Table | Unseen:
        return seen.process_table if next(looks, "") else seen.look_at_processes()

    return look


@pytest.fixture
def unit_table(request: pytest.FixtureRequest) -> Callable[..., Mapping[str, units.Unit] | Unseen]:
    """Ask systemd for the policy's units: for a gate's first look the answer that all share, for further ones anew."""
    seen = request.config.stash[SESSION].observations
    looks = iter(("shared",))

    def look(*, user: bool = False) -> Mapping[str, units.Unit] | Unseen:
        return seen.unit_table(user=user) if next(looks, "") else seen.look_at_units(user=user)

    return look


@pytest.fixture
def ask(request: pytest.FixtureRequest) -> Callable[..., CheckResult]:
    """Ask whether a target is good: `ask(check_disk, target)`.

    It is asked as often as the policy wants. Remote targets were asked when the stage began, and this waits for the
    answer.
    """
    session, record = request.config.stash[SESSION], request.node.stash[RECORD]

    def ask(check: Callable[..., CheckResult], target: Target, **observed: object) -> CheckResult:
        if isinstance(target, HostRule):
            return check(target, observe=lambda: session.observations.hosts.look(target.name_in_list))
        if target.on_host and isinstance(session.observations.hosts.look(target.on_host).seen, Unseen):
            return _unreached(session, record, target)
        return session.prefetch.answer(record.id, session.observations.question(check, target, **observed))

    return ask


def _unreached(session: GateSession, record: Record, target: Target) -> CheckResult:
    """Leave a gate out whose host does not answer: that is one failure, the host's. What excuses the host covers it."""
    host = f"host[{target.on_host}]"
    words = f"{host} did not answer"
    waiver, advised = session.waivers.get(host), session.advised(host)
    if not (waiver or advised):
        record.leave_out(words)
    record.waiver = replace(waiver, gate=record.id) if waiver else record.waiver
    record.advised = record.advised or advised
    return CheckResult(UNKNOWN, words, "see the host's own gate")
