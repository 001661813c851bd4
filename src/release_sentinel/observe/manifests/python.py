"""The version of a Python project: pyproject.toml, setup.cfg, setup.py, and the files that these refer to."""

import ast
import posixpath
import re
from collections.abc import Iterable
from typing import Any

from release_sentinel import regular
from release_sentinel.observe.manifests import cargo, modules
from release_sentinel.observe.manifests.files import (
    AbsentError,
    Tool,
    Tree,
    UnclearError,
    Value,
    at,
    beside,
    table,
    tables,
    text_of,
    whole,
    with_file,
)
from release_sentinel.observe.manifests.formats import load_ini, load_json, load_toml, matches

# Tools that take the version from Git's tags, by the names under which pyproject.toml asks for them.
_TAG_TOOLS = (
    *("setuptools-scm", "hatch-vcs", "versioneer", "versioningit", "setuptools-git-versioning", "dunamai", "pbr"),
    *("vcs-versioning", "flit-scm", "poetry-dynamic-versioning", "uv-dynamic-versioning", "setuptools-vcs"),
)
_TAG_SOURCES = {"vcs": "hatch-vcs", "scm": "pdm", "versioningit": "versioningit", "uv-dynamic-versioning": ""}
# The patterns of hatchling and scikit-build-core, where the project has none of its own.
_LINE = re.compile(
    r"""^(?:__version__|VERSION)(?:[ ]?:[ ]?str)?[ ]*=[ ]*(["'])v?([^"'\n]+)\1""", re.MULTILINE | re.IGNORECASE
)
_MESON = re.compile(r"\bproject\([^)]{0,2000}?\bversion[ ]*:[ ]*'([^'\n]*)'")


def pyproject(tree: Tree, path: str) -> list[Value | Tool]:
    """Return the version of a pyproject.toml: the static ones, or what `dynamic` refers to."""
    document = load_toml(tree, path)
    project, poetry = table(document, "project"), table(document, "tool.poetry")
    stated = {"project.version": project.get("version"), "tool.poetry.version": poetry.get("version")}
    if stated["project.version"] is None and at(document, "tool.poetry-dynamic-versioning.enable") is True:
        return [Tool("poetry-dynamic-versioning")]
    found = [(key, value) for key, value in stated.items() if value is not None]
    if found:
        return [Value(text_of(path, key, value), key=key if place else "") for place, (key, value) in enumerate(found)]
    dynamic = project.get("dynamic")
    if isinstance(dynamic, list) and "version" in dynamic:
        return [_dynamic(tree, path, document)]
    if module := at(document, "tool.flit.metadata.module"):
        return [_of_flit(tree, path, str(module))]
    if project:
        raise UnclearError(f"{path} has no project.version", "write one, or name `version` in project.dynamic")
    raise AbsentError(f"{path} has no project.version", f"name the key of the version: {path}#KEY")


def _dynamic(tree: Tree, path: str, document: dict[str, Any]) -> Value | Tool:
    tool = _tag_tool(document)
    try:
        for find in (_of_setuptools, _of_hatch, _of_pdm, _of_scikit_build, _of_backend):
            if found := find(tree, path, document):
                return found
        if tool:
            return Tool(tool)
        return _of_setup(tree, path)
    except UnclearError:
        if tool:  # what it writes at the build is not there yet
            return Tool(tool)
        raise


def _tag_tool(document: dict[str, Any]) -> str:
    requires = at(document, "build-system.requires")
    asked = [text for text in requires if isinstance(text, str)] if isinstance(requires, list) else []
    names = [re.split(r"[\s\[<>=!~;@(]", text.strip(), maxsplit=1)[0] for text in asked]
    names += [*table(document, "tool")]
    known = {_normal(name) for name in names}
    return next((tool for tool in _TAG_TOOLS if tool in known), "")


def _of_setuptools(tree: Tree, path: str, document: dict[str, Any]) -> Value | None:
    rule = table(document, "tool.setuptools.dynamic.version")
    if "attr" in rule:
        folders = table(document, "tool.setuptools.package-dir")
        roots = _roots(path, folders, at(document, "tool.setuptools.packages.find.where"))
        return modules.attribute(tree, path, text_of(path, "attr", rule["attr"]), roots)
    if "file" in rule:
        return _of_file(tree, path, rule["file"] if isinstance(rule["file"], list) else [rule["file"]])
    return None


def _of_hatch(tree: Tree, path: str, document: dict[str, Any]) -> Value | Tool | None:
    rule = table(document, "tool.hatch.version")
    source = rule.get("source", "regex")
    if source in _TAG_SOURCES:
        return Tool(_TAG_SOURCES[source] or source)
    if source == "nodejs":
        file = beside(path, str(rule.get("path", "package.json")))
        return Value(text_of(file, "version", at(load_json(tree, file), "version")), file)
    if "path" not in rule:
        return None
    file = beside(path, str(rule["path"]))
    if source == "code":
        return modules.Module(tree, file).text(str(rule.get("expression", "__version__")))
    if source == "regex":
        return _of_line(tree, file, rule.get("pattern"), "version")
    return None


def _of_pdm(tree: Tree, path: str, document: dict[str, Any]) -> Value | Tool | None:
    rule = table(document, "tool.pdm.version")
    if rule.get("source") == "scm":
        return Tool("pdm")
    return _of_line(tree, beside(path, str(rule["path"])), None, "") if rule.get("source") == "file" else None


def _of_scikit_build(tree: Tree, path: str, document: dict[str, Any]) -> Value | Tool | None:
    rule = table(document, "tool.scikit-build.metadata.version")
    provider = str(rule.get("provider", ""))
    if provider.endswith("setuptools_scm"):
        return Tool("setuptools-scm")
    if provider.endswith("regex") and "input" in rule:
        return _of_line(tree, beside(path, str(rule["input"])), rule.get("regex"), "value")
    return None


def _of_backend(tree: Tree, path: str, document: dict[str, Any]) -> Value | None:
    """Return the version that a build backend finds by itself: flit in the module, maturin in Cargo.toml, Meson."""
    backend = str(at(document, "build-system.build-backend") or "").partition(".")[0]
    if backend in {"flit_core", "flit"}:
        return _of_flit(tree, path, str(at(document, "tool.flit.module.name") or at(document, "project.name") or ""))
    if backend == "maturin":
        file = beside(path, str(at(document, "tool.maturin.manifest-path") or "Cargo.toml"))
        return with_file(cargo.package(tree, file), file)
    if backend == "mesonpy":
        file = beside(path, "meson.build")
        match = _MESON.search(tree.read_code(file))
        return Value(match[1], file) if match else None
    return None


def _of_flit(tree: Tree, path: str, name: str) -> Value:
    module = re.sub(r"[-.]+", "_", name) if "." not in name else name
    return modules.attribute(tree, path, f"{module}.__version__", _roots(path, {}))


def _of_setup(tree: Tree, path: str) -> Value | Tool:
    """Return the version of the setup.cfg or setup.py beside a pyproject.toml that has none."""
    for name, find in (("setup.cfg", setup_cfg), ("setup.py", setup_py)):
        file = beside(path, name)
        if tree.has(file):
            try:
                found = find(tree, file)[0]
            except AbsentError:
                continue
            return with_file(found, file) if isinstance(found, Value) else found
    raise UnclearError(f"{path} computes its version, and nothing is run to find it")


def setup_cfg(tree: Tree, path: str) -> list[Value | Tool]:
    """Return the version of a setup.cfg, also the one that `attr:` or `file:` refers to."""
    parser = load_ini(tree, path)
    said = parser.get("metadata", "version", fallback=None)
    text = (said or "").strip()
    kind, _, rest = text.partition(":")
    if kind == "attr":
        lines = (line.partition("=") for line in parser.get("options", "package_dir", fallback="").split("\n"))
        folders = {name.strip(): folder.strip() for name, _, folder in lines}
        where = parser.get("options.packages.find", "where", fallback="").split()
        return [modules.attribute(tree, path, rest.strip(), _roots(path, folders, where))]
    if kind == "file":
        return [_of_file(tree, path, [name.strip() for name in rest.split(",")])]
    if not text and parser.has_section("versioneer"):
        return [Tool("versioneer")]
    return [Value(text_of(path, "metadata.version", said).strip())]


def setup_py(tree: Tree, path: str) -> list[Value | Tool]:
    """Return the version that a setup.py passes to `setup`."""
    module, text = modules.parse(tree, path)
    calls = [node for node in ast.walk(module) if isinstance(node, ast.Call) and _name(node.func) == "setup"]
    words = {word.arg: word.value for call in calls for word in call.keywords}
    if "use_scm_version" in words:
        return [Tool("setuptools-scm")]
    if "pbr" in words:
        return [Tool("pbr")]
    if "version" in words:
        source = ast.get_source_segment(text, words["version"]) or ""
        if isinstance(words["version"], ast.Call) and (tool := re.search(r"versioneer|versioningit|scm", source)):
            return [Tool(tool[0])]
        found = modules.Module(tree, path).evaluate(words["version"], "version")
        return [found if found.file != path else Value(found.text)]
    if None in words:
        raise UnclearError(f"{path} computes what it passes to setup, and nothing is run to find the version")
    raise AbsentError(f"{path} has no version", "see version.files")


def uv_lock(tree: Tree, path: str) -> list[Value]:
    """Return the version that a uv.lock has for the project beside it."""
    project, beside_it = "", beside(path, "pyproject.toml")
    if tree.has(beside_it):
        project = str(at(load_toml(tree, beside_it), "project.name") or "")
    for package in tables(path, "package", load_toml(tree, path)):
        source = table(package, "source")
        of_project = "." in {source.get("editable"), source.get("virtual"), source.get("directory")}
        if of_project and _normal(str(package.get("name"))) == _normal(project) and "version" in package:
            return [Value(text_of(path, "version", package["version"]))]
    raise AbsentError(f"{path} has no version of the project", f"name its place: {path}#PATTERN")


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _roots(path: str, folders: dict[str, Any], where: Any = ()) -> Iterable[str]:
    """Return the folders that the packages of a project may be in, those that it names first.

    `folders` has those of packages by name, the one of all under the blank name; `where` lists more.
    """
    here = posixpath.dirname(path)
    named = [str(folder).rstrip("/") for folder in (where if isinstance(where, list) else ())]
    for name, folder in folders.items():
        package = name.replace(".", "/")
        if folder and str(folder).endswith(package):
            named.append(str(folder).removesuffix(package).rstrip("/"))
    return [posixpath.normpath(posixpath.join(here, folder)) for folder in (*named, "", "src", "lib")]


def _of_file(tree: Tree, path: str, names: list[Any]) -> Value:
    if len(names) != 1 or not isinstance(names[0], str):
        raise UnclearError(f"{path} joins its version from several files")
    file = beside(path, names[0])
    return Value(whole(file, tree.read(file)), file)


def _of_line(tree: Tree, file: str, pattern: Any, group: str) -> Value:
    text = tree.read(file, regular.MIB)
    if isinstance(pattern, str):
        found = matches(file, text, pattern, group)
    else:
        found = list(dict.fromkeys(match[2] for match in _LINE.finditer(text)))
    if len(found) != 1:
        raise UnclearError(f"{file} has {len(found)} lines with a version, expected one")
    return Value(found[0], file)
