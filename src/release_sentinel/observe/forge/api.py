"""One question to a forge's API: with its token, within a deadline, and what a refusal means."""

import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from msgspec import Struct

from release_sentinel import strict_json
from release_sentinel.config.variables import look_up
from release_sentinel.observe import Unseen, bodies, http
from release_sentinel.observe.forge.place import GITEA, GITHUB, GITLAB, Place
from release_sentinel.tokens import JOB_TOKENS

_HELD = "TOKEN"  # the reference by which the token gets into a header
_LIMITED = {403, 429}
MOVED = {301, 302, 303, 307, 308}
_NOT_FOUND = "there is no such repository, or the token may not see it"
_SECONDARY = b"secondary rate limit"
_SECONDARY_PAUSE = 60.0  # seconds; GitHub's own advice where it names no time


class Api(Struct, frozen=True):
    """A place and the token for it. `timeout` is for one try, in seconds."""

    place: Place
    token: str
    token_name: str
    timeout: float = 5.0

    def __repr__(self) -> str:
        return f"Api({self.place})"  # the token is a secret

    @classmethod
    def of(
        cls,
        place: Place,
        environ: Mapping[str, str],
        *,
        token: str = "",
        timeout: float = 5.0,
        anonymous: bool = False,
    ) -> "Api | Unseen":
        """Return the API of a place with the token in the variable `token`, or in the place's own, or in its file.

        Where no token is named and none is set, it may be `anonymous`.
        """
        names = (token,) if token else place.tokens
        for name in names:
            held = look_up(name, environ)
            if held.problem:
                return Unseen(held.problem)
            if (held.text or "").strip():
                return cls(place, (held.text or "").strip(), name, timeout)
        if anonymous and not token:
            return cls(place, "", "", timeout)
        return Unseen(f"{' or '.join(names)} not set", "set it in the CI job's environment")

    def ask(
        self,
        method: str,
        path: str,
        *,
        content: Any = None,
        tries: int = 1,
        deadline: float = 30.0,
        most: int = bodies.MOST,
    ) -> http.Exchange | Unseen:
        """Ask for a path below the API's address, of an answer at most `most` bytes.

        No redirect is followed: the token is for one server.
        """
        headers = {"User-Agent": "release-sentinel", **self._headers()}
        request = http.Request(
            self.place.api + path,
            method,
            headers,
            timeout=min(self.timeout, deadline),
            tries=tries,
            deadline=deadline,
            content=content,
            most=most,
            # Plain HTTP, allowed on loopback only, would show the token to a proxy.
            proxy="none" if self.place.api.startswith("http://") else "",
        )
        return http.ask(request, {_HELD: self.token})

    def _headers(self) -> dict[str, str]:
        headers = self._headers_with_token()
        return headers if self.token else {name: value for name, value in headers.items() if _HELD not in value}

    def _headers_with_token(self) -> dict[str, str]:
        if self.place.forge is GITLAB:
            is_job_s = self.token_name in JOB_TOKENS[GITLAB.kind]
            return {"JOB-TOKEN" if is_job_s else "PRIVATE-TOKEN": f"${{{_HELD}}}"}
        if self.place.forge is GITEA:
            return {"Authorization": f"token ${{{_HELD}}}"}
        return {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer ${{{_HELD}}}",
            "X-GitHub-Api-Version": "2022-11-28",
        }

    def refusal(self, seen: http.Exchange, needs: str = "") -> str:
        """Return what an answer that is not a success means, with the forge's own words.

        `needs` are the permissions that the request needs; by default those of a release.
        """
        name, status, said = self.place.forge.name, seen.status or 0, words_of(seen.body)
        if is_limit(seen):
            means = f"{name} limits the rate of requests: try again later"
        elif status == 401:
            means = f"{name} does not know the token: {self.token_name} is wrong, or has expired"
            means = means if self.token else f"{name} wants a token, and none is set"
        elif status == 403:
            means = f"the token may not do this: it needs {needs}" if needs else self._release_refusal
        elif status == 404:
            means = f"it is not there, or the token lacks {needs}" if needs else _NOT_FOUND
        elif status in MOVED:
            means = f"the repository has moved: correct {self.place.forge.repository}, or `repository` in `[forge]`"
        elif status >= 500:
            means = f"{name} has a failure"
        elif status == 202:
            means = f"{name} has not prepared the answer yet"
        elif status < 400:
            means = f"{name} answers without what was asked for, as a cache or a proxy may do"
        else:
            means = f"{name} refuses the request"
        return f"{means} (HTTP {status}{f', {said}' if said else ''})"

    @property
    def _release_refusal(self) -> str:
        permission = {
            GITHUB.kind: "give the job `permissions: contents: write`",
            GITLAB.kind: f"{self.token_name} needs the scope `api` and the role Developer; CI_JOB_TOKEN has both in CI",
            GITEA.kind: f"{self.token_name} needs the scope `write:repository`",
        }[self.place.forge.kind]
        return f"the token may not do this: {permission}"


def repository_path(name: str) -> str:
    """Return the path of a repository in the API of GitHub or Gitea."""
    return "/repos/" + "/".join(map(quoted, name.split("/")))


def quoted(text: str) -> str:
    """Return a name as one part of a path."""
    return quote(text, safe="")


def is_limit(seen: http.Exchange) -> bool:
    """Return whether a refusal is one of a limit on the rate of requests, also GitHub's secondary one."""
    if seen.status not in _LIMITED:
        return False
    by_header = bool(seen.headers.get("Retry-After")) or _header(seen, "Remaining") == "0"
    return seen.status == 429 or by_header or _SECONDARY in seen.body.lower()


def pause(seen: http.Exchange) -> float:
    """Return the seconds after which a limit ends, by the answer itself; 0 if it does not say."""
    if said := seen.headers.get("Retry-After", ""):
        return http.retry_after(said)
    if (reset := _header(seen, "Reset")).isdecimal() and _header(seen, "Remaining") == "0":
        return max(0.0, float(reset) - time.time())
    return _SECONDARY_PAUSE if _SECONDARY in seen.body.lower() else 0.0


def _header(seen: http.Exchange, name: str) -> str:
    """Return a header about the rate limit, as GitHub and Gitea, or as GitLab, call it."""
    return str(seen.headers.get(f"X-RateLimit-{name}") or seen.headers.get(f"RateLimit-{name}") or "")


def words_of(body: bytes) -> str:
    """Return the message of an error, and its details, in one line; blank if the body holds none."""
    try:
        answer = strict_json.loads(body)
        details = answer.get("errors") if isinstance(answer.get("errors"), list) else []
        more = [one.get("message") or one.get("code") or "" if isinstance(one, dict) else one for one in details]
        parts = [answer.get("message") or answer.get("error") or "", *more]
        return " ".join("; ".join(str(part) for part in parts if part).split())
    except (ValueError, LookupError, TypeError, AttributeError):
        return ""
