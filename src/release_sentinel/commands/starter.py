"""The policy that a repository starts with: about ten lines that fit it as it is."""

import json
import os
import re
import shlex
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from msgspec import Struct

from release_sentinel import lines
from release_sentinel.checks.changelog import CANDIDATES
from release_sentinel.config.file import has_policy
from release_sentinel.config.load import load
from release_sentinel.config.model import Policy
from release_sentinel.config.schema import schema
from release_sentinel.config.unread import OWN
from release_sentinel.errors import InvalidPolicyError, SentinelError
from release_sentinel.gates import GATES
from release_sentinel.observe import Unseen, manifests, texts
from release_sentinel.observe.git.process import GitOutput, run
from release_sentinel.observe.manifests import Manifest
from release_sentinel.observe.sections import sections
from release_sentinel.redaction import secrets_in
from release_sentinel.versions import parse

if TYPE_CHECKING:
    from release_sentinel.versions import Version

SCHEMA = ".release-sentinel/schema.json"  # in the repository, for editors
_OF_COMPONENT = "release.toml"  # beside the component
_VERSION = re.compile(
    r"([A-Za-z0-9._/@+-]*?)(\d+\.\d+\.\d+(?:[-+][0-9A-Za-z.+-]+)?)"
)  # a tag: its prefix, and the number
_PATH = re.compile(r"[A-Za-z0-9._@+-]+(?:/[A-Za-z0-9._@+-]+)*")  # of a component: it becomes part of pipelines
_PLAIN = ("", "v")  # prefixes that name no component
_WORKSPACES = re.compile(r'"workspaces"\s*:')
_NOT_NAMED = "no {} is named yet: write {} in the policy instead of this line"
# Why a kind has no process and no API; a blank: it should have, and may name them later.
KINDS = {
    "library": ("a library has no running process", "a library depends on no service"),
    "service": ("", ""),
    "monorepo": ("", ""),
    "site": ("a static site has no running process", "a static site depends on no service"),
}
# What shows the kind of a repository: files at its top, as globs; the first kind that has one counts.
_SIGNS = {
    "monorepo": ("pnpm-workspace.yaml", "lerna.json", "nx.json", "turbo.json", "rush.json", "go.work"),
    "site": (
        *("mkdocs.y*ml", "docusaurus.config.*", "_config.yml", "hugo.*", "astro.config.*", ".eleventy.*"),
        *("eleventy.config.*", "gatsby-config.*", "antora*.yml", "index.html"),
    ),
    "service": (
        *("Dockerfile", "Containerfile", "compose*.y*ml", "docker-compose*.y*ml", "Procfile", "fly.toml", "app.yaml"),
        *("serverless.y*ml", "skaffold.y*ml", "Chart.yaml", "k8s", "helm", "charts", "chart"),
    ),
}


class Wishes(Struct, frozen=True):
    """The options of `init`, or answers. For a blank one the repository decides."""

    kind: str = ""
    component: str = ""
    process: str = ""
    api: str = ""
    secrets: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()  # OpenSSH destinations of the machines that take the release; none: this one does

    @property
    def tell_of_policy(self) -> bool:
        """Whether they name a part of a policy, so that a policy has to be written."""
        return bool(self.process or self.api or self.secrets or self.hosts)


_NO_WISHES = Wishes()


class Start(Struct, frozen=True):
    """A policy, what pipelines need to know of it, and what the repository has to do for its next version."""

    kind: str
    file: str
    text: str
    prefix: str
    version: str  # the next one, without the prefix
    secrets: tuple[str, ...] = ()
    component: str = ""
    notes: tuple[str, ...] = ()
    asks_forge: bool = False  # whether the policy has gates that ask the forge, which needs more permissions

    @property
    def command(self) -> str:
        """The command that judges the next version."""
        return f"release-sentinel --env prod --version {self.prefix}{self.version}{self.options}"

    @property
    def tags(self) -> str:
        """The tags of its releases, as a glob."""
        return f"{self.prefix}*" if self.prefix else "[0-9]*"

    @property
    def is_named(self) -> bool:
        """Whether the prefix keeps these releases apart from those of other components."""
        return self.prefix not in _PLAIN

    @property
    def options(self) -> str:
        """Further options of each run: the policy, where it is not at the usual place."""
        return f" --gate-policy {shlex.quote(self.file)}" if self.component else ""


# What templates are filled with where no repository is at hand.
EXAMPLE = Start("service", OWN, "", "v", "1.0.0", ("RS_DEPLOY_TOKEN",))


def existing(top: Path, component: str = "") -> Policy | None:
    """Return the policy that exists, as it is for production, or None. Raises `InvalidPolicyError`."""
    file = top / component.strip("/") / _OF_COMPONENT if component else None
    is_there = os.path.lexists(file) if file else has_policy(top)
    return load({}, repository=top, file=file, env="prod").policy if is_there else None


def start(top: Path, wishes: Wishes = _NO_WISHES, kept: Policy | None = None) -> Start:
    """Return the policy for the repository at `top`; raises `SentinelError` where it cannot be made.

    Where a policy is `kept`, the prefix, the secrets and the version are as it says, and its own text is not used.
    """
    if any(secret for name in wishes.secrets for secret in secrets_in(name)):
        raise SentinelError("a secret is named by its variable, not by its value")
    kind = "monorepo" if wishes.component else wishes.kind or ("library" if kept else guess(top))
    component = _component(top, wishes) if kind == "monorepo" else ""
    place, before = top / component, f"{component}/" if component else ""
    tags = _tags(top)
    prefix = kept.version.prefix if kept else _prefix(tags, component)
    released = [found for tag in tags if (found := parse(tag, prefix))]
    finals = [found for found in released if not found.prerelease]
    files, stated, notes = _version_files(place, max(finals, default=None))
    version = _next(stated, released)
    changelog = _changelog(place)
    policy = [
        f"#:schema ./{'../' * component.count('/')}{'../' if component else ''}{SCHEMA}",
        f"# The release policy of {component or f'a {kind}'}: `release-sentinel explain` says what each gate requires.",
        'enable = ["version-increases"]',
        f"git.branches = {_toml([_branch(top)])}",
        f"version.prefix = {_toml(prefix)}",
        *([f"version.files = {_toml([before + file for file in files])}"] if files else []),
        *([f"version.changelog = {_toml(before + changelog)}"] if changelog else []),
        f"required.secrets = {_toml(wishes.secrets)}",
        *_running(kind, wishes),
    ]
    if files and version != str(stated):
        notes.append(f"before {prefix}{version}, raise the version in {', '.join(before + file for file in files)}")
    if changelog and not _has_section(place / changelog, version):
        notes.append(f"before {prefix}{version}, write the section `## {version}` in {before}{changelog}")
    file = before + _OF_COMPONENT if component else OWN
    text = "\n".join([*policy, ""])
    _validate(Path(file).name, text)
    secrets = kept.required.secrets if kept else tuple(wishes.secrets)
    notes = [note for note in notes if not (kept and note.startswith("not in"))]
    asks_forge = bool(kept and (kept.forge.checks or kept.forge.approvals or kept.forge.blockers))
    return Start(kind, file, text, prefix, version, secrets, component, tuple(notes), asks_forge)


def schema_text() -> str:
    """Return the schema of the policy for editors, in one line."""
    return json.dumps(schema(), separators=(",", ":"), ensure_ascii=False) + "\n"


def guess(top: Path) -> str:
    """Return the kind that a repository looks like; one without any sign is a library."""
    for kind, globs in _SIGNS.items():
        if any(next(top.glob(glob), None) for glob in globs):
            return kind
    named = Counter(prefix for tag in _tags(top) if (prefix := _prefix_of(tag)) not in {None, *_PLAIN})
    if len(named) > 1:
        return "monorepo"
    text = texts.read(top / "package.json")
    is_root = isinstance(text, str) and _WORKSPACES.search(text)
    has_own = any(manifests.is_manifest(path.name) for path in top.iterdir())
    return "monorepo" if len(components(top)) > 1 and (is_root or not has_own) else "library"


def components(top: Path) -> list[str]:
    """Return the folders below `top`, at most two levels deep, that have a manifest of their own."""
    answer = run(top, "ls-files", "-z")
    names = answer.out.split("\0") if isinstance(answer, GitOutput) and not answer.code else []
    split = [name.rpartition("/") for name in names]
    folders = {folder for folder, _, name in split if manifests.is_manifest(name) or name == "go.mod"}
    return sorted(folder for folder in folders if folder and folder.count("/") < 2 and _PATH.fullmatch(folder))


def _component(top: Path, wishes: Wishes) -> str:
    """Return the path of a component, without a slash at its end."""
    wanted = wishes.component
    path = wanted.strip("/")
    if not path:
        there = ", ".join(components(top)[:20])
        what = "a monorepo has" if wishes.kind else "this looks like a monorepo, which has"
        raise SentinelError(
            f"{what} a policy for each component: name one by --component PATH"
            + (f" (there are {there})" if there else "")
            + ("" if wishes.kind else "; or name another --kind")
        )
    if not _PATH.fullmatch(path):
        raise SentinelError(
            f"--component {wanted!r} cannot be used, because it becomes part of pipelines: expected a path of letters, "
            "digits, . _ @ + - alone; rename the folder"
        )
    if {".", ".."} & set(path.split("/")) or not (top / path).is_dir():
        raise SentinelError(f"--component {wanted!r} is not a folder below {top}")
    return path


def _tags(top: Path) -> list[str]:
    answer = run(top, "for-each-ref", "--format=%(refname:lstrip=2)", "refs/tags")
    return lines.split(answer.out) if isinstance(answer, GitOutput) and not answer.code else []


def _prefix_of(tag: str) -> str | None:
    """Return the text before the version in a tag; None if the tag names no version."""
    found = _VERSION.fullmatch(tag)
    return found[1] if found and parse(found[2], "") else None


def _prefix(tags: Iterable[str], component: str) -> str:
    """Return the prefix that tags have: of a component those with its name, else those without a name."""
    counts = Counter(prefix for tag in tags if (prefix := _prefix_of(tag)) is not None)
    if component:
        name = component.rpartition("/")[2]
        own = (one for one, _ in counts.most_common() if re.sub(r"[-_/@]?v?$", "", one).endswith(name))
        return next(own, f"{name}-v")
    plain = {prefix: count for prefix, count in counts.items() if prefix in _PLAIN}
    return max(plain or counts or {"v": 1}, key=lambda prefix: (counts[prefix], prefix == "v"))


def _version_files(place: Path, latest: "Version | None") -> tuple[list[str], "Version | None", list[str]]:
    """Return the manifests that hold the version, what they say, and notes on the others.

    The version is the first that is not below the latest release: one that is, or 0.0.0, is not kept up.
    """
    try:
        found = manifests.find(place)
    except OSError:
        found = []
    said = [(one, _parsed(one)) for one in found if isinstance(one, Manifest)]
    kept = [version for _, version in said if version and (final := version.finalize_version()) >= (latest or final)]
    stated = next((version for version in kept if str(version.finalize_version()) != "0.0.0"), None)
    others = [one for one, version in said if stated is None or version != stated]
    notes = [f"not in version.files: {one.name}, which says {one.version}" for one in others]
    notes += [f"not in version.files: {one.why}" for one in found if isinstance(one, Unseen)]
    files = [one.name.partition("#")[0] for one, version in said if version and version == stated]
    return list(dict.fromkeys(files)), stated, notes


def _parsed(manifest: Manifest) -> "Version | None":
    """Return a manifest's version; Python's may have fewer than three numbers."""
    text = manifest.version
    if manifest.spelling is manifests.Spelling.PYTHON and re.fullmatch(r"\d+(\.\d+)?", text):
        text += ".0" * (2 - text.count("."))
    return parse(text, "")


def _next(stated: "Version | None", released: Sequence["Version"]) -> str:
    """Return the next version: what the files say, if it is above every release, else one patch above these."""
    latest = max((one for one in released if not one.prerelease), default=None)
    final = stated.finalize_version() if stated else None
    if final and (latest is None or final > latest):
        return str(final)
    if latest:
        return str(latest.bump_patch())
    return str(max(released).finalize_version()) if released else "0.1.0"


def _changelog(place: Path) -> str:
    """Return the name of the changelog, if there is one with a section for a version."""
    name = texts.first(place, CANDIDATES)
    text = texts.read(place / name) if name else ""
    has_versions = isinstance(text, str) and any(one.versions for one in sections(text, name))
    return name if has_versions else ""


def _has_section(path: Path, version: str) -> bool:
    text = texts.read(path)
    return isinstance(text, str) and any(version in one.versions and one.told for one in sections(text, path.name))


def _branch(top: Path) -> str:
    """Return the default branch of the remote, as far as this clone knows it, else the one that is checked out."""
    for words, beginning in (
        (("for-each-ref", "--format=%(symref)", "refs/remotes/*/HEAD"), r"refs/remotes/[^/]+/"),
        (("symbolic-ref", "--quiet", "HEAD"), "refs/heads/"),
    ):
        answer = run(top, *words)
        found = re.match(rf"{beginning}([^\n]+)", answer.out) if isinstance(answer, GitOutput) else None
        if found:
            return found[1]
    return "main"


def _running(kind: str, wishes: Wishes) -> Iterable[str]:
    """Yield the lines on what has to run: as named, or switched off with the reason of the kind.

    Tables come last: what follows one is part of it.
    """
    no_process, no_api = KINDS[kind]
    if wishes.hosts:
        yield f"skip_local_host = {_toml('the hosts below take the release')}"
    elif wishes.process:
        yield f"process = {_toml(wishes.process)}"
    if wishes.api:
        yield f"api.url = {_toml(wishes.api)}"
    if not (wishes.process or wishes.hosts):
        yield f"disable.process = {_toml(no_process or _NOT_NAMED.format('process', 'process = ...'))}"
    if not wishes.api:
        yield f"disable.api = {_toml(no_api or _NOT_NAMED.format('URL', 'api.url = ...'))}"
    if wishes.hosts:
        yield from ("[[hosts]]", f"ssh = {_toml(wishes.hosts)}", 'disks = [{ path = "/" }]', "memory = {}")
        if wishes.process:
            yield f"processes = [{{ name = {_toml(wishes.process)} }}]"


def _toml(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _validate(name: str, text: str) -> None:
    """Refuse what was named and is not valid in a policy."""
    with TemporaryDirectory(prefix="release-sentinel-") as folder:
        (file := Path(folder) / name).write_text(text, encoding="utf-8")
        try:
            load({}, repository=Path(folder), file=file, gates=GATES)
        except InvalidPolicyError as error:
            raise SentinelError(f"this would not be a valid policy: {'; '.join(error.problems)}") from None
