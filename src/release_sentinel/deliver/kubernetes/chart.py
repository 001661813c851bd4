"""The Job as a template of a Helm chart: what the chart's values say goes into it, each as one quoted text."""

import os
import re
from pathlib import Path
from typing import Any

import yaml
from msgspec.structs import replace

from release_sentinel.deliver.kubernetes.manifest import JobSpec, manifest
from release_sentinel.deliver.kubernetes.yaml import dump
from release_sentinel.errors import SentinelError
from release_sentinel.lines import split
from release_sentinel.sentences import sentence

TEMPLATE = "templates/release-gate.yaml"
CHART, VALUES = "Chart.yaml", "values.yaml"
FOLDER = "chart"  # of a chart where there is none yet
# The name of a release has at most 53 characters, and that of a Job 63: only the end of the suffix is cut off, so that
# two releases never share a Job.
_HEAD = """\
{{- /*
Helm runs this Job before it installs or upgrades. It judges releaseGate.version, by default the appVersion of the
chart, at the tag of that name. An installation without a gate has to say `releaseGate.enabled: false`.
*/ -}}
{{- $gate := .Values.releaseGate }}
{{- if ne (toString $gate.enabled) "false" }}
{{- $name := printf "%s-release-gate" .Release.Name | trunc 63 | trimSuffix "-" }}
{{- $env := required "releaseGate.env is not set: name an environment of release-sentinel.toml" $gate.env }}
{{- $image := required "releaseGate.image is not set: build deploy/release-gate/Containerfile" $gate.image }}
{{- $repository := required "releaseGate.repository is not set: name the URL to clone" $gate.repository }}
{{- $secret := required "releaseGate.secret is not set: name the Secret of its variables" $gate.secret }}
{{- $version := default .Chart.AppVersion $gate.version }}
{{- $version = required "Chart.yaml has no appVersion: name the tag of the release, in quotes" $version }}
"""
# Each `<$name>` becomes an expression.
_VALUES = JobSpec(
    env="<$env>",
    version="<$version>",
    image="<$image>",
    name="<$name>",
    secrets=("<$secret>",),
    repository="<$repository>",
    ref="<$version>",
    hook="helm",
)
# Kubernetes would replace `$(NAME)` in them: they are arguments of a container.
_ARGUMENTS = ("$env", "$version", "$repository")


def template(arguments: tuple[str, ...] = ()) -> str:
    """Return the hook as a template of any chart; `arguments` are further ones of the gate."""
    text = literal(dump(manifest(replace(_VALUES, arguments=arguments))))
    return _HEAD + re.sub(r'"<(\$\w+)>"', _expression, text) + "{{- end }}\n"


def _expression(found: re.Match[str]) -> str:
    escape = ' | toString | replace "$(" "$$("' if found[1] in _ARGUMENTS else ""
    return f"{{{{ {found[1]}{escape} | quote }}}}"


def literal(text: str) -> str:
    """Return a manifest for the templates of a chart in which Helm finds nothing to replace."""
    return text.replace("{{", '{{ "{{" }}')


def fit(top: Path, given: str | None, wanted: dict[str, str | bytes], *, spare: bool = True) -> list[str]:
    """Move a chart in `FOLDER` to the repository's own, or to the `given` folder; return what to add there by hand.

    What such a chart has already is left out of the `wanted` files, if it is to be spared. The repository is at `top`.
    """
    folder = _named(given) if given is not None else _found(top)
    moved = {name: wanted.pop(f"{FOLDER}/{name}") for name in (CHART, VALUES, TEMPLATE)}
    spared = spare and (top / folder / CHART).exists()
    for name, text in moved.items():
        if not spared or name == TEMPLATE or not (top / folder / name).exists():
            wanted[(folder / name).as_posix()] = text
    return _advice(top / folder, str(moved[VALUES])) if spared else []


def _named(given: str) -> Path:
    path = Path(os.path.normpath(given))
    if not given or path.is_absolute() or ".." in path.parts:
        raise SentinelError(f"--chart {given!r} is not in the repository: name a folder from its top")
    return path


def _found(top: Path) -> Path:
    """Return the folder of the repository's one chart; a chart's own subcharts do not count."""
    levels = ("", "*/", "*/*/", "*/*/*/")
    found = [file.parent for level in levels for file in sorted(top.glob(f"{level}{CHART}"))]
    own = [folder.relative_to(top) for folder in found if not set(folder.parents) & set(found)]
    folders = [folder for folder in own if "node_modules" not in folder.parts]
    if len(folders) > 1:
        names = ", ".join(folder.as_posix() for folder in folders)
        raise SentinelError(f"in {top} there are {len(folders)} charts: name one by --chart ({names})")
    return folders[0] if folders else Path(FOLDER)


def _advice(folder: Path, values: str) -> list[str]:
    """Return what an existing chart lacks for the hook: sentences, and lines to add."""
    lines = []
    if (folder / VALUES).exists() and "releaseGate" not in _read(folder / VALUES):
        lines += [f"add to {folder / VALUES}:", *split(values)]
    version = _read(folder / CHART).get("appVersion")
    if not isinstance(version, str) or not version:
        seen = "no appVersion" if version is None else f"appVersion: {version} (not a text)"
        lines.append(f'{folder / CHART} has {seen}: name the tag in quotes, such as appVersion: "v1.0.0"')
    return lines


def _read(file: Path) -> dict[str, Any]:
    try:
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise SentinelError(f"{file} cannot be read: {sentence(error)}") from error
    return document if isinstance(document, dict) else {}
