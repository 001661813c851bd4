"""The version in the manifests of Ruby, Elixir, PHP, Dart and others."""

import re

from release_sentinel.observe.manifests.files import (
    AbsentError,
    Tool,
    Tree,
    UnclearError,
    Value,
    at,
    beside,
    file_that_is_read,
    text_of,
)
from release_sentinel.observe.manifests.formats import load_json

_MIX = re.compile(r"^[ \t]*+version:[ \t]*+([^\n]+?),?[ \t]*+(?:#[^\n]*)?$", re.MULTILINE)
_MIX_NAME = re.compile(r"@(\w+)")
_GEM = re.compile(r"^[ \t]*+\w+\.version[ \t]*+=[ \t]*+([^\n]+?)[ \t]*+(?:#[^\n]*)?$", re.MULTILINE)
_GEM_NAME = re.compile(r"(?:::)?((?:\w+::)*)([A-Z_]+)")
_LITERAL = re.compile(r"[\"']([^\"'#\\]*)[\"'](?:\.freeze)?")


def composer(tree: Tree, path: str) -> list[Value | Tool]:
    """Return the version of a composer.json; without one, Composer takes it from Git's tags."""
    version = at(load_json(tree, path), "version")
    return [Tool("Composer")] if version is None else [Value(text_of(path, "version", version))]


def mix(tree: Tree, path: str) -> list[Value | Tool]:
    """Return the version of a mix.exs, also one that a module attribute or a file holds."""
    text = tree.read_code(path)
    found = list(dict.fromkeys(_MIX.findall(text)))
    if not found:
        raise AbsentError(f"{path} has no version", f"name its place: {path}#PATTERN")
    expression = found[0]
    if name := _MIX_NAME.fullmatch(expression):
        assigned = re.findall(rf"^[ \t]*+@{name[1]}[ \t]++([^\n]+)$", text, re.MULTILINE)
        expression = assigned[0].strip() if len(assigned) == 1 else expression
    return [_value(tree, path, expression if len(found) == 1 else "")]


def gemspec(tree: Tree, path: str) -> list[Value | Tool]:
    """Return the version of a gemspec or podspec, also one that `lib/NAME/version.rb` holds."""
    found = list(dict.fromkeys(_GEM.findall(tree.read_code(path))))
    if not found:
        raise AbsentError(f"{path} has no version", f"name its place: {path}#PATTERN")
    name = _GEM_NAME.fullmatch(found[0])
    if len(found) == 1 and name and name[1]:
        folder = "/".join(_snake(part) for part in name[1].removesuffix("::").split("::"))
        file = beside(path, f"lib/{folder}/version.rb")
        if tree.has(file):
            return [_ruby_constant(tree, file, name[2])]
    return [_value(tree, path, found[0] if len(found) == 1 else "")]


def _ruby_constant(tree: Tree, file: str, name: str) -> Value:
    assigned = re.findall(rf"^[ \t]*+{name}[ \t]*+=[ \t]*+([^\n]+)$", tree.read_code(file), re.MULTILINE)
    literal = _LITERAL.fullmatch(assigned[0].strip()) if len(assigned) == 1 else None
    if not literal:
        raise UnclearError(f"{file} computes {name}, and nothing of it is run to find the version")
    return Value(literal[1], file)


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def _value(tree: Tree, path: str, expression: str) -> Value:
    if literal := _LITERAL.fullmatch(expression):
        return Value(literal[1])
    if read := file_that_is_read(tree, path, expression):
        return read
    raise UnclearError(f"{path} computes its version, and nothing of it is run to find it")
