"""The version in a project's own files."""

import ast
import re
from collections.abc import Callable
from configparser import ConfigParser
from configparser import Error as ConfigError
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from msgspec import Struct

from release_sentinel import regular, strict_json, strict_toml
from release_sentinel.lines import one_line
from release_sentinel.observe import Unseen
from release_sentinel.observe.texts import MOST


class Manifest(Struct, frozen=True):
    """One place that holds the version: a file at the repository's top or below, and a key in it."""

    name: str  # as the policy names it: `package.json`, `app.yaml#release.version`
    version: str
    python: bool = False  # spelt by PEP 440: 1.0.0rc1 for 1.0.0-rc.1


# The files to look for if the policy names none, and the key of the version in each.
_KEYS = {
    "pyproject.toml": "project.version",
    "setup.cfg": "metadata.version",
    "package.json": "version",
    "Cargo.toml": "package.version",
    "Chart.yaml": "version",
    "composer.json": "version",
    "VERSION": "",
    "version.txt": "",
}
_PYTHON = ("pyproject.toml", "setup.cfg", "*.py")


def find(top: Path) -> tuple[str, ...]:
    """Return the well-known manifests at `top` that have a version."""
    return tuple(name for name in _KEYS if (top / name).is_file() and isinstance(read(top, name), Manifest))


def read(top: Path, name: str) -> Manifest | Unseen:
    """Read the version at `name`, `PATH` or `PATH#DOTTED.KEY`, below `top`."""
    path, _, key = name.partition("#")
    file = Path(path).name
    kind = next((kind for pattern, kind in _READERS.items() if fnmatch(file, pattern)), _whole)
    try:
        text = regular.read_text(top / path, MOST, encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        return Unseen(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}", "see version.files")
    key = key or _KEYS.get(file, "__version__" if file.endswith(".py") else "version")
    try:
        value = kind(text, key)
    except (ValueError, SyntaxError, ConfigError, RecursionError) as error:
        return Unseen(f"{path} cannot be parsed: {' '.join(str(error).split())}")
    if value is None:
        return Unseen(f"{path} has no {key}", f"name the key of the version: {path}#KEY")
    if not isinstance(value, str):
        return Unseen(f"{key} of {path} is {_kind(value)}, not a text", "put the version in quotes")
    return Manifest(name, value.strip(), python=any(fnmatch(file, pattern) for pattern in _PYTHON))


def _kind(value: object) -> str:
    """Return what a value is: itself, where it is short."""
    if isinstance(value, int) and abs(value) >= 1 << 64:
        return "a very large number"
    return one_line(repr(value), 80)


def _toml(text: str, key: str) -> Any:
    return _at(strict_toml.loads(text), key)


def _json(text: str, key: str) -> Any:
    return _at(strict_json.loads(text), key)


def _yaml(text: str, key: str) -> Any:
    import yaml  # noqa: PLC0415 - late: it costs 25 ms

    try:
        return _at(yaml.load(text, Loader=yaml.BaseLoader), key)  # noqa: S506 - text only: 1.10 stays 1.10
    except yaml.YAMLError as error:
        raise ValueError(error) from error


def _ini(text: str, key: str) -> Any:
    parser = ConfigParser(interpolation=None)
    parser.read_string(text)
    section, _, option = key.rpartition(".")
    return parser.get(section, option, fallback=None)


def _python(text: str, key: str) -> Any:
    """Return the text that a module assigns to `key`; None where it is computed."""
    for statement in ast.parse(text).body:
        targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
        value = getattr(statement, "value", None)
        if any(isinstance(target, ast.Name) and target.id == key for target in targets):
            return value.value if isinstance(value, ast.Constant) else None
    return None


def _properties(text: str, key: str) -> Any:
    match = re.search(rf"^[ \t]*{re.escape(key)}[ \t]*[=:][ \t]*(.*)$", text, re.MULTILINE)
    return match and match[1]


def _whole(text: str, _key: str) -> str:
    return text


def _at(document: Any, key: str) -> Any:
    for name in key.split("."):
        if not isinstance(document, dict) or name not in document:
            return None
        document = document[name]
    return document


_READERS: dict[str, Callable[[str, str], Any]] = {
    "*.toml": _toml,
    "*.json": _json,
    "*.yaml": _yaml,
    "*.yml": _yaml,
    "*.cfg": _ini,
    "*.ini": _ini,
    "*.py": _python,
    "*.properties": _properties,
}
