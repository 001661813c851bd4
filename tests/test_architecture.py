"""Who may import whom: downwards only. Read from the source, so that no import has to run."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

import release_sentinel

SOURCE = Path(release_sentinel.__file__).parent
GATES = Path(__file__).parent.parent / "gate_tests"

# Highest first. A name stands for a module, or for a folder with all its modules; `` is the package itself.
LAYERS = (
    {"cli", "__main__", "testing"},
    {"commands", "parser"},
    {"core", "proof", "supervision", "relay"},
    {"plugin"},
    {"reports", "deliver", "history"},
    {"redacted"},
    {"waivers"},
    {"verdict"},
    {"settings", "identity", "plan"},
    {"invocation"},
    {"gates", "packs"},
    {"checks", ""},
    {"observe"},
    {"arguments", "config", "errors", "ini", "jsonpath", "options", "redaction", "logging", "versions", "trailers"},
    {
        "vocabulary",
        "colours",
        "lines",
        "widths",
        "regular",
        "strict_json",
        "strict_toml",
        "sentences",
        "tokens",
        "measures",
        "timeline",
        "public",
        "durations",
    },  # leaves
)
LATE = {"apprise", "git", "psutil", "requests", "semver"}
DOOR = "checks.git"  # the names of the first version, kept: it knows the other checks and nothing knows it
FOR_ALL_CHECKS = {"checks", "checks.result"}


@dataclass(frozen=True)
class Import:
    """One module that a module imports, and whether that happens when the importer is loaded."""

    importer: str
    imported: str
    early: bool

    def __str__(self) -> str:
        return f"{self.importer} imports {self.imported}"


def module_of(file: Path, root: Path = SOURCE) -> str:
    """Return a module's dotted name below the package."""
    return ".".join(file.relative_to(root).with_suffix("").parts).removesuffix("__init__").rstrip(".")


MODULES = {module_of(file): file for file in sorted(SOURCE.rglob("*.py")) if "gate_tests" not in file.parts}


def imports(name: str, file: Path) -> Iterator[Import]:
    """Yield what a file imports; relative imports are not used here, and would be shown as they are written."""
    for node, late in _nodes(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(name, alias.name, not late)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            for alias in node.names:
                part = f"{module}.{alias.name}"
                is_module = part.removeprefix("release_sentinel.") in MODULES
                yield Import(name, part if is_module else module, not late)


def _nodes(node: ast.AST, *, late: bool = False) -> Iterator[tuple[ast.AST, bool]]:
    """Yield each node, and whether it does not run when its module is loaded."""
    late = late or _is_late(node)
    yield node, late
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.expr):  # which holds no import
            yield from _nodes(child, late=late)


def _is_late(node: ast.AST) -> bool:
    """Tell whether a node's body does not run when its module is loaded."""
    type_checking = isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
    return type_checking or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)


@cache  # not read by each process that collects tests
def every() -> list[Import]:
    """Return all imports of the package."""
    return [found for name, file in MODULES.items() for found in imports(name, file)]


@cache
def own() -> list[Import]:
    """Return the imports of the package's own modules, by their names within it."""
    return [
        Import(found.importer, found.imported.removeprefix("release_sentinel").removeprefix("."), found.early)
        for found in every()
        if found.imported.partition(".")[0] == "release_sentinel"
    ]


def layer(module: str) -> int:
    """Return how far down a module lies: 0 is the top."""
    first = module.partition(".")[0]
    return next(depth for depth, names in enumerate(LAYERS) if first in names)


def names(found: list[Import]) -> list[str]:
    """Return imports as sentences, for a failure that can be read."""
    return [str(one) for one in found]


@pytest.mark.parametrize("module", MODULES)
def test_every_module_has_one_layer(module: str) -> None:
    """A new module has to be placed."""
    first = module.partition(".")[0]

    assert sum(first in names for names in LAYERS) == 1, f"place {first} in LAYERS"


def test_the_imports_are_read() -> None:
    """The reader of imports is not blind: it sees each way to import, and which of them are late."""
    seen = {(found.importer, found.imported, found.early) for found in every()}

    assert ("verdict", "release_sentinel.vocabulary", True) in seen
    assert ("commands.gate", "release_sentinel.core", True) in seen
    assert ("cli", "release_sentinel.invocation", True) in seen
    assert ("cli", "release_sentinel.commands.gate", False) in seen
    assert ("observe.host", "psutil", False) in seen
    assert ("versions", "semver", False) in seen


def test_no_arrow_points_up() -> None:
    """Each module imports from its own layer or from those below."""
    assert names([found for found in own() if layer(found.imported) < layer(found.importer)]) == []


def test_the_lowest_layer_stands_on_errors_and_redaction_alone() -> None:
    """What everything else stands on stays free of knots."""
    lowest = [found for found in own() if layer(found.importer) == len(LAYERS) - 2]
    between = {found.imported for found in lowest if found.imported.split(".")[0] != found.importer.split(".")[0]}

    assert between <= {"errors", "jsonpath", "redaction"} | LAYERS[-1]


def test_no_check_imports_another() -> None:
    """Checks share their result type alone; only the door for callers from Python knows them all."""
    between = [
        found
        for found in own()
        if found.importer.startswith("checks.") and found.imported.startswith("checks") and found.importer != DOOR
    ]

    assert names([found for found in between if found.imported not in FOR_ALL_CHECKS]) == []


def test_nothing_comes_in_by_the_door() -> None:
    """`checks.git` is for callers from outside; our own code asks the checks themselves."""
    assert names([found for found in own() if found.imported == DOOR]) == []


def test_observers_know_nothing_of_the_policy() -> None:
    """What is observed does not depend on what is wanted: limits and time-outs are arguments."""
    read = [found for found in own() if found.importer.startswith("observe") and found.imported.startswith("config")]

    assert [str(found) for found in read if found.imported != "config.variables"] == []  # which reads NAME_FILE
    assert read


def test_only_the_plugin_knows_pytest() -> None:
    """The judges can be used without it, and a new pytest touches one folder."""
    users = {found.importer for found in every() if found.imported.partition(".")[0] in {"pytest", "_pytest"}}

    assert {user.partition(".")[0] for user in users} == {"plugin"}


PRIVATE = {
    "_pytest",
    "_anonymous",
    "_current_line",
    "_fixtureinfo",
    "_getobj",
    "_groups",
    "_inicache",
    "_markers",
    "_nodeid",
    "_parser",
    "_tw",
    "_writer",
    "fullwidth",
    "hasmarkup",
    "isatty",
    "known_args_namespace",
    "AssertionRewritingHook",
    "CaptureManager",
    "PYC_TAIL",
    "TerminalReporter",
    "TerminalWriter",
}


@pytest.mark.parametrize("module", [name for name in MODULES if name.startswith("plugin") and name != "plugin.compat"])
def test_only_compat_knows_pytest_s_private_parts(module: str) -> None:
    """What pytest may change without notice is touched in one file, which has a test for each part."""
    tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
    nodes = list(ast.walk(tree))
    used = {node.attr for node in nodes if isinstance(node, ast.Attribute) and not _is_own(node)}
    used |= {node.id for node in nodes if isinstance(node, ast.Name)}
    used |= {node.name for node in nodes if isinstance(node, ast.FunctionDef)}
    used |= {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    used |= {found.imported.partition(".")[0] for found in every() if found.importer == module}

    assert not used & PRIVATE
    assert "SLF001" not in MODULES[module].read_text(encoding="utf-8")


def _is_own(node: ast.Attribute) -> bool:
    """Tell whether an attribute is one of the object that the code belongs to."""
    return isinstance(node.value, ast.Name) and node.value.id == "self"


def test_only_observers_and_versions_know_the_libraries() -> None:
    """Git, host and network are touched in one place each."""
    users = {found.importer for found in every() if found.imported.partition(".")[0] in LATE}

    assert users == {
        "deliver.messenger",
        "observe.git.process",
        "observe.host",
        "observe.http",
        "observe.processes",
        "observe.this_process",
        "versions",
    }


def test_dear_libraries_are_loaded_late() -> None:
    """A run that does not need them does not wait for them."""
    assert names([found for found in every() if found.early and found.imported.partition(".")[0] in LATE]) == []


def test_one_reader_knows_name_file() -> None:
    """A value that a container mounts as a file is read by `look_up`, with its bounds and its refusals."""
    files = {
        name: [
            node.value
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        ]
        for name, file in MODULES.items()
    }
    ending = {
        name
        for name, texts in files.items()
        if any(re.fullmatch(r"((?!GIT_|COVERAGE_)\w+)?_FILE", text) for text in texts)
    }

    assert ending == {"config.variables", "observe.ci.servers"}  # TeamCity's own files


def test_no_import_is_relative() -> None:
    """One way to name a module."""
    assert names([found for found in every() if found.imported.startswith(".")]) == []


@pytest.mark.parametrize("file", sorted(GATES.glob("*.py")), ids=lambda file: file.name)
def test_gates_use_public_names_only(file: Path) -> None:
    """A gate reads as a user's own would: pytest, and the public names of a check."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    modules = {found.imported for found in imports(file.stem, file)}
    taken = [alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names]

    assert all(name == "pytest" or name.startswith("release_sentinel.checks.") for name in modules)
    assert not [name for name in taken if name.startswith("_")]
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr.startswith("_")]


def test_the_defaults_of_a_record_are_not_read_from_its_class() -> None:
    """There the name of a field is a descriptor, which compares and computes as nothing does."""
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in SOURCE.rglob("*.py")]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    fields = {
        (node.name, line.target.id)
        for node in nodes
        if isinstance(node, ast.ClassDef)
        for line in node.body
        if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name)
    }
    read = {
        (node.value.id, node.attr)
        for node in nodes
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    }
    assert ("Verdict", "gates") in fields
    assert fields & read == set()
