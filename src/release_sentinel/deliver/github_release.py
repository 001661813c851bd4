"""A release on GitHub for a tag that is there: one request to the API, and one clear sentence when it is not taken."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from release_sentinel import __version__
from release_sentinel.errors import DeliveryError
from release_sentinel.observe.bounded import Bounded

SECONDS = 10.0
_LONGEST = 1 << 20  # bytes of an answer
_NOTES = 120_000  # characters; GitHub takes 125,000
_WORDS = {
    401: "GitHub does not know the token: GITHUB_TOKEN is wrong, or has expired",
    403: "the token may not create releases: give the job `permissions: contents: write`",
    404: "there is no such repository, or the token may not see it",
    422: "GitHub refuses this release",
    429: "GitHub has had enough requests for now: try again later",
}


@dataclass(frozen=True)
class NewRelease:
    """What is released: a tag that is on GitHub, at `commit`."""

    tag: str
    commit: str
    notes: str  # Markdown
    prerelease: bool = False


def create_release(new: NewRelease, environ: Mapping[str, str] | None = None, *, seconds: float = SECONDS) -> str:
    """Create a release, and return where it can be seen; raises `DeliveryError`.

    `GITHUB_TOKEN`, `GITHUB_REPOSITORY` and `GITHUB_API_URL` say with what, for whom and where, as GitHub Actions sets
    them. Nothing is tried twice: the first try may have been heard.
    """
    environ = os.environ if environ is None else environ
    if missing := [name for name in ("GITHUB_TOKEN", "GITHUB_REPOSITORY") if not environ.get(name, "").strip()]:
        raise DeliveryError(f"no release on GitHub: {' and '.join(missing)} not set")
    request = _request(new, environ)
    asked = f"no release of {environ['GITHUB_REPOSITORY']} on GitHub"
    try:
        answer = Bounded(lambda: _ask(request, seconds)).result(seconds)
    except TimeoutError:
        unknown = "whether it was made is unknown: look before you try again"
        raise DeliveryError(f"{asked} is told of: no answer within {seconds:g} s; {unknown}") from None
    except HTTPError as error:
        raise DeliveryError(f"{asked}: {_refusal(error)}") from None
    except (OSError, HTTPException, ValueError) as error:
        raise DeliveryError(f"{asked}: {getattr(error, 'reason', None) or error}") from None
    return str(answer.get("html_url") or f"release {new.tag}")


def _request(new: NewRelease, environ: Mapping[str, str]) -> Request:
    api = environ.get("GITHUB_API_URL", "").strip().rstrip("/") or "https://api.github.com"
    if urlsplit(api).scheme not in {"http", "https"}:
        raise DeliveryError("no release on GitHub: GITHUB_API_URL is no address that begins with https://")
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
        "Authorization": f"Bearer {environ['GITHUB_TOKEN'].strip()}",
        "Content-Type": "application/json",
        "User-Agent": f"release-sentinel/{__version__}",
        "X-GitHub-Api-Version": "2022-11-28",
    }
    url = f"{api}/repos/{environ['GITHUB_REPOSITORY'].strip()}/releases"
    return Request(url, json.dumps(content).encode(), headers, method="POST")  # noqa: S310 - http and https alone


class _NoRedirect(HTTPRedirectHandler):
    """Goes nowhere else: the token is for one server."""

    def redirect_request(self, *_: object) -> None:
        return None


def _ask(request: Request, seconds: float) -> dict[str, Any]:
    with build_opener(_NoRedirect).open(request, timeout=seconds) as response:
        return dict(json.loads(response.read(_LONGEST)))


def _refusal(error: HTTPError) -> str:
    """Return why a request was refused, with GitHub's own words."""
    said = _said(error)
    if error.code in {403, 429} and error.headers.get("X-RateLimit-Remaining") == "0":
        words = _WORDS[429]
    elif error.code in _WORDS:
        words = _WORDS[error.code]
    elif 300 <= error.code < 400:
        words = "the repository has moved: correct GITHUB_REPOSITORY"
    elif error.code >= 500:
        words = "GitHub is unwell: look whether the release was made, and try again"
    else:
        words = "GitHub refuses"
    return f"{words} (HTTP {error.code}{f', {said}' if said else ''})"


def _said(error: HTTPError) -> str:
    try:
        answer = json.loads(Bounded(lambda: error.read(_LONGEST)).result(1.0))
        details = [detail.get("message") or detail.get("code") or "" for detail in answer.get("errors", ())]
        return " ".join("; ".join(filter(None, [str(answer["message"]), *map(str, details)])).split())
    except (OSError, ValueError, LookupError, TypeError, AttributeError, HTTPException, URLError):
        return ""
