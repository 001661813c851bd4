"""Files and tables that were meant as the policy, and are not read: the defaults would judge in their place."""

import configparser
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path, PurePath
from typing import Any, get_origin

from release_sentinel import regular, strict_json, strict_toml
from release_sentinel.config.model import LayerRules, Policy
from release_sentinel.config.others import is_of_another
from release_sentinel.config.read import KeyPath, bare, is_record, item_kind, keys
from release_sentinel.sentences import sentence

OWN, SHARED, TABLE = "release-sentinel.toml", "pyproject.toml", "release-sentinel"

# Where else settings of tools are kept. The gate folder is `release_sentinel.arguments.GATE_FOLDER`.
FOLDERS = (".ci", ".config", ".github", ".gitlab", "ci", "conf", "config", "gate_tests")
_SETTINGS = (".config", "conf", "config")  # those of them that hold settings alone, and no workflows, gates or scripts
_OTHERS = ("package.json", "pytest.ini", "setup.cfg", "tox.ini")  # other files that tools share
_BUILDERS = {"flit", "hatch", "pdm", "poetry", "setuptools", "uv"}  # whose tables in pyproject.toml are not for others
_SUFFIXES = ("", ".cfg", ".conf", ".config", ".ini", ".json", ".json5", ".jsonc", ".yaml", ".yml")
_TOML = re.compile(r"(.*?)\.?(?:tomll?|tml|tom|tmol|tolm|toml\.txt)", re.IGNORECASE | re.DOTALL)
_BLANKS = re.compile(r"[\W_]+")
_LETTERS = "releasesentinel"
_PIECES = ("relea", "sesen", "tinel")  # one slip leaves one of them whole
_GENERAL = {"sentinel", "releasegate", "releasepolicy", "gatepolicy"}  # names that other tools may have, too
_ASIDE = {"bak", "backup", "dist", "example", "examples", "old", "orig", "sample", "schema", "template", "tmpl"}
_WORDS = ("policy", "config", "settings")  # that may follow our name in the name of a policy
_HEADER = re.compile(r"^\[(?:tools?[:.])?([^\]:.\n]+)", re.MULTILINE | re.IGNORECASE)  # of a section in an ini file
_LONGEST = 100  # characters of a name that is compared
_MOST = regular.MIB  # bytes of a file that is looked into
_MOST_YAML = 1 << 17  # bytes; its reader takes seconds for 1 MiB


def is_nearly(name: str, meant: str = TABLE) -> bool:
    """Return whether the name of a table is close to one, and not that one."""
    plain = name.lower().replace("_", "-")[:_LONGEST]
    return name != meant and bool(get_close_matches(plain, [meant], n=1, cutoff=0.9))


def unread_files(repository: Path, directory: Path | None = None, read: Iterable[Path] = ()) -> list[str]:
    """Say which files hold a policy, or are named like one, and are not among those that are `read`, a sentence each.

    They are at the top of the repository, in folders where tools keep their settings, and from the working `directory`
    up to the top.
    """
    known = {os.path.realpath(path) for path in read}

    def files(folder: Path) -> list[Path]:
        return [path for path in _files(folder) if not known or os.path.realpath(path) not in known]

    found = [sentence for path in files(repository) if (sentence := _misnamed(path))]
    folders = [*(repository / name for name in FOLDERS), *_between(repository, directory)]
    for folder in folders:
        found += [sentence for path in files(folder) if (sentence := _misplaced(path, repository))]
    for folder in (own for above in (repository, *folders[: len(FOLDERS)]) for own in _own_folders(above)):
        found += [_move(path, repository) for path in files(folder) if _is_ours(path)]
    found += [_move(path, repository) for name in _OTHERS if _shares_policy(path := repository / name)]
    return sorted(set(found))


def misplaced_tables(name: str, document: Mapping[str, Any]) -> Iterator[KeyPath]:
    """Yield the paths of the tables in a TOML file that were meant as `[tool.release-sentinel]`."""
    tool = document.get("tool")
    for key, value in tool.items() if isinstance(tool, dict) else ():
        yield from _meant_in_tool(key, value)
    for key, value in document.items() if name == SHARED else ():
        if key == TABLE or is_nearly(key):
            yield (key,)
        elif key != "tool" and isinstance(value, dict):
            for inner, table in value.items():
                meant = inner == TABLE or is_nearly(inner)
                if meant and isinstance(table, dict) and (is_nearly(key.lower(), "tool") or speaks(table)):
                    yield key, inner


def _meant_in_tool(key: str, value: object) -> Iterator[KeyPath]:
    if is_nearly(key) or (key == "sentinel" and speaks(value, whole=True)):
        yield "tool", key
    elif not isinstance(value, dict) or key == TABLE:
        return
    elif key == "release" and isinstance(value.get("sentinel"), dict):
        yield "tool", key, "sentinel"
    else:
        for inner, table in value.items():
            if _is_same(inner) and isinstance(table, dict) and (key in _BUILDERS or speaks(table)):
                yield "tool", key, inner


def speaks(document: object, *, whole: bool = False) -> bool:
    """Return whether half of what a document says, or its `whole`, are keys of the policy that hold what they may."""
    if not isinstance(document, dict):
        return False
    own = [key for key, value in document.items() if _is_own(key, value)]
    return bool(own) and (len(own) == len(document) if whole else 2 * len(own) >= len(document))


_OF_LAYERS = {key: kind for key, kind in keys(LayerRules).items() if key != "waivers"}


def _is_own(key: object, value: object) -> bool:
    if key == "env":  # a table for each environment
        return isinstance(value, dict) and bool(value) and all(map(_is_part, value.values()))
    known = {**keys(Policy), **_OF_LAYERS}
    return isinstance(key, str) and key in known and _fits(known[key][1], value)


def _is_part(part: object) -> bool:
    return isinstance(part, dict) and any(_is_own(key, value) for key, value in part.items())


def _fits(kind: Any, value: object) -> bool:
    """Return whether a value has the form that a key of the policy holds, whatever is wrong with it further down."""
    if is_record(kind):
        return isinstance(value, dict) and (not value or any(key in keys(kind) for key in value))
    if get_origin(bare(kind)[0]) is Mapping:
        return isinstance(value, dict)
    if (item := item_kind(kind)) is None:
        return not isinstance(value, dict | list)
    return isinstance(value, list) and (not value or any(_fits(item, one) for one in value))


def _files(folder: Path) -> list[Path]:
    return [Path(entry.path) for entry in _entries(folder) if not entry.is_dir()]


def _own_folders(folder: Path) -> list[Path]:
    """Return the folders in one that are called like the program."""
    return [Path(entry.path) for entry in _entries(folder) if _is_same(entry.name) and entry.is_dir()]


def _entries(folder: Path) -> list["os.DirEntry[str]"]:
    try:
        with os.scandir(folder) as entries:
            return [entry for entry in entries if len(entry.name) <= _LONGEST]
    except OSError:  # of the repository, for its gate to say
        return []


def _between(repository: Path, directory: Path | None) -> list[Path]:
    """Return the working directory and the folders above it, below the top of the repository."""
    here = directory.resolve() if directory else repository
    top = repository.resolve()
    return [folder for folder in (here, *here.parents) if top in folder.parents]


def _misnamed(path: Path) -> str:
    """Return what is wrong with a file at the top; a blank if it was not meant as the policy."""
    toml, name = _TOML.fullmatch(path.name), path.name
    if name == OWN:
        return ""
    if toml and _is_same(toml[1]):
        return f"{path} is not read: rename it to {OWN}"
    if not (_may_be_meant(path) or _is_named_for_it(path)):
        return ""
    if toml:
        return f"{path} is not read: rename it to {OWN}, or name it with --gate-policy"
    return f"{path} is not read: the policy is TOML; write it to {path.with_name(OWN)}"


def _misplaced(path: Path, repository: Path) -> str:
    """Return what is wrong with a file elsewhere in the repository."""
    toml = _TOML.fullmatch(path.name)
    meant = (toml and _is_same(toml[1])) or _may_be_meant(path) or (path.name == SHARED and _shares_policy(path))
    named = path.parent.name in _SETTINGS and path.parent.parent == repository and _is_named_for_it(path)
    return _move(path, repository) if meant or named else ""


def _move(path: Path, repository: Path) -> str:
    place = repository / OWN
    if path.name == SHARED or path.name in _OTHERS:
        return f"the policy in {path} is not read: move it to {place}"
    return f"{path} is not read: move it to {place}, or name it with --gate-policy"


def _is_same(stem: str) -> bool:
    """Return whether a name is that of the program, apart from case, separators, or one slip."""
    letters = _BLANKS.sub("", stem.lower())
    return len(letters) <= _LONGEST and bool(get_close_matches(letters, [_LETTERS], n=1, cutoff=0.92))


def _is_named_for_it(path: Path) -> bool:
    """Return whether a file has the name of a policy in any of these languages, and is not a file of another kind."""
    toml, suffix = _TOML.fullmatch(path.name), PurePath(path.name).suffix
    stem = _BLANKS.sub("", (toml[1] if toml else path.name.removesuffix(suffix)).lower())
    for word in _WORDS:
        stem = stem.removesuffix(word)
    language = toml or suffix.lower() in _SUFFIXES[1:] or (not suffix and path.name.startswith("."))
    return bool(language) and _is_same(stem) and _is_of_no_other(path)


def _is_ours(path: Path) -> bool:
    """Return whether a file in a folder of our name holds a policy, or is called like one."""
    if not _is_readable(path):
        return False
    return _holds_policy(path) or (path.name.partition(".")[0].lower() == "policy" and _is_of_no_other(path))


def _is_of_no_other(path: Path) -> bool:
    """Return whether a file holds settings, and none of its keys tells what else they are for."""
    found = [document for document in _documents(path) if document]
    tables = [document for document in found if isinstance(document, dict)]
    return bool(tables) and not any(isinstance(one, list) for one in found) and not any(map(is_of_another, tables))


def _may_be_meant(path: Path) -> bool:
    """Return whether a file with a similar name holds a policy."""
    toml = _TOML.fullmatch(path.name)
    suffix = PurePath(path.name).suffix.lower()
    stem = (toml[1] if toml else path.name.removesuffix(PurePath(path.name).suffix)).lower()
    if not (toml or suffix in _SUFFIXES) or _ASIDE & set(_BLANKS.split(stem)):
        return False
    letters = _BLANKS.sub("", stem)
    if letters in _GENERAL:
        return _holds_policy(path, whole=True)
    return _contains_name(letters) and _holds_policy(path)


def _contains_name(letters: str) -> bool:
    """Return whether the name of the program, or one slip off, is within a name."""
    if not any(piece in letters for piece in _PIECES):
        return False
    lengths = range(len(_LETTERS) - 1, len(_LETTERS) + 2)
    parts = (letters[start : start + length] for length in lengths for start in range(len(letters)))
    return any(_is_same(part) for part in parts)


def _is_readable(path: Path) -> bool:
    return bool(_TOML.fullmatch(path.name)) or path.suffix.lower() in _SUFFIXES


def _holds_policy(path: Path, *, whole: bool = False) -> bool:
    """Return whether a file holds a policy in any of the languages for settings; so does TOML that is not valid."""
    documents = _documents(path)
    if _TOML.fullmatch(path.name) and documents == [None]:
        return not whole
    return any(_speaks_somewhere(document, whole=whole) for document in documents)


def _documents(path: Path) -> list[object]:
    """Return what a file says in each language that it can be read in; None where it cannot."""
    try:
        text = regular.read(path, _MOST).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return []
    readers = (strict_toml.loads,) if _TOML.fullmatch(path.name) else _READERS
    return [_parsed(text, read) for read in readers]


def _speaks_somewhere(document: object, *, whole: bool) -> bool:
    """Return whether a document is a policy, or has a table of our name that is one."""
    if not isinstance(document, dict):
        return False
    tables = [document, tool] if isinstance(tool := document.get("tool"), dict) else [document]
    named = [value for table in tables for key, value in table.items() if isinstance(key, str) and _is_same(key)]
    return any(speaks(value) for value in named) or speaks(document, whole=whole)


def _shares_policy(path: Path) -> bool:
    """Return whether a file that tools share has a table of our name that is a policy."""
    try:
        text = regular.read(path, _MOST).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return False
    if "sentinel" not in text.lower():
        return False
    if path.suffix in {".cfg", ".ini"}:
        return any(map(_is_same, _HEADER.findall(text)))
    document = _parsed(text, strict_json.loads if path.suffix == ".json" else strict_toml.loads)
    if path.name == SHARED and isinstance(document, dict):
        tool = document.get("tool")
        return (isinstance(tool, dict) and TABLE in tool) or any(misplaced_tables(SHARED, document))
    found = document.items() if isinstance(document, dict) else ()
    return any(isinstance(value, dict) for key, value in found if _is_same(key))


def _parsed(text: str, read: Callable[[str], object]) -> object:
    try:
        return read(text)
    except (ValueError, RecursionError, configparser.Error):
        return None


def _ini(text: str) -> object:
    parser = configparser.ConfigParser(interpolation=None, strict=False, delimiters=("=", ":"))
    parser.read_string(text)
    return {name: dict(parser[name]) for name in parser.sections()}


def _yaml(text: str) -> object:
    import yaml  # noqa: PLC0415 - late: it costs 25 ms

    if len(text) > _MOST_YAML:
        return None
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(sentence(error)) from None


_READERS = (strict_json.loads, strict_toml.loads, _ini, _yaml)
