"""Where a project is hosted: the kind of forge, the address of its API, the repository's name there."""

from collections.abc import Mapping
from urllib.parse import quote, urlsplit

from msgspec import Struct
from msgspec.structs import replace

from release_sentinel.observe import Unseen
from release_sentinel.observe.git.remotes import location
from release_sentinel.tokens import JOB_TOKENS, TOKENS

_NAME_IT = "name it in the policy's `[forge]`"
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Forge(Struct, frozen=True):
    """A kind of forge.

    `ci` are the variables that mark its own CI, by which the other variables of it are believed.
    """

    kind: str
    name: str
    hosts: Mapping[str, str]  # the public servers: host, and the address of the API
    path: str  # of the API on any other server
    ci: tuple[str, ...]
    api: str  # the variable with the address of the API
    repository: str  # the variable with the repository's name


GITEA = Forge(
    "gitea",
    "Gitea",
    {"codeberg.org": "https://codeberg.org/api/v1", "gitea.com": "https://gitea.com/api/v1"},
    "/api/v1",
    ("FORGEJO_ACTIONS", "GITEA_ACTIONS"),
    "GITHUB_API_URL",
    "GITHUB_REPOSITORY",
)
GITHUB = Forge(
    "github",
    "GitHub",
    {"github.com": "https://api.github.com"},
    "/api/v3",
    ("GITHUB_ACTIONS",),
    "GITHUB_API_URL",
    "GITHUB_REPOSITORY",
)
GITLAB = Forge(
    "gitlab",
    "GitLab",
    {"gitlab.com": "https://gitlab.com/api/v4"},
    "/api/v4",
    ("GITLAB_CI",),
    "CI_API_V4_URL",
    "CI_PROJECT_PATH",
)
# Gitea and Forgejo set GITHUB_ACTIONS as well, so they come first.
FORGES = (GITEA, GITHUB, GITLAB)


class Place(Struct, frozen=True):
    """One repository on one forge."""

    forge: Forge
    api: str  # the address of the API, without a slash at its end
    repository: str  # `owner/name`; on GitLab groups may come before it
    tokens: tuple[str, ...]  # the variables that may hold the token, the first that is set counts

    def __str__(self) -> str:
        return f"{self.repository} on {self.forge.name}"


def find_place(
    environ: Mapping[str, str],
    remote: str = "",
    *,
    kind: str = "",
    url: str = "",
    repository: str = "",
) -> Place | Unseen:
    """Return where the project is, by what is said (`kind`, `url`, `repository`), the variables of CI, or `remote`.

    `remote` is the address of the remote that was judged. Variables of CI that name another repository on the same
    server than the remote are refused: what is released there is not what was judged.
    """
    host, path = location(remote)
    forge = _forge(kind, environ, host)
    if forge is None:
        where = f"of the remote {remote}" if remote else "without a remote"
        by_hand = f"{GITHUB.repository} and {', '.join(TOKENS[GITHUB.kind])} not set"
        return Unseen(f"which forge hosts the project is unknown, {where} and outside its CI ({by_hand})", _NAME_IT)
    in_ci = _is_ci(forge, environ)
    api = url or (environ.get(forge.api, "").strip() if in_ci else "")
    if not api and host:
        api = forge.hosts.get(host, f"{_origin(remote, host)}{forge.path}")
    elif not api and forge is not GITEA:  # which has no server of its own
        (api,) = forge.hosts.values()
    if not api or _is_unsafe(api):
        seen = "is unknown" if not api else "has to begin with https://"
        source = "" if url or not in_ci or not api else f" in {forge.api}"
        return Unseen(f"the address of {forge.name}'s API{source} {seen}", f"{_NAME_IT} as `url`")
    named = environ.get(forge.repository, "").strip() if in_ci else ""
    if named and not repository and path and _same_server(api, host, forge) and named.lower() != path.lower():
        return Unseen(
            f"the remote is the repository {path}, and {forge.repository} names {named}",
            f"release from a clone of the repository that CI builds, or {_NAME_IT} as `repository`",
        )
    repository = repository or named or (path if host else "")
    if not repository:
        return Unseen(f"the repository's name on {forge.name} is unknown", f"{_NAME_IT} as `repository`")
    tokens = (*TOKENS[forge.kind], *(JOB_TOKENS[forge.kind] if in_ci else ()))
    return Place(forge, api.rstrip("/"), repository, tokens)


def _forge(kind: str, environ: Mapping[str, str], host: str) -> Forge | None:
    if kind:
        return next((forge for forge in FORGES if forge.kind == kind), None)
    for forge in FORGES:
        if any(environ.get(name) for name in forge.ci):
            return forge
    hosted = next((forge for forge in FORGES if host in forge.hosts), None)
    return hosted or (GITHUB if environ.get(GITHUB.repository, "").strip() else None)


def _is_ci(forge: Forge, environ: Mapping[str, str]) -> bool:
    """Return whether variables of a forge's CI are about it: GitHub's are also set by hand, in other systems."""
    marked = [one for one in FORGES if any(environ.get(name) for name in one.ci)]
    return marked[:1] == [forge] or (forge is GITHUB and not marked)


def _origin(remote: str, host: str) -> str:
    """Return the scheme, host and port of the web server beside a remote."""
    parts = urlsplit(remote) if remote.lower().startswith(("http://", "https://")) else None
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}" if parts else f"https://{host}"


def _is_unsafe(api: str) -> bool:
    """Return whether a token must not be sent there: over plain HTTP it is for everybody to read."""
    try:
        parts = urlsplit(api)
    except ValueError:
        return True
    if not parts.hostname or parts.username or parts.password or parts.query:
        return True
    return parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK)


def _same_server(api: str, host: str, forge: Forge) -> bool:
    return forge.hosts.get(host) == api.rstrip("/") or urlsplit(api).hostname == host.partition(":")[0]


def page_of(environ: Mapping[str, str], remote: str, commit: str, *, kind: str = "") -> str:
    """Return the address of a commit's page; blank where the remote is on no forge that is known.

    An address with a port or a path before the repository's is known for HTTP remotes alone.
    """
    host, path = location(remote)
    forge = next((one for one in FORGES if host in one.hosts), None) or _forge(kind, environ, host)
    if forge is None or not host or not path or remote.lower().startswith("file:"):
        return ""
    middle = "/-/commit/" if forge is GITLAB else "/commit/"
    return f"{_origin(remote, host)}/{quote(path)}{middle}{commit}"


def for_reading(place: Place) -> Place:
    """Return a place for questions about commits, which GitLab does not answer to the token of a job."""
    return replace(place, tokens=TOKENS[GITLAB.kind]) if place.forge is GITLAB else place
