"""What a forge knows about the released commit, for all gates that ask: one client, and one reader by its kind."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from release_sentinel.observe import Unseen
from release_sentinel.observe.forge.client import Client, Refused, RefusedError
from release_sentinel.observe.forge.gitea import Gitea
from release_sentinel.observe.forge.github import GitHub
from release_sentinel.observe.forge.gitlab import GitLab
from release_sentinel.observe.forge.place import GITEA, GITHUB, GITLAB
from release_sentinel.observe.forge.records import Blockers, Checks, Own, Required, Review
from release_sentinel.sentences import sentence

Seen = TypeVar("Seen", bound=Struct)


class Reader(Protocol):
    """How one kind of forge is asked. Each method may raise `RefusedError`."""

    def checks(self, commit: str, branch: str, *, required: bool, names: Sequence[Required]) -> Checks:
        """Return the checks of a commit; with `required` those that its branch requires.

        With globs among `names`, also runs that have no check, such as a workflow that failed to start.
        """

    def review(self, commit: str, branch: str, approvals: int) -> Review:
        """Return how a commit came to a branch."""

    def blockers(self, labels: tuple[str, ...]) -> Blockers:
        """Return what is open and has one of the labels."""


_READERS: dict[str, Callable[[Client, Own | None], Reader]] = {
    GITHUB.kind: GitHub,
    GITLAB.kind: GitLab,
    GITEA.kind: Gitea,
}


class Evidence:
    """Answers about one project. What a forge does not say, or not as it documents it, is `Unseen`."""

    def __init__(self, client: Client, own: Own | None = None) -> None:
        self._client = client
        self._reader = _READERS[client.api.place.forge.kind](client, own)

    @property
    def name(self) -> str:
        """The forge's name, for messages."""
        return self._client.api.place.forge.name

    def checks(self, commit: str, branch: str, *, required: bool, names: Sequence[Required] = ()) -> Checks | Unseen:
        """Ask, anew each time, for the checks of a commit and those that its branch requires.

        `names` are those that the policy names.
        """
        return self._ask(lambda: self._reader.checks(commit, branch, required=required, names=names), commit)

    def review(self, commit: str, branch: str, approvals: int) -> Review | Unseen:
        """Ask how a commit came to a branch."""
        return self._ask(lambda: self._reader.review(commit, branch, approvals), commit)

    def blockers(self, labels: tuple[str, ...]) -> Blockers | Unseen:
        """Ask for what is open and has one of the labels."""
        return self._ask(lambda: self._reader.blockers(labels))

    def _ask(self, question: Callable[[], Seen], commit: str = "") -> Seen | Unseen:
        self._client.begin()
        try:
            answer: Any = question()
        except RefusedError as error:
            return self._not_pushed(error.seen, commit) or error.seen
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            why = f"{self.name} answers otherwise than its API documents ({sentence(error)})"
            return Unseen(why, "correct `kind` and `url` in `[forge]`, or report this")
        return replace(answer, retried=tuple(self._client.retried))  # type: ignore[no-any-return]  # of the same class

    def _not_pushed(self, seen: Unseen, commit: str) -> Unseen | None:
        """Return what a refusal means that is about the commit."""
        if not isinstance(seen, Refused) or not commit:
            return None
        about = "commit" in seen.words.lower() or "sha" in seen.words.lower() or commit in seen.words
        if seen.status == 422 or (seen.status == 404 and about):
            place = self._client.api.place.repository
            why = f"{self.name} does not know commit {commit[:12]}: it is not pushed to {place}"
            return Unseen(why, "git push, and let the checks run")
        return None
