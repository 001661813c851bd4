"""`release-sentinel init`: writes what a repository needs, and nothing over what is there."""

import os
import re
import sys
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from msgspec.structs import replace

from release_sentinel.arguments import GATE_FOLDER, find_top
from release_sentinel.commands import install
from release_sentinel.commands.install import Source
from release_sentinel.deliver.kubernetes.manifest import JobSpec, manifest
from release_sentinel.deliver.kubernetes.yaml import dump
from release_sentinel.errors import SentinelError
from release_sentinel.lines import visible
from release_sentinel.observe.git.process import GitOutput, run
from release_sentinel.observe.installed import origin
from release_sentinel.parser import Parser
from release_sentinel.settings import Settings

_ALWAYS = {"release-sentinel.toml": "release-sentinel.toml", f"{GATE_FOLDER}/test_example.py": "test_example.py.in"}
_FOLDER = "deploy/release-gate"
_IMAGE = {f"{_FOLDER}/Containerfile": "Containerfile"}
_TEMPLATES: Mapping[str, Mapping[str, str]] = {
    "github": {".github/workflows/release-gate.yml": "github.yml"},
    "gitlab": {".gitlab-ci.yml": "gitlab.yml"},
    "jenkins": {"Jenkinsfile": "Jenkinsfile"},
    "azure": {"azure-pipelines.yml": "azure-pipelines.yml"},
    "kubernetes": _IMAGE,
    "argocd": _IMAGE,
    "helm": _IMAGE,
}
SYSTEMS = tuple(_TEMPLATES)
_EXAMPLE = JobSpec(
    "prod",
    "v1.0.0",
    "registry.example.com/release-gate:1",
    secrets=("release-gate",),
    repository="https://git.example.com/shop.git",
    ref="v1.0.0",
)
_CHART = JobSpec(
    "{{ .Values.releaseGate.env }}",
    "{{ .Chart.AppVersion }}",
    "{{ .Values.releaseGate.image }}",
    name="{{ .Release.Name }}-release-gate",
    secrets=("{{ .Values.releaseGate.secret }}",),
    repository="{{ .Values.releaseGate.repository }}",
    ref="{{ .Chart.AppVersion }}",
    hook="helm",
)
_PRINT = "release-sentinel kubernetes job --env prod --version v1.0.0 --image IMAGE --secret release-gate"
_JOB_HEAD = f"""\
# An example. A Job is about one release: print each one's own by
# {_PRINT} --repository URL --ref v1.0.0
# and `kubectl apply` it; `release-sentinel kubernetes wait JOB` then exits with the gate's code.
"""
_ARGOCD_HEAD = f"""\
# Argo CD runs this Job before each sync, and syncs only if it completes. Name your image, repository, version and
# Secret here, or print it by {_PRINT} --argocd
"""
_HELM_HEAD = """\
# Helm runs this Job before it installs or upgrades. Values, below `releaseGate`: env, image, repository, secret.
# The chart's appVersion is the version that is judged, and the tag that is cloned.
"""
_MANIFESTS = {
    "kubernetes": (f"{_FOLDER}/job.yaml", _JOB_HEAD, _EXAMPLE),
    "argocd": (f"{_FOLDER}/presync.yaml", _ARGOCD_HEAD, replace(_EXAMPLE, hook="argocd")),
    "helm": ("chart/templates/release-gate.yaml", _HELM_HEAD, _CHART),
}


def main(words: list[str], _settings: Settings) -> int:
    """Write the files, or print them."""
    parser = Parser(
        prog="release-sentinel init",
        description="Write what a repository needs: a policy file, a gate of its own, and a pipeline for one system.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("system", nargs="?", choices=SYSTEMS, metavar="CI", help=f"one of {', '.join(SYSTEMS)}; default: no pipeline")
    add(
        "--gate-repo",
        type=Path,
        metavar="PATH",
        help="the repository; default: that of the working directory",
    )
    add(
        "--install",
        metavar="SPEC",
        help=f"where the pipeline installs this program from: {install.FORMS}; a branch or tag is pinned to its "
        "commit; default: where this program was installed from",
    )
    add(
        "--vendor",
        nargs="?",
        const="",
        metavar="WHEEL",
        help="put a wheel into the repository, with its SHA-256 in the pipeline; default: that of this installation",
    )
    add("--force", action="store_true", help="replace files that exist; without it nothing is written if one does")
    add("--print", action="store_true", help="print the files instead of writing them")
    known = parser.parse_args(words)
    if known.system is None and known.vendor in SYSTEMS:  # `init --vendor github`
        known.system, known.vendor = known.vendor, ""
    if known.install is not None and known.vendor is not None:
        parser.error("--install and --vendor exclude each other")
    if known.system is None and (known.install, known.vendor) != (None, None):
        parser.error("--install and --vendor are about a pipeline: name its system")
    top = known.gate_repo or find_top(Path.cwd()) or Path.cwd()
    if not known.print and not top.is_dir():
        parser.error(f"--gate-repo {top} is not a folder")
    source = _source(known.install, known.vendor, ask=not known.print) if known.system else None
    wanted: dict[str, str | bytes] = {**contents(known.system, source)}
    if source and source.wheel:
        wanted[source.path] = source.wheel.content
    if known.print:
        for name, text in wanted.items():
            print(f"# --- {name}\n{text if isinstance(text, str) else f'# (a wheel of {len(text)} bytes)'}")
        return 0
    _write(top, wanted, force=known.force)
    for name in wanted:
        print(f"written: {visible(str(top / name))}")
    if source:
        _report(source, top)
    print("next: read them, set the required settings, commit, and run: release-sentinel --env prod --version v1.0.0")
    return 0


def contents(system: str | None, source: Source | None = None) -> dict[str, str]:
    """Return the files for one system by their path in the repository; None: those that each repository needs."""
    folder = files("release_sentinel") / "templates"
    named = {**_ALWAYS, **(_TEMPLATES[system] if system else {})}
    source = source or Source(missing="no source is named")
    found = {name: _filled((folder / file).read_text(encoding="utf-8"), source) for name, file in named.items()}
    if system in _MANIFESTS:
        name, head, wanted = _MANIFESTS[system]
        found[name] = head + dump(manifest(wanted))
    return found


def _filled(template: str, source: Source) -> str:
    """Return a template with the way to install this program filled in.

    `<install: PIP>` becomes the command, and `<install: PIP in FOLDER>` that for a wheel in a folder of an image. A
    line `<if git: TEXT>` or `<if wheel: TEXT>` stays where pip needs Git, or where `<wheel>` is a path.
    """
    holds = {"git": source.needs_git, "wheel": bool(source.wheel)}
    text = re.sub(r"(?m)^<if (git|wheel): (.*)>\n", lambda found: f"{found[2]}\n" if holds[found[1]] else "", template)
    text = text.replace("<wheel>", source.path)
    return re.sub(r"<install: (.+?)(?: in (\S+))?>", lambda found: source.shell(found[1], found[2] or ""), text)


def _source(spec: str | None, vendor: str | None, *, ask: bool) -> Source:
    """Return where the pipeline installs this program from: as asked, as recorded, or as a terminal answers."""
    if vendor is not None:
        return install.vendored(vendor)
    if spec is not None:
        return install.parse(spec)
    known = install.of_origin(origin())
    if isinstance(known, Source):
        return known
    asked = _asked(known) if ask and sys.stdin.isatty() and sys.stdout.isatty() else None
    return asked or Source(missing=known)


def _asked(why: str) -> Source | None:
    """Ask where pipelines install this program from, until an answer can be used; a blank one names no source."""
    print(f"Where does the pipeline install release-sentinel from? {why[:1].upper()}{why[1:]}.")
    print(f"Answer {install.FORMS}, or `vendor`: the wheel of this installation goes into the repository.")
    while answer := _answer("install from (blank: later): "):
        try:
            return install.vendored("") if answer == "vendor" else install.parse(answer)
        except SentinelError as error:
            print(visible(str(error)))
    return None


def _answer(question: str) -> str:
    try:
        return input(question).strip()
    except EOFError:
        return ""


def _report(source: Source, top: Path) -> None:
    """Say where the pipeline installs this program from."""
    if source.missing:
        print(f"install: the pipeline fails, because {source.missing}")
        print("    -> run this again with --force and --install SPEC, or with --vendor; --help names the forms of SPEC")
        return
    print(f"install: {source}" + (f" ({source.note})" if source.note else ""))
    seen = run(top, "check-ignore", "--quiet", "--", source.path) if source.wheel else None
    if isinstance(seen, GitOutput) and not seen.code:
        print(f"install: Git ignores {source.path}: commit it by git add --force {source.path}")


def _write(top: Path, wanted: Mapping[str, str | bytes], *, force: bool) -> None:
    """Write every file, or none if one of them is there already."""
    there = [name for name in wanted if os.path.lexists(top / name)]
    if there and not force:
        raise SentinelError(
            f"in {top} there is already {', '.join(there)}; nothing was written: --force replaces, --print shows"
        )
    for name, text in wanted.items():
        try:
            (top / name).parent.mkdir(parents=True, exist_ok=True)
            (top / name).write_bytes(text.encode() if isinstance(text, str) else text)
        except OSError as error:
            raise SentinelError(f"{top / name} cannot be written: {error.strerror or error}") from error
