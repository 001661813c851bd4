"""Where a pipeline installs this program from: what `init` writes into every template."""

import re
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

from msgspec import Struct

from release_sentinel.errors import SentinelError
from release_sentinel.observe import Unseen
from release_sentinel.observe.git.process import OBJECT
from release_sentinel.observe.git.records import Remote
from release_sentinel.observe.git.refs import remote_refs
from release_sentinel.observe.installed import NAME, Origin, Wheel, own_wheel, read_wheel
from release_sentinel.redaction.urls import USER_INFO

FORMS = (
    f"'{NAME} @ git+https://HOST/PATH.git@COMMIT', '--index-url https://HOST/simple {NAME}==VERSION', "
    "or the path of a wheel"
)
VENDORED = ".release-sentinel"  # the folder of the wheel in the repository
# Nothing in here ends double quotes, or means anything between them, to a shell, YAML, Groovy, a container file or the
# expressions of a CI system.
_SAFE = r"[A-Za-z0-9._~:/@%+,=!\[\] -]"
_SCHEME = re.compile(r"[A-Za-z][\w+.-]*://")
_EXTRAS = r"(?:\[[A-Za-z0-9._,-]+\])?"
_DIRECT = re.compile(rf"(?:({NAME}{_EXTRAS}) ?@ ?)?([a-z+]+://.*)")
_PINNED = re.compile(rf"{NAME}{_EXTRAS} ?== ?[0-9][A-Za-z0-9.!+_-]*")
_INDEX = re.compile(r"(?:^| )(?:--index-url|-i)[ =](\S+)")
_GIT = re.compile(r"git\+((?:https?|ssh)://(?:[^@/]+@)?[^@/]+/[^@]+)@([^@]+)")
_ARCHIVE = re.compile(r"(https://[^#]+\.(?:whl|tar\.gz))#sha256=([0-9a-f]{64})")
_REPLACE = f"Replace this line by that of {NAME} init CI --print with --install SPEC, or with --vendor"
_REMOTE = "release-sentinel-source"


class Source(Struct, frozen=True):
    """What pip is given: a requirement, and the index or the wheel that it is found in.

    `missing` is why there is none; then the line that is written fails.
    """

    requirement: str = ""
    index: str = ""
    wheel: Wheel | None = None
    missing: str = ""
    note: str = ""  # what was found out about it

    @property
    def path(self) -> str:
        """The path of the wheel in the repository."""
        return f"{VENDORED}/{self.wheel.name}" if self.wheel else ""

    @property
    def needs_git(self) -> bool:
        """Whether pip asks Git for it."""
        return "git+" in self.requirement

    def shell(self, pip: str, folder: str = "") -> str:
        """Return the line for a shell. `pip` is the program; `folder` is that of the wheel, other than the usual one.

        The line has no single quote, no dollar sign and no backslash of its own.
        """
        if self.missing:
            return f'echo "{NAME} is not installed: {self.missing}. {_REPLACE}" >&2 && exit 1'
        if self.wheel:
            path = f"{folder}/{self.wheel.name}" if folder else f"./{self.path}"
            return f'echo "{self.wheel.sha256}  {path}" | sha256sum -c - && {pip} install --quiet "{path}"'
        index = f'--index-url "{self.index}" ' if self.index else ""
        return f'{pip} install --quiet {index}"{self.requirement}"'

    def __str__(self) -> str:
        if self.wheel:
            return f"the wheel {self.path}, SHA-256 {self.wheel.sha256}"
        return f"{self.requirement} from {self.index}" if self.index else self.requirement


def of_origin(origin: Origin) -> Source | str:
    """Return the source that the installed distribution was taken from, or why CI cannot take it from there."""
    scheme = urlsplit(origin.url).scheme
    if not origin.url:
        return "it is not recorded which index this program was installed from"
    if scheme == "file" or not scheme:
        return "this program was installed from a path of one machine, which CI does not have"
    try:
        if origin.is_git and origin.commit:
            return parse(f"git+{origin.url.removeprefix('git+')}@{origin.commit}")
        if origin.sha256:
            return parse(f"{origin.url.partition('#')[0]}#sha256={origin.sha256}")
    except SentinelError:
        return "what is recorded of the installation cannot be written into a pipeline"
    return "what is recorded of the installation names no commit and no digest"


def parse(text: str) -> Source:
    """Return the source that a SPEC names; raises `SentinelError`. A branch or tag is looked up on its remote."""
    spec = text.strip(" ")
    if any(has_credential(spec[scheme.start() :]) for scheme in _SCHEME.finditer(spec)):
        raise SentinelError(
            "the URL of --install has a credential in it, which would be in the repository: write the URL without it, "
            "and let CI give it to Git or pip (a credential helper, .netrc, PIP_INDEX_URL)"
        )
    if spec.endswith(".whl") and not _SCHEME.search(spec):
        return of_wheel(read_wheel(Path(spec)))
    if not re.fullmatch(f"{_SAFE}+", re.sub("#sha256=[0-9a-f]{64}$", "", spec)):
        _refuse("has characters that no such name has" if spec else "is blank")
    if direct := _DIRECT.fullmatch(spec):
        return _direct(direct[1] or NAME, direct[2])
    index = _INDEX.search(spec)
    requirement = (spec[: index.start()] + spec[index.end() :]).strip() if index else spec
    if not _PINNED.fullmatch(requirement):
        _refuse("names no commit, no version and no wheel" if requirement.startswith(NAME) else "is of no known form")
    if index and not _is_https(index[1]):
        _refuse("names an index that is not an https URL")
    note = "" if index else "from pip's default index: check that the project of this name there is this program"
    return Source(requirement.replace(" ", ""), index[1] if index else "", note=note)


def of_wheel(wheel: Wheel | Unseen) -> Source:
    """Return a wheel as the source; raises `SentinelError` if it does not exist."""
    if isinstance(wheel, Unseen):
        raise SentinelError(f"{wheel.why}: {wheel.remedy}")
    return Source(wheel=wheel)


def vendored(path: str) -> Source:
    """Return the wheel at a path as the source; without one, that of this installation."""
    return of_wheel(read_wheel(Path(path)) if path else own_wheel())


def _direct(name: str, url: str) -> Source:
    if archive := _ARCHIVE.fullmatch(url):
        return Source(f"{name} @ {archive[0]}")
    found = _GIT.fullmatch(url)
    if not found or set("= ") & set(url) or not urlsplit(found[1]).hostname:
        _refuse("is not a Git URL with a commit, and not an archive with its digest (https://…whl#sha256=DIGEST)")
    address, ref = found.groups()
    commit, note = (ref, "") if re.fullmatch(OBJECT, ref) else _looked_up(address, ref)
    return Source(f"{name} @ git+{address}@{commit}", note=note)


def _looked_up(address: str, ref: str) -> tuple[str, str]:
    """Return the commit of a branch or tag, and a sentence about it."""
    form = f"name the commit: git+{address}@COMMIT, of 40 hexadecimal digits"
    if re.fullmatch("[0-9a-f]{7,39}", ref):
        raise SentinelError(f"--install: {ref} is not a whole commit; {form}")
    names = [f"refs/tags/{ref}", f"refs/heads/{ref}"]
    seen = remote_refs(Path.cwd(), Remote(_REMOTE, address, address=address), names)
    if isinstance(seen, Unseen):
        raise SentinelError(f"--install: {seen.why}; {form}")
    commits = {commit for name, commit in seen.commits.items() if name in names}
    if len(commits) != 1:
        found = "both a tag and a branch" if commits else "neither a tag nor a branch"
        raise SentinelError(f"--install: {ref} is {found} of {address}; {form}")
    (commit,) = commits
    return commit, f"{ref} of {address} is {commit} now, and stays pinned to it"


def has_credential(url: str) -> bool:
    """Return whether a URL has user info other than the user name of ssh."""
    found = USER_INFO.match(url)
    return found is not None and not (found[1].lower().endswith("ssh://") and ":" not in found[2])


def _is_https(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "https" and bool(parts.hostname) and not (parts.query or parts.fragment)


def _refuse(why: str) -> NoReturn:
    raise SentinelError(f"the SPEC of --install {why}; expected {FORMS}")  # which may hold a credential: not shown
