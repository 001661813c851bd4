"""Values in files of common formats, by a dotted key; and in any file, by a pattern."""

import re
from collections.abc import Callable
from configparser import ConfigParser
from configparser import Error as ConfigError
from fnmatch import fnmatch
from typing import Any

from release_sentinel import regular, strict_json, strict_toml
from release_sentinel.observe import patterns
from release_sentinel.observe.manifests import markup, modules
from release_sentinel.observe.manifests.files import AbsentError, Tree, UnclearError, at, text_of, whole
from release_sentinel.observe.patterns import EndlessPatternError
from release_sentinel.sentences import sentence

_DEFAULTS = {"*.py": "__version__", "*.nuspec": "metadata.version"}


def by_key(tree: Tree, path: str, name: str, key: str) -> str:
    """Return the value at a key, or at the usual one of a format; `name` is the name of the file."""
    kind = next((kind for pattern, kind in _READERS.items() if fnmatch(name, pattern)), None)
    if kind is None and key:
        raise UnclearError(f"{path} has no keys, and {key!r} is not a pattern with one group", "see version.files")
    if kind is None:
        return whole(path, tree.read(path))
    key = key or next((key for pattern, key in _DEFAULTS.items() if fnmatch(name, pattern)), "version")
    return text_of(path, key, kind(tree, path, key))


def by_pattern(tree: Tree, path: str, pattern: str) -> list[str]:
    """Return what the one group of a pattern matches, at each place; `^` and `$` match at each line."""
    found = matches(path, tree.read(path), pattern)
    if not found:
        raise AbsentError(f"{path} has nothing that matches {pattern!r}", "correct the pattern in version.files")
    return found


def matches(path: str, text: str, pattern: str, group: str = "") -> list[str]:
    """Return what a group of a pattern matches in the text of a file: the named one, or the only one."""
    remedy = "correct the pattern in version.files"
    try:
        groups, names = patterns.groups(pattern)
    except ValueError as error:
        raise UnclearError(f"the pattern of {path} {sentence(error)}", remedy) from None
    if group not in names if group else groups != 1:
        wanted = f"a group {group!r}" if group else "one group, the version"
        raise UnclearError(f"the pattern of {path} has {groups} groups, expected {wanted}", remedy)
    try:
        return list(dict.fromkeys(patterns.captures(pattern, text, group or 1)))
    except EndlessPatternError as endless:
        raise UnclearError(endless.seen.why, endless.seen.remedy) from None


def load_toml(tree: Tree, path: str) -> dict[str, Any]:
    """Return the document in a TOML file."""
    try:
        return strict_toml.loads(tree.read(path))
    except ValueError as error:
        raise unparsed(path, error) from None


def load_json(tree: Tree, path: str) -> Any:
    """Return the document in a JSON file."""
    try:
        return strict_json.loads(tree.read(path))
    except ValueError as error:
        raise unparsed(path, error) from None


def load_yaml(tree: Tree, path: str) -> Any:
    """Return the document in a YAML file, with texts alone: 1.10 stays 1.10."""
    text = tree.read(path)
    try:
        import yaml  # noqa: PLC0415 - late: it costs 25 ms
    except ImportError:
        raise UnclearError(f"{path} cannot be parsed without PyYAML", "install PyYAML") from None
    try:
        return yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - as above
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise unparsed(path, error) from None


def load_ini(tree: Tree, path: str) -> ConfigParser:
    """Return the sections of a file such as setup.cfg."""
    parser = ConfigParser(interpolation=None)
    try:
        parser.read_string(tree.read(path))
    except ConfigError as error:
        raise unparsed(path, error) from None
    return parser


def unparsed(path: str, error: Exception) -> UnclearError:
    """Return that a file is not of its format; already understood errors stay as they are."""
    if isinstance(error, UnclearError):
        return error
    return UnclearError(f"{path} cannot be parsed: {sentence(error)}", "correct the file")


def _at(path: str, document: Any, key: str) -> Any:
    if not isinstance(document, dict) and not key[:1].isdigit():
        raise UnclearError(f"{path} has no {key}: it is not a table of keys", "correct the file")
    return at(document, key)


def _ini(tree: Tree, path: str, key: str) -> Any:
    section, _, option = key.rpartition(".")
    return load_ini(tree, path).get(section, option, fallback=None)


def properties(tree: Tree, path: str, key: str) -> str | None:
    """Return the value of a key in a file such as gradle.properties."""
    match = re.search(
        rf"^[ \t]*+{re.escape(key)}[ \t]*+(?:[=:][ \t]*+|(?<=[ \t]))([^\n]*)$",
        tree.read(path, regular.MIB),
        re.MULTILINE,
    )
    return match[1].strip() if match else None


_READERS: dict[str, Callable[[Tree, str, str], Any]] = {
    "*.toml": lambda tree, path, key: at(load_toml(tree, path), key),
    "*.json": lambda tree, path, key: _at(path, load_json(tree, path), key),
    "*.y*ml": lambda tree, path, key: _at(path, load_yaml(tree, path), key),
    "*.cfg": _ini,
    "*.ini": _ini,
    "*.py": modules.value,
    "*.properties": properties,
    "*.xml": lambda tree, path, key: markup.text_at(markup.load(tree, path), key),
    "*.*proj": lambda tree, path, key: markup.text_at(markup.load(tree, path), key),
    "*.props": lambda tree, path, key: markup.text_at(markup.load(tree, path), key),
    "*.nuspec": lambda tree, path, key: markup.text_at(markup.load(tree, path), key),
}
