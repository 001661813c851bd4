"""`release-sentinel init`: writes what a repository needs, and nothing over what is there."""

import os
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from msgspec.structs import replace

from release_sentinel.arguments import GATE_FOLDER, find_top
from release_sentinel.deliver.kubernetes.manifest import JobSpec, manifest
from release_sentinel.deliver.kubernetes.yaml import dump
from release_sentinel.errors import SentinelError
from release_sentinel.lines import visible
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
    add("--force", action="store_true", help="replace files that exist; without it nothing is written if one does")
    add("--print", action="store_true", help="print the files instead of writing them")
    known = parser.parse_args(words)
    top = known.gate_repo or find_top(Path.cwd()) or Path.cwd()
    wanted = contents(known.system)
    if known.print:
        for name, text in wanted.items():
            print(f"# --- {name}\n{text}")
        return 0
    if not top.is_dir():
        parser.error(f"--gate-repo {top} is not a folder")
    _write(top, wanted, force=known.force)
    for name in wanted:
        print(f"written: {visible(str(top / name))}")
    print("next: read them, set the required settings, commit, and run: release-sentinel --env prod --version v1.0.0")
    return 0


def contents(system: str | None) -> dict[str, str]:
    """Return the files for one system by their path in the repository; None: those that each repository needs."""
    folder = files("release_sentinel") / "templates"
    named = {**_ALWAYS, **(_TEMPLATES[system] if system else {})}
    found = {name: (folder / template).read_text(encoding="utf-8") for name, template in named.items()}
    if system in _MANIFESTS:
        name, head, wanted = _MANIFESTS[system]
        found[name] = head + dump(manifest(wanted))
    return found


def _write(top: Path, wanted: Mapping[str, str], *, force: bool) -> None:
    """Write every file, or none if one of them is there already."""
    there = [name for name in wanted if os.path.lexists(top / name)]
    if there and not force:
        raise SentinelError(
            f"in {top} there is already {', '.join(there)}; nothing was written: --force replaces, --print shows"
        )
    for name, text in wanted.items():
        try:
            (top / name).parent.mkdir(parents=True, exist_ok=True)
            (top / name).write_text(text, encoding="utf-8")
        except OSError as error:
            raise SentinelError(f"{top / name} cannot be written: {error.strerror or error}") from error
