"""The version in the manifests of Ruby, Elixir, PHP, Dart and others."""

import re
from collections.abc import Iterator

from release_sentinel.observe.manifests.files import (
    AbsentError,
    Tool,
    Tree,
    UnclearError,
    Value,
    beside,
    file_that_is_read,
    text_in,
)
from release_sentinel.observe.manifests.formats import load_json

_MIX_PROJECT = re.compile(r"^[ \t]*+def[ \t]++project\b.*?(?=^[ \t]*+(?:defp?[ \t]|@)|\Z)", re.MULTILINE | re.DOTALL)
_MIX_TOKEN = re.compile(
    r"\"{3}.*?\"{3}|\"(?:\\.|[^\"\\])*+\"|'(?:\\.|[^'\\])*+'"
    r"|(?<!\w)\?\\?."  # a character
    r"|(?P<key>(?<![\w@:.])version:\s*+)|(?P<open>[\[({])|(?P<close>[\])}])|(?P<end>[,\n]|#[^\n]*+)",
    re.DOTALL,
)
_MIX_NAME = re.compile(r"@(\w+)")
_GEM = re.compile(
    r"(?:^|[;{|])[ \t]*+\w+\.version[ \t]*+=(?!=)[ \t]*+([^\n;}]+?)[ \t]*+(?:[;}][^\n]*|#[^\n]*)?$", re.MULTILINE
)
_GEM_NAME = re.compile(r"(?:::)?((?:\w+::)*)([A-Z_]+)")
_LITERAL = re.compile(r"[\"']([^\"'#\\]*)[\"'](?:\.freeze)?")


def composer(tree: Tree, path: str) -> list[Value | Tool]:
    """Return the version of a composer.json; without one, Composer takes it from Git's tags."""
    try:
        return [Value(text_in(path, "version", load_json(tree, path)))]
    except AbsentError:
        return [Tool("Composer")]


def mix(tree: Tree, path: str) -> list[Value | Tool]:
    """Return the version of a mix.exs, also one that a module attribute or a file holds."""
    text = tree.read_code(path)
    project = _MIX_PROJECT.search(text)
    keys = list(_mix_keys(project[0] if project else text))
    least = min((depth for depth, _ in keys), default=0)  # releases have such keys, too, deeper in brackets
    found = list(dict.fromkeys(expression for depth, expression in keys if depth == least))
    if not found:
        raise AbsentError(f"{path} has no version", f"name its place: {path}#PATTERN")
    expression = found[0]
    if name := _MIX_NAME.fullmatch(expression):
        assigned = re.findall(rf"^[ \t]*+@{name[1]}[ \t]++([^\n]+)$", text, re.MULTILINE)
        expression = assigned[0].strip() if len(assigned) == 1 else expression
    return [_value(tree, path, expression if len(found) == 1 else "")]


def _mix_keys(text: str) -> Iterator[tuple[int, str]]:
    """Yield what each `version:` outside of texts and comments is, with the number of brackets around it."""
    depth, begun = 0, list[tuple[int, int]]()
    for token in _MIX_TOKEN.finditer(f"{text}\n"):
        if token["key"]:
            begun.append((depth, token.end()))
        depth += bool(token["open"]) - bool(token["close"])
        if token["close"] or token["end"]:
            while begun and (begun[-1][0] > depth or (token["end"] and begun[-1][0] == depth)):
                around, begin = begun.pop()
                yield around, text[begin : token.start()].strip()


def gemspec(tree: Tree, path: str) -> list[Value | Tool]:
    """Return the version of a gemspec or podspec, also one that `lib/NAME/version.rb` holds."""
    found = list(dict.fromkeys(_GEM.findall(tree.read_code(path))))
    if not found:
        raise UnclearError(f"{path} has no version", f"name its place: {path}#PATTERN")
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
