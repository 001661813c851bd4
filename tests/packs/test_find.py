"""A gate pack is used if it is whole and the one that the policy asks for; each other kind is one clear sentence."""

import json
import os
import py_compile
import re
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.machinery import EXTENSION_SUFFIXES
from importlib.util import cache_from_source
from pathlib import Path
from py_compile import PycInvalidationMode
from typing import Any

import pytest

from release_sentinel.config import packages
from release_sentinel.config.model import PackRule
from release_sentinel.packs import find, record
from release_sentinel.packs.asked import AskedPacks
from release_sentinel.packs.find import InstalledPack
from release_sentinel.packs.needs import PackError
from release_sentinel_guard import installed_first
from tests.packs.made import EXAMPLE, example, forget, install, let_install, write

WANTED = PackRule(">=2,<3")
START = "acme_gates/__init__.py"
GATES = "acme_gates/gates/test_queue.py"
CHECKS = "acme_gates/queue.py"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder where packages are installed."""
    monkeypatch.setattr(record, "LOAD_SECONDS", 0.2)
    let_install(monkeypatch, tmp_path / "site")
    yield tmp_path / "site"
    forget()


def load() -> InstalledPack:
    """Load the pack acme."""
    return find.load("acme", WANTED)


def test_a_whole_pack_is_loaded(site: Path) -> None:
    """With its gates, documented, its settings, and the digest of its files."""
    pack = (install(site), load())[1]
    assert (pack.name, pack.distribution, pack.version) == ("acme", "acme-gates", "2.1.0")
    assert [gate.id for gate in pack.gates] == ["acme.owner-named", "acme.queue-drained"]
    assert pack.gates[1].section("Remedy") == "wait until the queue is drained, or raise `acme.queue.crit`."
    assert [*pack.settings] == ["queue"]
    assert pack.holds(site / GATES)
    assert re.fullmatch("[0-9a-f]{64}", pack.digest)
    assert not list(site.rglob("__pycache__"))


def test_another_file_is_another_digest(site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The digest speaks of what is in the files, wherever they are."""
    first = (install(site), load().digest)[1]
    del sys.modules["acme_gates"]
    let_install(monkeypatch, install(tmp_path / "changed", {CHECKS: f"{example()[CHECKS]}# more\n"}))
    assert load().digest != first


def changed(old: str, new: str, file: str = START) -> dict[str, Any]:
    """Return what makes a pack with another text in one of its files."""
    assert old in example()[file]
    return {"files": {file: example()[file].replace(old, new)}}


FOLDER = 'settings={"queue": QueueSettings},'
NO_CHECK = "PackGate('queue-drained', Stage.CRITICAL, None)"
# What is installed, and what is said of it.
BROKEN: dict[str, tuple[dict[str, Any], str]] = {
    "an older version": (
        {"version": "1.9"},
        r"is installed as acme-gates 1\.9, expected >=2,<3: pip install 'acme-gates>=2,<3'",
    ),
    "a newer version": ({"version": "3.0"}, r"is installed as acme-gates 3\.0, expected >=2,<3: pip install .*"),
    "a pre-release of the next": ({"version": "3.0rc1"}, r"is installed as acme-gates 3\.0rc1, expected >=2,<3.*"),
    "no version": ({"version": "latest"}, r"is installed as acme-gates latest, expected >=2,<3.*"),
    "no RECORD": ({"record": False}, r"has no acme_gates/__init__.py in its RECORD.*"),
    "another package": (
        {"entry_points": "[release_sentinel.gates]\nacme = other_gates:pack\n"},
        r"has no other_gates/__init__.py in its RECORD.*",
    ),
    "an import error": (changed('"""The rel', 'import no_such\n"""The rel'), r"is broken: .*ModuleNotFoundError: No.*"),
    "a syntax error": ({"files": {START: "pack ="}}, r"is broken: .*SyntaxError: .*"),
    "an exit": ({"files": {START: "import sys\nsys.exit(0)"}}, r"is broken: .*SystemExit: sys\.exit\(0\)"),
    "an interrupt of pytest": (
        {"files": {START: "import pytest\npytest.exit('x', returncode=0)"}},
        r"is broken: .*Exit: x",
    ),
    "a skip": (
        {"files": {START: "import pytest\npytest.skip('x', allow_module_level=True)"}},
        r"is broken: .*Skipped: x",
    ),
    "a hang": (
        {"files": {START: "import time\ntime.sleep(5)"}},
        r"is broken: acme_gates was not imported within 0\.2 s",
    ),
    "no record": ({"files": {START: ""}}, r"is broken: .*AttributeError: .*'pack'"),
    "another record": ({"files": {START: "pack = {}"}}, r"is broken: acme_gates:pack is a dict, expected .*Pack"),
    "a module": ({"entry_points": "[release_sentinel.gates]\nacme = acme_gates\n"}, r"is broken: .* is a module, .*"),
    "no attribute": (
        {"entry_points": "[release_sentinel.gates]\nacme = acme_gates:\n"},
        r"has the entry point 'acme_gates:', expected 'package:attribute': its author .*",
    ),
    "a version that is none": (
        {"version": "banana"},
        r"is installed as acme-gates banana, expected >=2,<3: pip install 'acme-gates>=2,<3'",
    ),
    "two entry points": (
        {"entry_points": "[release_sentinel.gates]\nacme = acme_gates:pack\nacme = acme_gates:other\n"},
        r"has 2 entry points in acme-gates 2\.1\.0 in .*, expected one: .*",
    ),
    "another name": (changed('name="acme"', 'name="disk"'), r"is broken: its record has the name 'disk', .*'acme'"),
    "no gates": (
        {"files": {START: "from release_sentinel.packs import Pack\npack = Pack('acme', ())"}},
        r".* no gates.*",
    ),
    "a gate that is none": (changed("PackGate(", "tuple(("), r"is broken: .*"),
    "a gate's name": (changed('"queue-drained"', '"disk[/]"'), r"is broken: it lists PackGate\(name='disk\[/\]'.*"),
    "a gate twice": (changed('"queue-drained"', '"owner-named"'), r"is broken: it lists the gate owner-named twice"),
    "a stage": (changed("Stage.CRITICAL", '"late"'), r"is broken: its gate queue-drained needs a stage.*"),
    "no check": (changed("check_queue)", "None)"), r"is broken: its gate queue-drained needs .* a check"),
    "no documentation": (
        changed("    Unknown: the queue cannot be read.\n", "", CHECKS),
        r"is broken: the docstring of the check of queue-drained has no Unknown: .*",
    ),
    "no docstring": (
        changed("check_queue)", "lambda: None)"),
        r"is broken: .*has no title, Why, Unknown, Remedy: .*",
    ),
    "settings by no mapping": (
        changed(FOLDER, "settings=[QueueSettings],"),
        r"is broken: its settings are not a mapping.*",
    ),
    "the name of settings": (changed('"queue":', '"a b":'), r"is broken: its settings have the name 'a b', .*"),
    "settings of no record": (changed("QueueSettings}", "dict}"), r"is broken: its settings queue are not a frozen .*"),
    "settings that change": (
        changed("Struct, frozen=True", "Struct", CHECKS),
        r"is broken: its settings queue are not.*",
    ),
    "a key without a default": (
        changed('file: str = "queue.txt"', "file: str", CHECKS),
        r"is broken: its settings queue need keys of plain kinds, with defaults: .*",
    ),
    "a key of any object": (
        changed('owner: str = "platform"', "owner: object = Path()", CHECKS),
        r"is broken: its settings queue need keys of plain kinds, with defaults: .*",
    ),
    "defaults that contradict": (
        changed("= 10.0", "= 110.0", CHECKS),
        r"is broken: the defaults of its settings queue .*",
    ),
    "no folder": (changed(FOLDER, f'{FOLDER} folder="tests",'), r"is broken: there is no folder .*/tests, .*"),
    "a folder elsewhere": (changed(FOLDER, f'{FOLDER} folder="..",'), r"is broken: its folder is '\.\.', .*"),
    "a conftest": (
        {"files": {"acme_gates/gates/conftest.py": ""}},
        r"is broken: .*conftest\.py would reach other gates.*",
    ),
    "a conftest below": ({"files": {"acme_gates/gates/more/conftest.py": ""}}, r"is broken: .*conftest\.py would .*"),
    "a plugin": (
        {"entry_points": "[pytest11]\nacme=acme_gates\n[release_sentinel.gates]\nacme = acme_gates:pack\n"},
        r"also brings a plugin of pytest, .*",
    ),
    "another package beside": ({"files": {"psutil/__init__.py": ""}}, r"brings psutil beside its package acme_gates.*"),
    "a start of Python": ({"files": {"acme.pth": "import os\n"}}, r"brings acme\.pth beside its package .*"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_pack_that_cannot_be_used_is_refused(site: Path, kind: str) -> None:
    """With one sentence that says what was seen, and what to do."""
    made, words = BROKEN[kind]
    install(site, **made)
    with pytest.raises(PackError, match=f"^{words}$"):
        load()


def _remove(site: Path) -> None:
    (site / GATES).unlink()


def _change(site: Path) -> None:
    (site / GATES).write_text("")


def _add(site: Path) -> None:
    write(site / "acme_gates/gates/test_more.py", "")


def _adds(file: str) -> Callable[[Path], None]:
    return lambda site: write(site / "acme_gates" / file, "")


def _link(site: Path) -> None:
    write(site.parent / "elsewhere" / "__init__.py", "")
    (site / "acme_gates" / "queue").symlink_to(site.parent / "elsewhere")


def _leave_out(site: Path) -> None:
    record = site / "acme_gates-2.1.0.dist-info" / "RECORD"
    kept = [line for line in record.read_text().splitlines() if not line.startswith(CHECKS)]
    record.write_text("\n".join(kept))


def _shadow(site: Path) -> None:
    write(site.parent / "repository" / START, "")
    sys.path.insert(0, str(site.parent / "repository"))
    __import__("acme_gates")
    sys.path.pop(0)


def _take_name(site: Path) -> None:
    (site / "acme_gates-2.1.0.dist-info/METADATA").write_text("Version: 2.1.0\n")


def _take_record(site: Path) -> None:
    (site / "acme_gates-2.1.0.dist-info/RECORD").write_text("acme_gates/__init__.py\n")


SPOILT: dict[str, tuple[Callable[[Path], None], str]] = {
    "a file is gone": (_remove, r"is not whole, the installed file acme_gates/gates/test_queue.py cannot be read.*"),
    "a file is changed": (
        _change,
        r"is not whole, the installed file .+ differs from what was installed: install it.*",
    ),
    "a gate file is added": (_add, r"is not whole, .+/test_more\.py is not a file that was installed: remove it"),
    "a package hides a module": (
        _adds("queue/__init__.py"),
        r"is not whole, .+/queue/__init__\.py is not a file that.*",
    ),
    "an extension hides a module": (
        _adds(f"queue{EXTENSION_SUFFIXES[0]}"),
        r"is not whole, .+/queue\..+ is not a file that.*",
    ),
    "byte code without a source": (_adds("more.pyc"), r"is not whole, .+/more\.pyc is not a file that was installed.*"),
    "a link hides a module": (_link, r"is not whole, .+/acme_gates/queue is not a file that was installed: remove it"),
    "its RECORD lacks a module": (
        _leave_out,
        r"is not whole, .+/queue\.py is not a file that was installed: remove it",
    ),
    "another is imported": (_shadow, r"is .+/site/acme_gates/__init__\.py, and .+/repository/.+ was imported .*"),
    "its metadata is damaged": (_take_name, r".*"),
    "its RECORD is damaged": (_take_record, r".*"),
}


@pytest.mark.parametrize("kind", SPOILT)
def test_what_became_of_a_pack_since_it_was_installed_is_noticed(site: Path, kind: str) -> None:
    """The files of its RECORD are there, and no other."""
    spoil, words = SPOILT[kind]
    spoil(install(site))
    with pytest.raises(PackError, match=f"^{words}$"):
        load()


def test_byte_code_is_not_trusted(site: Path) -> None:
    """It is in no RECORD, and Python would take this without a look at the source; it may be there."""
    install(site)
    write(site.parent / "other.py", "raise RuntimeError('of the byte code')")
    for file in (START, CHECKS):
        code = cache_from_source(str(site / file))
        py_compile.compile(str(site.parent / "other.py"), code, invalidation_mode=PycInvalidationMode.UNCHECKED_HASH)
    before = sys.pycache_prefix
    assert load().version == "2.1.0"
    assert sys.pycache_prefix == before


def test_a_folder_of_that_name_that_comes_first_is_not_imported(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is loaded is what was installed, whatever stands in front of it."""
    install(site)
    write(site.parent / "repository" / START, "raise RuntimeError")
    monkeypatch.syspath_prepend(site.parent / "repository")
    assert load().top == site / "acme_gates"


def test_a_pack_that_is_not_there_is_told_with_the_line_that_installs_it(site: Path) -> None:
    """The name of its distribution may be another one than its own, and the policy can say so."""
    assert not site.exists()
    with pytest.raises(
        PackError, match=r"^is not installed, expected >=2,<3: pip install 'acme>=2,<3' \(if its distribution .*"
    ):
        load()
    with pytest.raises(PackError, match=r"^is not installed, expected >=2,<3: pip install 'acme-gates>=2,<3'$"):
        find.load("acme", PackRule(">=2,<3", "acme-gates"))


@pytest.mark.parametrize("folder", ["", "vendor/site-packages", ".venv/lib/python3.11/site-packages"])
def test_only_what_this_python_has_installed_is_a_pack(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    """Not what stands first on the path, whatever its name; an environment of this Python may be in the repository."""
    monkeypatch.syspath_prepend(install(tmp_path / folder, {START: "raise RuntimeError"}))
    with pytest.raises(PackError, match=r"^is not installed, expected"):
        load()
    assert (install(site), load())[1].version == "2.1.0"
    forget()
    let_install(monkeypatch, install(tmp_path / ".venv" / "lib" / "site-packages", version="2.2"))
    assert load().version == "2.2"


def test_the_distribution_is_the_one_that_the_policy_names(site: Path) -> None:
    """Another one that claims the name is refused; names are compared as pip does."""
    install(site, name="acme-lookalike")
    with pytest.raises(PackError, match=r"^is from acme-lookalike 2\.1\.0, expected from acme-gates: pip uninstall .*"):
        find.load("acme", PackRule(">=2,<3", "acme-gates"))
    assert find.load("acme", PackRule(">=2,<3", "Acme_Lookalike")).distribution == "acme-lookalike"


def test_two_distributions_that_claim_one_name_are_refused(site: Path) -> None:
    """Both are named."""
    install(site)
    install(site, {"acme_gates/__init__.py": ""}, name="evil-gates", version="2.9")
    with pytest.raises(PackError, match=r"^is claimed by (acme-gates 2\.1\.0|evil-gates 2\.9) in .+ and .*: un"):
        load()


def test_two_installations_of_one_distribution_are_refused(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which of them is meant is not known: in two folders, or in one where an update was broken off."""
    folders = [install(site), install(tmp_path / "second", version="2.2")]
    monkeypatch.setattr(packages, "folders", lambda: folders)
    with pytest.raises(PackError, match=r"^is claimed by acme-gates 2\.1\.0 in .+ and acme-gates 2\.2 in .+: un"):
        load()
    monkeypatch.setattr(packages, "folders", lambda: [install(site, version="2.2")])
    with pytest.raises(PackError, match=r"^is claimed by acme-gates 2\.[12].* and acme-gates 2\.[12].*: uninstall "):
        load()


@pytest.mark.parametrize("name", ["disk", "env", "packs", "settings", "extends", "targets"])
def test_a_pack_cannot_have_the_name_of_a_key_of_the_policy(site: Path, name: str) -> None:
    """Its table would take the place of the policy's own."""
    install(site, entry_points=f"[release_sentinel.gates]\n{name} = acme_gates:pack\n")
    with pytest.raises(PackError, match=r"^has the name of a key of the policy"):
        find.load(name, WANTED)


def test_an_editable_installation_is_used_where_its_source_is(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For those who develop a pack; its files may change. A repository is not judged by the pack that it has."""
    source = tmp_path / "acme" / "src"
    for file, text in example().items():
        write(source / file, text)
    info = json.dumps({"url": (tmp_path / "acme").as_uri(), "dir_info": {"editable": True}})
    install(site, dict.fromkeys(example(), None), direct_url=info)
    monkeypatch.syspath_prepend(source)
    (source / CHECKS).write_text(f"{example()[CHECKS]}# more\n")
    assert load().top == source / "acme_gates"
    packs = AskedPacks()
    assert [*packs({"acme": WANTED})] == ["acme"]
    monkeypatch.setattr(installed_first, "_tops", (f"{tmp_path / 'acme'}{os.sep}",))
    assert [*packs({"acme": WANTED})] == []
    [words] = packs.problems
    assert words.startswith(f"the gate pack acme is {source / 'acme_gates'}, in the judged repository: install a built")
    assert load().top == source / "acme_gates"  # for `release-sentinel explain`


def test_an_editable_installation_is_not_replaced_by_another_folder(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The source is where pip has recorded it."""
    info = json.dumps({"url": (tmp_path / "acme").as_uri(), "dir_info": {"editable": True}})
    (tmp_path / "acme").mkdir()
    install(site, dict.fromkeys(example(), None), direct_url=info)
    monkeypatch.syspath_prepend(EXAMPLE)
    with pytest.raises(PackError, match=r"^is an editable installation of .+/acme, and .+ is imported: install it"):
        load()


def test_nothing_is_imported_of_a_pack_that_is_not_asked_for(site: Path) -> None:
    """Its entry point is metadata: one that is broken is not noticed."""
    install(site, {START: "raise RuntimeError"}, entry_points="[release_sentinel.gates]\nother = acme_gates:pack\n")
    packs = AskedPacks()
    assert packs({}) == {}
    assert packs.problems == ()
    assert "acme_gates" not in sys.modules


REPLACED = ["release_sentinel.checks.system.check_disk", "socket.create_connection", "time.sleep", "pytest.fail"]
REPLACED += ["psutil.PROCFS_PATH"]


@pytest.mark.parametrize("name", REPLACED)
def test_what_a_pack_replaces_that_others_use_is_told(site: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """By the name that it has there, whether or not a built-in gate calls it."""
    module, _, function = name.rpartition(".")
    owner = import_module(module)
    monkeypatch.setattr(owner, function, getattr(owner, function))  # is put back after this test
    install(site, {START: f"import {module} as other\n{example()[START]}\nother.{function} = print\n"})
    packs = AskedPacks()
    packs({"acme": WANTED})
    assert packs.problems == (f"the gate pack acme has replaced {name}: a pack has to leave that alone",)


def test_what_a_pack_changes_of_another_at_its_import_is_told(site: Path) -> None:
    """Of one that is loaded before; what a pack does with its own modules is its own matter."""
    install(site)
    change = "import acme_gates.queue\nacme_gates.queue.CRIT = acme_gates.queue.OK\n"
    own = "import other_gates.queue\nother_gates.queue.CRIT = None\n"
    install(
        site, {"other_gates/__init__.py": f"{example('other')['other_gates/__init__.py']}{own}{change}"}, pack="other"
    )
    packs = AskedPacks()
    packs({"acme": WANTED, "other": WANTED})
    words = "a pack has to leave that alone"
    assert packs.problems == (f"the gate pack other has replaced acme_gates.queue.CRIT: {words}",)
