"""What code may import is listed in one place, and is there: documented, typed, and of the shape that was promised."""

import ast
import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from importlib.resources import files
from pathlib import Path

import pytest

from release_sentinel.commands.init import contents
from release_sentinel.public import PUBLIC
from tests import public
from tests.guides import GUIDES, blocks

NAMES = [(module, name) for module, names in PUBLIC.items() for name in names]


@pytest.mark.parametrize(("module", "name"), NAMES)
def test_every_public_name_is_documented_and_typed(module: str, name: str) -> None:
    """A function says what it returns, and has a type for each parameter."""
    found = public.member(module, name)
    if inspect.isfunction(found) or inspect.isclass(found):
        assert (found.__doc__ or "").strip()
    if inspect.isfunction(found):
        hints = [one.annotation for one in inspect.signature(found).parameters.values()]
        assert inspect.Parameter.empty not in [*hints, inspect.signature(found).return_annotation]


@pytest.mark.parametrize("module", ["release_sentinel", "release_sentinel.packs", "release_sentinel.testing"])
def test_a_module_s_own_list_is_the_same(module: str) -> None:
    """`__all__` and the public names agree, in the modules that are made for others."""
    assert sorted(import_module(module).__all__) == sorted(PUBLIC[module])


def test_the_public_api_has_the_shape_that_was_promised() -> None:
    """A change of a signature or a field is a decision: `python -m tests.public` writes the file again."""
    assert list(public.shapes()) == re.split(r"\n(?! )", public.FILE.read_text(encoding="utf-8").removesuffix("\n"))


def imported(source: str) -> Iterator[tuple[str, str]]:
    """Yield what a source takes from this program: module and name."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "release_sentinel":
            yield from ((node.module or "", alias.name) for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names if alias.name.startswith("release_sentinel"))


PACK = Path(__file__).parent / "packs" / "acme"
TEMPLATES = Path(str(files("release_sentinel") / "templates"))
# What is written by users, as we show and write it for them.
WRITTEN = {
    **{f"guide {name}": source for name in ("api", "own-gates", "packs") for source in blocks(GUIDES[name], "python")},
    **{str(path.relative_to(PACK)): path.read_text(encoding="utf-8") for path in sorted(PACK.rglob("*.py"))},
    **{name: text for name, text in contents(None).items() if name.endswith(".py")},
    **{
        path.name: re.sub("<[a-z]+>", "acme", path.read_text(encoding="utf-8"))
        for path in sorted(TEMPLATES.glob("pack/*.in"))
        if path.name.endswith(".py.in")
    },
}


@pytest.mark.parametrize("name", WRITTEN)
def test_what_we_show_and_write_uses_public_names_alone(name: str) -> None:
    """Guides, templates and the example of a pack keep to the list."""
    assert [one for one in imported(WRITTEN[name]) if one not in NAMES] == []


def test_some_of_it_imports_something() -> None:
    """The reader of imports is not blind."""
    found = [one for source in WRITTEN.values() for one in imported(source)]
    assert {("release_sentinel", "CheckResult"), ("release_sentinel.packs", "Pack")} <= set(found)


def test_the_guide_s_tests_run(tmp_path: Path) -> None:
    """As they stand in the guide."""
    source = "\n\n".join(blocks(GUIDES["api"], "python"))
    (tmp_path / "test_guide.py").write_text(source, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", "test_guide.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "3 passed" in done.stdout, done.stdout
