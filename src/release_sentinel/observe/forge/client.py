"""Reads of a forge's API: tried again, waited for where it limits requests, page by page, each asked once."""

import random
import re
import time
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

from msgspec import Struct

from release_sentinel import strict_json
from release_sentinel.observe import Unseen, http
from release_sentinel.observe.forge.api import MOVED, Api, is_limit, pause, words_of

Seen = TypeVar("Seen")

_FIRST_PAUSE = 0.5  # seconds; doubled each time, then drawn from 0 to that
_MOST = 32 << 20  # bytes of an answer: 100 issues with long texts
_NEXT = re.compile(r'<([^>]*)>\s*;[^,]*\brel="?next"?')
_MOST_PAGES = 200
_RETRIED = http.RETRIED | {202}
_LATER = "try again later"


class Refused(Unseen, frozen=True):
    """An answer that is not a success. `status` is that of HTTP; `words` are the forge's own."""

    status: int = 0
    words: str = ""


class RefusedError(Exception):
    """Carries a refusal to the one place that returns it."""

    def __init__(self, seen: Unseen) -> None:
        super().__init__(seen.why)
        self.seen = seen


class _Page(Struct, frozen=True):
    body: Any
    next: str  # the path of the next page; blank on the last one


class Client:
    """Reads of one API. `deadline` bounds each question, of as many requests as it takes; times in seconds."""

    def __init__(
        self, api: Api, *, tries: int = 3, deadline: float = 30.0, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self.api, self._tries, self._deadline, self._sleep = api, tries, deadline, sleep
        self._end = time.monotonic() + deadline
        self._kept: dict[str, dict[str, _Page]] = {}  # by the path that was asked for: its pages, by their own paths
        self.retried: list[str] = []

    def begin(self) -> None:
        """Begin a question: its deadline runs from now on."""
        self._end, self.retried = time.monotonic() + self._deadline, []

    def forget(self, path: str) -> None:
        """Ask anew for every path that begins with `path`, with all pages of its answer."""
        self._kept = {asked: pages for asked, pages in self._kept.items() if not asked.startswith(path)}

    def get(self, path: str, needs: str) -> dict[str, Any]:
        """Return an answer; raises `RefusedError`, which names the permission that the request `needs`."""
        body = self._page(path, path, needs).body
        if not isinstance(body, dict):
            raise TypeError(path)
        return body

    def find(self, path: str, needs: str) -> dict[str, Any] | None:
        """Return an answer; None where there is nothing."""
        return _unless_absent(lambda: self.get(path, needs), 404)

    def find_pages(self, path: str, needs: str) -> list[dict[str, Any]]:
        """Return the entries of all pages; none where there is nothing."""
        return _unless_absent(lambda: self.pages(path, needs), 404) or []

    def has_more(self, path: str, needs: str, absent: int = 404) -> bool | None:
        """Return whether there is a second page; None where there is nothing."""
        return _unless_absent(lambda: bool(self._page(path, path, needs).next), absent)

    def pages(self, path: str, needs: str, key: str = "", *, to_empty: bool = False) -> list[dict[str, Any]]:
        """Return the entries of all pages, those below `key` where an answer is not a list itself.

        With `to_empty` the last page is an empty one, or the same again: the forge does not say how many there are.
        """
        found: list[dict[str, Any]] = []
        asked, seen, total = path, set[str](), 0
        while path:
            if path in seen or len(seen) >= _MOST_PAGES:
                raise RefusedError(Unseen(f"{self._name} does not come to an end of its pages", _LATER))
            seen.add(path)
            page = self._page(asked, path, needs)
            entries = page.body[key] if key else page.body
            entries = [] if key and entries is None else entries
            if not isinstance(entries, list):
                raise TypeError(key)
            if to_empty and entries and found[-len(entries) :] == entries:
                break
            found += entries
            total = int(page.body.get("total_count") or 0) if key else 0
            path = page.next or (_turned(path) if entries and (to_empty or len(found) < total) else "")
        if len(found) < total:
            raise RefusedError(Unseen(f"{self._name} announces {total} entries, and sends {len(found)}", _LATER))
        return found

    @property
    def _name(self) -> str:
        return self.api.place.forge.name

    def _page(self, asked: str, path: str, needs: str) -> _Page:
        """Return a page of what was asked for."""
        kept = self._kept.setdefault(asked, {})
        if path not in kept:
            seen = self._ask(path, needs)
            try:
                body = strict_json.loads(seen.body)
            except ValueError:
                why = f"{self._name} answers with something that is not JSON: a login page, or a proxy's"
                raise RefusedError(Unseen(f"{why} ({seen.url})", "correct `url` in `[forge]`")) from None
            if not seen.whole:
                raise RefusedError(Unseen(f"the answer of {self._name} is longer than {_MOST >> 20} MiB", _LATER))
            kept[path] = _Page(body, self._next(path, seen))
        return kept[path]

    def _ask(self, path: str, needs: str) -> http.Exchange:
        number = 0
        while True:
            number += 1
            left = self._end - time.monotonic()
            if left <= 0:
                raise RefusedError(
                    Unseen(
                        f"{self._name} did not answer everything within {self._deadline:g} s",
                        "raise `deadline` in `[forge]`",
                    )
                )
            seen = self.api.ask("GET", path, deadline=left, most=_MOST)
            if isinstance(seen, Unseen):
                raise RefusedError(seen)
            if seen.status == 200:
                return seen
            limit = is_limit(seen)
            again = seen.status is None or seen.status in _RETRIED or limit
            wait = max(pause(seen), random.uniform(0, _FIRST_PAUSE * 2 ** (number - 1)))  # noqa: S311 - jitter
            if not again or (number >= self._tries) or time.monotonic() + wait >= self._end:
                raise RefusedError(self._refused(seen, needs))
            self.retried.append(seen.error or f"HTTP {seen.status}")
            self._sleep(wait)

    def _refused(self, seen: http.Exchange, needs: str) -> Unseen:
        if seen.status is None:
            return Unseen(f"{self._name} does not answer: {seen.error}", _LATER)
        why, status = self.api.refusal(seen, needs), seen.status
        if is_limit(seen):
            seconds = pause(seen)
            return Refused(f"{why}; it ends in {seconds:.0f} s" if seconds else why, _LATER, status)
        remedy = _LATER if status >= 500 or status == 202 else "correct `repository` in `[forge]`"
        if status not in {202, *MOVED} and status < 400:
            remedy = "correct `url` in `[forge]`, or what answers there"
        if status in {401, 403, 404}:
            given = f"set {self.api.place.tokens[0]}: it was asked without a token, which needs {needs}"
            remedy = f"give the token {needs}" if self.api.token else given
        return Refused(why, remedy, seen.status, words_of(seen.body))

    def _next(self, path: str, seen: http.Exchange) -> str:
        """Return the path of the next page. A page on another server is refused: the token is for this one."""
        if match := _NEXT.search(str(seen.headers.get("Link") or "")):
            base = self.api.place.api
            address: str = urljoin(base + path, match[1])
            if not address.startswith(base + "/"):
                shown = urlsplit(address).netloc.rpartition("@")[2]
                why = f"{self._name} continues on {shown}, which is not the address of its API"
                raise RefusedError(Unseen(why, "correct `url` in `[forge]`"))
            return address.removeprefix(base)
        number = str(seen.headers.get("X-Next-Page") or "").strip()
        return _turned(path, number) if number.isdecimal() else ""


def _unless_absent(ask: Callable[[], Seen], absent: int) -> Seen | None:
    try:
        return ask()
    except RefusedError as error:
        if isinstance(error.seen, Refused) and error.seen.status == absent:
            return None
        raise


def _turned(path: str, number: str = "") -> str:
    """Return the path of another page, by default the next one."""
    parts = urlsplit(path)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    query["page"] = number or str(int(query.get("page", "1")) + 1)
    return f"{parts.path}?{urlencode(query)}"
