"""What one run observes: each thing once, when the first gate asks for it or before."""

from collections.abc import Callable, Collection, Mapping
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from release_sentinel.arguments import GATE_FOLDER
from release_sentinel.checks.branch import branch_of
from release_sentinel.checks.repository import rules_of
from release_sentinel.checks.result import CheckResult
from release_sentinel.checks.steady import steadily
from release_sentinel.config.model import Policy
from release_sentinel.config.secrets import headers
from release_sentinel.config.targets import HostRule, Target
from release_sentinel.gates import expected
from release_sentinel.observe import Unseen, ci, git, processes, units
from release_sentinel.observe.bounded import Bounded
from release_sentinel.plugin.prefetch import Question
from release_sentinel.versions import in_the_way, tag_names

if TYPE_CHECKING:
    from release_sentinel.observe.forge import Evidence
    from release_sentinel.plugin.hosts import Hosts


class Observations:
    """The repository at `top`, its remote, the host, and the targets of a release of `version` under `policy`.

    `own_outputs` are the run's own files; `owed_files` those (and folders) that have to be on disk if the commit has
    them; `environ` holds the secrets that requests carry; `build` is what CI says of this build; `bound` is the time,
    in seconds, after which an observation is given up in any case; by default that of the whole run. `claimed` is the
    branch that is built by the word of `--gate-branch`; in a `preview`, the one that it would be merged into.
    `variables` are those of the run, which say where the forge is, and hold its token.
    """

    def __init__(
        self,
        top: Path,
        version: str,
        policy: Policy,
        *,
        own_outputs: Collection[Path] = (),
        environ: Mapping[str, str] | None = None,
        build: ci.Build | None = None,
        bound: float | None = None,
        owed_files: Collection[Path] = (),
        claimed: str = "",
        preview: bool = False,
        variables: Mapping[str, str] | None = None,
    ) -> None:
        self._top, self._version, self._policy = top, version, policy
        self._own_outputs, self._environ, self._build = own_outputs, environ or {}, build
        self._owed_files, self._claimed, self._preview = owed_files, claimed, preview
        self._variables = variables or {}
        self._bound = policy.deadline if bound is None else bound

    def look_ahead(self, wanted: Collection[str]) -> None:
        """Begin to observe what gates will ask for (fixtures, by name), so that none waits for another's answer."""
        if "repository" in wanted:
            self._look  # noqa: B018 - begins when it is first read
            self._absent  # noqa: B018 - likewise
            self._gate_folders_of_all  # noqa: B018 - likewise
        if "tags" in wanted:
            self._listing  # noqa: B018 - likewise

    @property
    def seen(self) -> git.Repository | None:
        """The repository, if it was looked at already; nothing is looked at for it."""
        look: Bounded[git.Repository | Unseen] | None = self.__dict__.get("_look")
        found = look.result(0) if look and look.wait(0) else None
        return found if isinstance(found, git.Repository) else None

    @property
    def repository(self) -> git.Repository | Unseen:
        """The repository to release, looked at once."""
        return self._look.result(self._bound)

    @property
    def absent(self) -> tuple[str, ...] | Unseen:
        """What the commit has of the gate folders and of the policy, and the work tree lacks."""
        return self._absent.result(self._bound)

    @property
    def gate_folders_of_all(self) -> tuple[Path, ...] | Unseen:
        """The gate folders of the whole repository, also those of the projects in it."""
        return self._gate_folders_of_all.result(self._bound)

    def tags(self) -> git.Tags:
        """Return the release's tags, and the heads of branches that gates ask for, here and on the remote."""
        return self._listing.result(self._bound)

    @cached_property
    def _look(self) -> Bounded[git.Repository | Unseen]:
        rules = rules_of(self._policy.git, self._own_outputs)
        return Bounded(lambda: git.look(self._top, rules))

    @cached_property
    def _absent(self) -> Bounded[tuple[str, ...] | Unseen]:
        return Bounded(lambda: git.absent(self._top, self._owed_files))

    @cached_property
    def _gate_folders_of_all(self) -> Bounded[tuple[Path, ...] | Unseen]:
        return Bounded(lambda: git.folders_called(self._top, GATE_FOLDER))

    @cached_property
    def _listing(self) -> Bounded[git.Tags]:
        """One question to the remote, for every ref that the run needs."""
        rules, owed = self._policy.git, {gate.id for gate in expected(self._policy)}
        names = [*tag_names(self._version, self._policy.version.prefix), *in_the_way(self._version)]
        names += ["*"] if "version-increases" in owed else []
        heads = [*rules.branches, self._target] if self._preview and self._target else rules.branches
        heads = ("*",) if "in-sync" in owed else heads
        return Bounded(
            lambda: git.tags(
                self._top, names, branches=heads, asked=self._remote.result(self._bound), listed=self._remotes
            )
        )

    @property
    def _built(self) -> git.BranchName | None:
        """The branch whose remote is asked: the one that is built, or in a preview, the one to merge into."""
        return self._named.result(self._bound)

    @cached_property
    def _named(self) -> Bounded[git.BranchName | None]:
        return Bounded(self._name)

    def _name(self) -> git.BranchName | None:
        if self._preview and self._target:
            return git.BranchName(self._target, "")
        head = git.head(self._top)
        return None if isinstance(head, Unseen) else self._branch_of(head)

    def _branch_of(self, head: git.Head | git.Repository) -> git.BranchName | None:
        needed = self._build is not None and self._build.qualified and not head.branch
        return branch_of(head, self._build, self._claimed, self.remotes if needed else ())

    @property
    def _target(self) -> str:
        """The branch that a pull request would be merged into, as far as it is named without asking Git."""
        return (self._build.target if self._build else "") or self._claimed

    def tag_object(self, name: str, id_: str) -> git.TagObject | Unseen | None:
        """Return what an annotated tag says, by its name and the id of its object; None: it is not annotated."""
        asked = self._remote.result(self._bound)
        return git.tag_object(self._top, name, id_, asked if isinstance(asked, git.Remote) else None)

    def target(self) -> git.MergeTarget | Unseen | None:
        """Return the branch that this work would be merged into, and who says so; None where there is no remote."""
        there, remote = self.tags().remote, self._remote.result(self._bound)
        if isinstance(remote, Unseen) or remote is None or not isinstance(there, git.Refs):
            return remote if isinstance(remote, Unseen) else there if isinstance(there, Unseen) else None
        if self._build and self._build.target:
            named = git.BranchName(self._build.target, self._build.provider)
        elif self._claimed:
            named = git.BranchName(self._claimed, git.CLAIM)
        else:
            default = git.default_branch(self._top, remote)
            if isinstance(default, Unseen):
                return default
            return git.MergeTarget(git.BranchName(default, str(remote)), str(remote), is_there=True)
        return git.MergeTarget(named, there.source, is_there=there.head(named.name) is not None)

    def standing(self, branch: str) -> git.Standing | Unseen | None:
        """Return how HEAD stands to a branch of the remote; None where the clone has no remote."""
        seen, remote = self.repository, self._remote.result(self._bound)
        if isinstance(seen, Unseen):
            return seen
        if isinstance(remote, Unseen) or remote is None:
            return remote
        return git.standing(self._top, seen.commit, self.tags(), branch, remote)

    @cached_property
    def _remote(self) -> Bounded[git.Remote | Unseen | None]:
        wanted = self._policy.git.remote
        return Bounded(lambda: git.find_remote(self._top, wanted, built=self._built, there=self._remotes))

    @property
    def remote(self) -> git.Remote | None:
        """The remote that was asked, if that is known already; nothing is asked for it."""
        found = self._remote.result(0) if "_remote" in self.__dict__ and self._remote.wait(0) else None
        return found if isinstance(found, git.Remote) else None

    @property
    def remotes(self) -> tuple[str, ...]:
        """The names of the clone's remotes, as far as Git says them."""
        return () if isinstance(self._remotes, Unseen) else tuple(self._remotes.fetched)

    @property
    def _remotes(self) -> git.Remotes | Unseen:
        return self._listed_remotes.result(self._bound)

    @cached_property
    def _listed_remotes(self) -> Bounded[git.Remotes | Unseen]:
        return Bounded(lambda: git.remotes(self._top))

    def branches_containing_head(self) -> git.Branches | Unseen:
        """Return the branches that contain HEAD."""
        asked = self._remote.result(self._bound)
        return git.branches_containing(self._top, self.tags(), self._policy.git.branches, asked=asked)

    @property
    def branch(self) -> git.BranchName | None:
        """The branch that the release is built from, and who says so."""
        seen = self.repository
        return None if isinstance(seen, Unseen) else self._branch_of(seen)

    def release_branch(self) -> str | Unseen:
        """Return the release branch that HEAD is on; of a tag build, the first allowed one that contains it."""
        if not self.built_tag:
            branch = self.branch
            return branch.name if branch else Unseen("the branch of HEAD cannot be determined", "see the gate `branch`")
        seen = self.branches_containing_head()
        if isinstance(seen, Unseen):
            return seen
        on = [name for glob in self._policy.git.branches for name in seen.containing if fnmatchcase(name, glob)]
        return on[0] if on else Unseen(f"tag {self.built_tag} is on no release branch", "see the gate `branch`")

    @cached_property
    def evidence(self) -> "Evidence | Unseen":
        """The forge of the project, as gates ask it about the commit."""
        from release_sentinel.observe import forge  # noqa: PLC0415 - late: few policies ask it

        rules, remote = self._policy.forge, self._remote.result(self._bound)
        if isinstance(remote, Unseen):
            return remote
        place = forge.find_place(
            self._variables, remote.url if remote else "", kind=rules.kind, url=rules.url, repository=rules.repository
        )
        if isinstance(place, Unseen):
            return place
        token, place = rules.token[2:-1], forge.for_reading(place)
        api = forge.Api.of(place, self._variables, token=token, timeout=rules.timeout, anonymous=True)
        if isinstance(api, Unseen):
            return api
        client = forge.Client(api, tries=rules.tries, deadline=rules.deadline)
        return forge.Evidence(client, forge.own_job(place.forge, self._variables))

    @property
    def built_tag(self) -> str:
        """The tag that this build is of; blank on a branch build."""
        seen, build, mode = self.repository, self._build, self._policy.git.tag_mode
        if mode == "new" or isinstance(seen, Unseen):
            return ""
        if build and build.tag and build.is_of(seen.commit):
            return build.tag
        return self._existing_tag() if mode in {"existing", "local"} else ""

    def _existing_tag(self) -> str:
        """Return the spelling of the version's tag that exists, the given one where none does."""
        names, there = tag_names(self._version, self._policy.version.prefix), self.tags()
        refs = [refs for refs in (there.remote, there.local) if isinstance(refs, git.Refs)]
        return next((name for name in names if any(seen.tag(name) for seen in refs)), names[0])

    def signature(self) -> git.Signature | Unseen:
        """Return what Git says of the signature of the tag that is built, or else of HEAD's commit."""
        tag = self.built_tag
        there = self.tags().remote if tag else None
        published = there.objects.get(f"refs/tags/{tag}", "") if isinstance(there, git.Refs) else ""
        return git.signature(self._top, tag=tag, published=published)

    @cached_property
    def process_table(self) -> processes.Table | Unseen:
        """The process table, read once a run."""
        return self.look_at_processes()

    def look_at_processes(self) -> processes.Table | Unseen:
        """Read the process table now."""
        return processes.processes(users=any(rule.user for rule in self._policy.processes))

    @cached_property
    def _units(self) -> dict[bool, Mapping[str, units.Unit] | Unseen]:
        return {}

    def unit_table(self, *, user: bool = False) -> Mapping[str, units.Unit] | Unseen:
        """Return what systemd says about the policy's units, or those of the user's own manager; asked once a run."""
        if user not in self._units:
            self._units[user] = self.look_at_units(user=user)
        return self._units[user]

    def look_at_units(self, *, user: bool = False) -> Mapping[str, units.Unit] | Unseen:
        """Ask systemd now."""
        return units.units([rule.unit for rule in self._policy.units if rule.user is user], user=user)

    def renew(self, environ: Mapping[str, str]) -> None:
        """Forget what was seen of the host, of services and of other hosts; `environ` holds the secrets of requests."""
        self._environ = environ
        if "hosts" in self.__dict__:
            self.hosts.close()
        for name in ("process_table", "_units", "hosts"):
            self.__dict__.pop(name, None)

    @cached_property
    def hosts(self) -> "Hosts":
        """The other hosts, which are asked once for all their gates."""
        from release_sentinel.plugin.hosts import Hosts  # noqa: PLC0415 - late: few policies have any

        return Hosts(self._policy.targets(HostRule), self._bound, self._policy.required.secrets)

    def question(self, check: Callable[..., CheckResult], target: Target, **observed: object) -> Question:
        """Return the question whether `target` is good, and stays so for as long as its policy wants."""
        if isinstance(target, HostRule):
            observed["observe"] = lambda: self.hosts.look(target.name_in_list)
        elif target.on_host:  # what is observed of this machine is not wanted
            observed = {"observe": self.hosts.observer(target)}
        if any(headers(target)):
            observed["environ"] = self._environ
        return lambda: steadily(lambda: check(target, **observed), target.steady)
