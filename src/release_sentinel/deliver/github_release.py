"""A release on GitHub for a tag that is there: one request to the API, and one clear sentence when it is not taken."""

import os
from collections.abc import Mapping
from urllib.parse import urlsplit

from msgspec import Struct

from release_sentinel import __version__, strict_json
from release_sentinel.errors import DeliveryError
from release_sentinel.observe import Unseen, http

SECONDS = 10.0
_NOTES = 120_000  # characters; GitHub takes 125,000
_WORDS = {
    401: "GitHub does not know the token: GITHUB_TOKEN is wrong, or has expired",
    403: "the token may not create releases: give the job `permissions: contents: write`",
    404: "there is no such repository, or the token may not see it",
    422: "GitHub refuses this release",
    429: "GitHub limits the rate of requests: try again later",
}


class NewRelease(Struct, frozen=True):
    """What is released: a tag that is on GitHub, at `commit`."""

    tag: str
    commit: str
    notes: str  # Markdown
    prerelease: bool = False


def create_release(new: NewRelease, environ: Mapping[str, str] | None = None, *, seconds: float = SECONDS) -> str:
    """Create a release, and return where it can be seen; raises `DeliveryError`.

    `GITHUB_TOKEN`, `GITHUB_REPOSITORY` and `GITHUB_API_URL` say with what, for whom and where, as GitHub Actions sets
    them. There is one try, and no redirect is followed: the first try may have created the release, and the token is
    for one server.
    """
    environ = os.environ if environ is None else environ
    if missing := [name for name in ("GITHUB_TOKEN", "GITHUB_REPOSITORY") if not environ.get(name, "").strip()]:
        raise DeliveryError(f"no release on GitHub: {' and '.join(missing)} not set")
    seen = http.ask(_request(new, environ, seconds), environ)
    asked = f"no release of {environ['GITHUB_REPOSITORY']} on GitHub"
    if isinstance(seen, Unseen):
        raise DeliveryError(f"{asked}: {seen.why}")
    if seen.status is None:
        is_open = any(words in seen.error for words in ("no answer", "breaks off"))
        unknown = "; whether it was created is unknown: check before you try again" if is_open else ""
        raise DeliveryError(f"{asked}: {seen.error}{unknown}")
    if not 200 <= seen.status < 300:
        raise DeliveryError(f"{asked}: {_refusal(seen.status, seen)}")
    try:
        return str(dict(strict_json.loads(seen.body)).get("html_url") or f"release {new.tag}")
    except (ValueError, TypeError) as error:
        raise DeliveryError(f"{asked}: HTTP {seen.status}, but the answer is not JSON: {error}") from None


def _request(new: NewRelease, environ: Mapping[str, str], seconds: float) -> http.Request:
    api = environ.get("GITHUB_API_URL", "").strip().rstrip("/") or "https://api.github.com"
    if urlsplit(api).scheme not in {"http", "https"}:
        raise DeliveryError("no release on GitHub: GITHUB_API_URL is not a URL that begins with https://")
    content = {
        "tag_name": new.tag,
        "target_commitish": new.commit,
        "name": new.tag,
        "body": new.notes[:_NOTES],
        "draft": False,
        "prerelease": new.prerelease,
    }
    headers = {
        "Accept": "application/vnd.github+json",
        "Authorization": "Bearer ${GITHUB_TOKEN}",
        "User-Agent": f"release-sentinel/{__version__}",
        "X-GitHub-Api-Version": "2022-11-28",
    }
    url = f"{api}/repos/{environ['GITHUB_REPOSITORY'].strip()}/releases"
    return http.Request(url, "POST", headers, timeout=seconds, tries=1, deadline=seconds, content=content)


def _refusal(status: int, seen: http.Exchange) -> str:
    """Return why a request was refused, with GitHub's own words."""
    said = _said(seen.body)
    if status in {403, 429} and seen.headers.get("X-RateLimit-Remaining") == "0":
        words = _WORDS[429]
    elif status in _WORDS:
        words = _WORDS[status]
    elif 300 <= status < 400:
        words = "the repository has moved: correct GITHUB_REPOSITORY"
    elif status >= 500:
        words = "GitHub has a failure: check whether the release was created, and try again"
    else:
        words = "GitHub refuses the request"
    return f"{words} (HTTP {status}{f', {said}' if said else ''})"


def _said(body: bytes) -> str:
    """Return the message of an error, and its details, in one line."""
    try:
        answer = strict_json.loads(body)
        details = [detail.get("message") or detail.get("code") or "" for detail in answer.get("errors", ())]
        return " ".join("; ".join(filter(None, [str(answer["message"]), *map(str, details)])).split())
    except (ValueError, LookupError, TypeError, AttributeError):
        return ""
