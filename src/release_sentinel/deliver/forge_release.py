"""A release on the forge for a tag that exists. However a try ended, the next one finishes the same release."""

import random
import time
from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from release_sentinel import strict_json
from release_sentinel.errors import DeliveryError
from release_sentinel.observe import Unseen, http
from release_sentinel.observe.forge import GITEA, GITHUB, GITLAB, Api
from release_sentinel.observe.forge.api import is_limit, pause, quoted

_FIRST_PAUSE = 0.5  # seconds; doubled each time, then drawn from half of that to all of it
_EXISTS = {409, 422}  # what forges answer where there is a release already
_NO_WAIT = "after the last try nothing is waited for"
_UNKNOWN = "; whether it was created is unknown: look there before you try again"


class NewRelease(Struct, frozen=True):
    """What is released: a tag that is on the forge, at `commit`."""

    tag: str
    commit: str
    notes: str  # Markdown
    prerelease: bool = False


class _Format(Struct, frozen=True):
    """How a kind of forge writes releases."""

    all: str  # the path of all releases
    one: str  # the path of one, by its tag
    content: Callable[[NewRelease], Mapping[str, Any]]
    url: Callable[[Any], Any]  # where people see a release
    notes: int = 120_000  # characters; GitHub takes 125,000


def _github(new: NewRelease) -> Mapping[str, Any]:
    return {
        "tag_name": new.tag,
        "target_commitish": new.commit,
        "name": new.tag,
        "body": new.notes,
        "draft": False,
        "prerelease": new.prerelease,
    }


def _gitlab(new: NewRelease) -> Mapping[str, Any]:
    return {"tag_name": new.tag, "name": new.tag, "description": new.notes}


_REPOSITORIES = _Format(
    "/repos/{repository}/releases",
    "/repos/{repository}/releases/tags/{tag}",
    _github,
    lambda answer: answer.get("html_url"),
)
_FORMATS = {
    GITHUB.kind: _REPOSITORIES,
    GITEA.kind: _REPOSITORIES,
    GITLAB.kind: _Format(
        "/projects/{repository}/releases",
        "/projects/{repository}/releases/{tag}",
        _gitlab,
        lambda answer: answer.get("_links", {}).get("self"),
        notes=900_000,
    ),
}
_CUT = "\n\n… (cut: the notes are longer than the forge takes)"


def create_release(api: Api, new: NewRelease, *, tries: int = 3, deadline: float = 30.0) -> str:
    """Create a release, and return a sentence that says where it is seen; raises `DeliveryError`.

    One that exists is found, not created twice: it is looked up after each try whose outcome is unknown, and where the
    forge refuses a second one. Failures that may pass are tried again, within `deadline` seconds.
    """
    return _Creation(api, new, tries, time.monotonic() + deadline).run()


class _Creation:
    def __init__(self, api: Api, new: NewRelease, tries: int, end: float) -> None:
        self._api, self._new, self._tries, self._end = api, new, tries, end
        self._format = _FORMATS[api.place.forge.kind]
        self._asked = f"no release of {api.place}"

    @property
    def _left(self) -> float:
        return max(0.1, self._end - time.monotonic())

    def run(self) -> str:
        for number in range(1, self._tries + 1):
            made = self._create()
            if isinstance(made, str):
                return made
            is_open = _is_open(made)
            if (is_open or made.status in _EXISTS) and (there := self._found_after(made, is_open=is_open)):
                return there
            wait = self._wait(made, number)
            if wait is None:
                raise DeliveryError(f"{self._asked}: {self._why(made)}")
            time.sleep(wait)
        raise AssertionError(_NO_WAIT)

    def _create(self) -> str | http.Exchange:
        """Create the release; return its address, or the answer that is not a success."""
        format_, new = self._format, self._new
        if len(new.notes) > format_.notes:
            new = NewRelease(new.tag, new.commit, new.notes[: format_.notes - len(_CUT)] + _CUT, new.prerelease)
        seen = self._api.ask("POST", self._path(format_.all), content=format_.content(new), deadline=self._left)
        if isinstance(seen, Unseen):
            raise DeliveryError(f"{self._asked}: {seen.why}")
        if seen.status is not None and 200 <= seen.status < 300:
            return self._url(seen.body) or seen
        return seen

    def _look_up(self) -> str:
        """Return the address of the tag's release, a blank if there is none; raises `DeliveryError`."""
        why = f"{self._asked}: whether there is one cannot be determined"
        for number in range(1, self._tries + 1):
            seen = self._api.ask("GET", self._path(self._format.one), deadline=self._left)
            if isinstance(seen, Unseen):
                raise DeliveryError(f"{why}: {seen.why}")
            if seen.status == 404:
                return ""
            if seen.status is not None and 200 <= seen.status < 300 and (url := self._url(seen.body)):
                return url
            wait = self._wait(seen, number)
            if wait is None:
                raise DeliveryError(f"{why}: {self._why(seen)}")
            time.sleep(wait)
        raise AssertionError(_NO_WAIT)

    def _found_after(self, made: http.Exchange, *, is_open: bool) -> str:
        try:
            there = self._look_up()
        except DeliveryError:
            if not is_open:
                return ""
            raise DeliveryError(f"{self._asked}: {self._why(made)}{_UNKNOWN}") from None
        return there if is_open or not there else f"{there}, which was there already"

    def _wait(self, made: http.Exchange, number: int) -> float | None:
        """Return the seconds to wait before the next try; None if it must not be tried again, or not in time."""
        again = _is_open(made) or made.status in http.RETRIED or is_limit(made)
        if number == self._tries or not again:
            return None
        jitter = random.uniform(0.5, 1.0) * _FIRST_PAUSE * 2 ** (number - 1)  # noqa: S311 - not a key
        wait = max(pause(made), jitter)
        return wait if time.monotonic() + wait < self._end else None

    def _why(self, seen: http.Exchange) -> str:
        if seen.status is None:
            return seen.error
        if 200 <= seen.status < 300:
            return f"HTTP {seen.status}, and the answer is not a release of the tag"
        if is_limit(seen) and (seconds := pause(seen)):
            return f"{self._api.refusal(seen)}; it ends in {seconds:.0f} s"
        return self._api.refusal(seen)

    def _url(self, body: bytes) -> str:
        """Return where the release that an answer describes is seen; blank if it describes none, or another one."""
        try:
            answer = strict_json.loads(body)
            seen = self._format.url(answer) or f"release {self._new.tag}"
            return str(seen) if answer.get("tag_name", self._new.tag) == self._new.tag else ""
        except (ValueError, LookupError, TypeError, AttributeError):
            return ""

    def _path(self, template: str) -> str:
        repository = self._api.place.repository
        in_one = self._api.place.forge is GITLAB
        name = quoted(repository) if in_one else "/".join(map(quoted, repository.split("/")))
        return template.format(repository=name, tag=quoted(self._new.tag))


def _is_open(made: http.Exchange) -> bool:
    """Return whether a try may have created the release although it did not say so."""
    if made.status is None:
        return True
    return 200 <= made.status < 300 or made.status == 408 or made.status >= 500
