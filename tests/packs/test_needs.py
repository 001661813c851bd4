"""What a pack depends on is what is installed: no module of the judged repository takes its place."""

import importlib
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from release_sentinel import __version__
from release_sentinel.config.model import PackRule
from release_sentinel.packs import find
from release_sentinel.packs.needs import PackError
from release_sentinel_guard import InstalledFirst, installed_first
from tests.conftest import Sentinel
from tests.packs.made import depend, example, forget, install, let_install, write
from tests.packs.test_find import CHECKS
from tests.packs.test_judged import IDS, ask, packed, results, site

__all__ = ["packed"]

COUNT = "def count(text): return len(text.split())\n"
NONE = "def count(text): return 0\n"
EARLY = (
    example()[CHECKS]
    .replace("from pathlib", "from acme_common import count\nfrom pathlib")
    .replace("len((folder / settings.file).read_text().split())", "count((folder / settings.file).read_text())")
)
LATE = EARLY.replace("from acme_common import count\n", "").replace(
    "    try:\n", "    from acme_common import count\n\n    try:\n"
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The one folder where packages are installed."""
    let_install(monkeypatch, tmp_path / "site")
    yield tmp_path / "site"
    forget()
    for name in [name for name in sys.modules if name.partition(".")[0] in {"acme_common", "acme_deep"}]:
        del sys.modules[name]


def load() -> Any:
    """Load the pack acme."""
    return find.load("acme", PackRule(">=2,<3"))


@pytest.mark.parametrize(
    ("required", "words"),
    [
        ("acme-common>=1", "needs acme-common>=1, which is not installed: pip install 'acme-common>=1'"),
        ("Acme.Common; python_version > '3'", "needs Acme.Common, which is not installed: pip install Acme.Common"),
        ("acme-common; python_version < '3'", ""),
        ("acme-common; extra == 'more'", ""),
        ("release-sentinel[more]>=0.1", ""),
        (
            "Release_Sentinel>=99",
            f"needs Release_Sentinel>=99, and version {__version__} is installed: pip install 'Release_Sentinel>=99'",
        ),
    ],
)
def test_what_a_pack_requires_here_is_installed(folder: Path, required: str, words: str) -> None:
    """Whatever else could be imported by its name; this program is there."""
    install(folder, requires=(required,))
    if not words:
        assert load().needs.files == {}
        return
    with pytest.raises(PackError, match=f"^{re.escape(words)}$"):
        load()


@pytest.mark.parametrize("version", ["1.0", "1.0rc1", "banana"])
@pytest.mark.parametrize("deep", [False, True], ids=["required", "required by what is required"])
def test_what_a_pack_requires_here_has_the_version(folder: Path, version: str, deep: bool) -> None:
    """Each requirement counts, also a second one of the same distribution; a pre-release is less, or enough."""
    depend(folder, "acme_deep.py", "", "acme-deep", requires=("acme-common>=1.0",) if deep else ())
    files = {**dict.fromkeys(example(), None), "acme_common.py": COUNT}
    install(folder, files, name="acme-common", version=version, entry_points="[other]\n")
    install(folder, requires=("acme-deep", "acme-common" if deep else "acme-common>=1.0"))
    if version == "1.0":
        assert set(load().needs.files) == {"acme_common", "acme_deep"}
        return
    words = f"needs acme-common>=1.0, and version {version} is installed: pip install 'acme-common>=1.0'"
    with pytest.raises(PackError, match=f"^{re.escape(words)}$"):
        load()


def test_the_extras_of_what_is_required_count(folder: Path) -> None:
    """Also of what is required without them elsewhere."""
    depend(folder, "acme_deep.py", "", "acme-deep", requires=("acme-common",))
    depend(folder, "acme_common/__init__.py", COUNT, requires=("acme-none; extra == 'more'",))
    install(folder, requires=("acme-deep", "acme-common[more]"))
    with pytest.raises(PackError, match=r"^needs acme-none, which is not installed"):
        load()


@pytest.mark.parametrize("module", ["acme_common", "acme_common.inner", "acme_deep"])
def test_a_module_in_the_place_of_one_that_a_pack_needs_is_noticed(folder: Path, tmp_path: Path, module: str) -> None:
    """Whether a conftest imported it before the pack or after it; also of what a dependency needs."""
    inner = "acme_common/inner.py" if "." in module else "acme_common/__init__.py"
    depend(folder, inner, COUNT, requires=("acme-deep",))
    depend(folder, "acme_deep.py", "", "acme-deep")
    install(folder, requires=("acme-common",))
    needs = load().needs
    assert not [*needs.shadowed()]
    write(tmp_path / "fake.py", NONE)
    spec = importlib.util.spec_from_file_location(module, tmp_path / "fake.py")
    assert spec
    sys.modules[module] = importlib.util.module_from_spec(spec)
    [words] = needs.shadowed()
    assert words.endswith(f"and {tmp_path / 'fake.py'} was imported in its place: rename that")
    forget()
    with pytest.raises(PackError, match=rf"^needs {module} of acme-(common|deep), and .+ was imported in its place"):
        load()


def test_other_modules_are_nothing_to_a_pack(folder: Path, tmp_path: Path) -> None:
    """Those that wheels bring by mistake, those of a namespace that is shared, and one that replaces itself."""
    depend(folder, "tests/__init__.py", "", "acme-deep")
    depend(folder, "acme_common/inner.py", COUNT)
    install(folder, requires=("acme-common", "acme-deep"))
    assert "tests" not in load().needs.tops
    write(tmp_path / "acme_common" / "own.py", "")
    sys.path.insert(0, str(tmp_path))
    importlib.import_module("acme_common.own")
    sys.path.pop(0)
    sys.modules["acme_common.inner"] = object()  # type: ignore[assignment]  # as some libraries do
    assert not [*load().needs.shadowed()]


def test_a_dependency_is_not_the_source_of_the_judged_repository(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An editable installation is used where its source is elsewhere."""
    info = json.dumps({"url": tmp_path.as_uri(), "dir_info": {"editable": True}})
    depend(folder, "acme_common.pth", "", direct_url=info)
    install(folder, requires=("acme-common",))
    assert load()
    forget()
    monkeypatch.setattr(installed_first, "_tops", (f"{tmp_path}/",))
    with pytest.raises(PackError, match=r"^needs acme-common, an editable installation of the judged repository"):
        load()


def test_what_is_needed_is_found_where_packages_are_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And nowhere else, until the run ends; a name that nothing needs is left to Python."""
    monkeypatch.setattr("release_sentinel_guard.site_folders", lambda: [str(tmp_path)])
    write(tmp_path / "acme_common.py", "")
    finder = InstalledFirst()
    assert finder.find_spec("acme_common") is None
    finder.need(frozenset({"acme_common"}))
    spec = finder.find_spec("acme_common")
    assert spec
    assert spec.origin == str(tmp_path / "acme_common.py")
    assert finder.find_spec("acme_common", ["x"]) is None
    finder.end()
    assert finder.find_spec("acme_common") is None


@pytest.mark.parametrize(
    "text",
    [
        "import acme_common",
        "from acme_common import inner",
        "def f():\n    import acme_common.inner as one",
        "__import__('acme_common')",
        "import importlib\nimportlib.import_module('acme_common.inner')",
    ],
)
def test_what_a_pack_imports_is_not_of_the_judged_repository(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    """Also what it does not require; a module of that name that is elsewhere may be the one."""
    install(folder, {CHECKS: f"{text}\n{example()[CHECKS]}"})
    write(tmp_path / "shop" / "acme_common" / "__init__.py", "")
    write(tmp_path / "shop" / "acme_common" / "inner.py", "")
    monkeypatch.syspath_prepend(tmp_path / "shop")
    importlib.import_module("acme_common")
    needs = load().needs
    assert not [*needs.shadowed()]
    monkeypatch.setattr(installed_first, "_tops", (f"{tmp_path / 'shop'}/",))
    assert next(needs.shadowed()).startswith(
        f"imports acme_common, and {tmp_path / 'shop'}/acme_common/__init__.py of "
    )
    forget()
    with pytest.raises(PackError, match=r"^imports acme_common, and .+ of the judged repository was imported: rename"):
        load()


def test_a_syntax_error_in_a_pack_is_told_by_its_import(folder: Path) -> None:
    """What such a file imports cannot be read."""
    install(folder, {CHECKS: "import ("})
    with pytest.raises(PackError, match=r"^is broken: .*SyntaxError"):
        load()


@pytest.mark.parametrize("required", [("acme-common",), ()], ids=["required", "not required"])
@pytest.mark.parametrize("way", ["release-sentinel", "pytest"])
@pytest.mark.parametrize("checks", [EARLY, LATE], ids=["early", "late"])
def test_no_module_of_the_repository_takes_the_place_of_a_dependency(
    packed: Sentinel, way: str, checks: str, required: tuple[str, ...]
) -> None:
    """Beside the gates, at the top, on the path, and imported first by a gate: the queue is judged as it is."""
    depend(site(packed), "acme_common/__init__.py", COUNT)
    install(site(packed), {CHECKS: checks}, requires=required)
    for file in ("acme_common.py", "gate_tests/acme_common.py", "src/acme_common.py"):
        packed.repo.write(file, NONE)
    packed.repo.write("conftest.py", "")
    packed.repo.write("pytest.ini", "[pytest]\npythonpath = src\n")
    packed.gate("import acme_common\n@pytest.mark.policy\ndef test_own(): assert acme_common.count('a b') == 2")
    ask(packed, "acme.queue.crit = 1\nacme.queue.warn = 1\n")
    done = (packed if way == "release-sentinel" else packed.pytest)(PYTHONPATH=str(packed.repo.path))
    assert done.code == 2, done.out
    assert results(done) == {IDS[0]: "passed", IDS[1]: "failed"}


def test_a_dependency_that_was_replaced_makes_the_run_incomplete(packed: Sentinel) -> None:
    """By a gate or conftest that loads a file under its name."""
    depend(site(packed), "acme_common/__init__.py", COUNT)
    install(site(packed), {CHECKS: LATE}, requires=("acme-common",))
    packed.repo.write("fake.py", NONE)
    packed.gate("@pytest.mark.policy\ndef test_own(): assert len('x') == 1")
    loads = "import importlib.util as u, sys\nspec = u.spec_from_file_location('acme_common', 'fake.py')\n"
    packed.repo.commit("conftest.py", f"{loads}sys.modules['acme_common'] = u.module_from_spec(spec)\n")
    done = packed()
    assert (done.code, done.verdict["verdict"]) == (1, "INCOMPLETE"), done.out
    assert "the gate pack acme needs acme_common of acme-common, and " in done.out
