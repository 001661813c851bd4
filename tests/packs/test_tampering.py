"""What code of another owner changes of what gates are judged with is noticed, whatever it is."""

import builtins
import http.client
import json
import os
import re
import shutil
import socket
import ssl
import sys
import tempfile
from collections.abc import Callable, Iterator
from importlib.machinery import ModuleSpec
from types import CellType, ModuleType
from typing import Any

import psutil
import pytest
import requests
import requests.adapters
import urllib3.connectionpool
import urllib3.response
import urllib3.util.retry

import release_sentinel
import release_sentinel.gates
import release_sentinel.vocabulary
from release_sentinel.checks import result, system
from release_sentinel.observe import connections, proxies, temporary
from release_sentinel.packs import tampering
from release_sentinel.packs.tampering import Tampering
from tests.test_architecture import SOURCE

Change = Callable[[pytest.MonkeyPatch], object]


def wrapped(function: Any) -> CellType:
    """Return the cell of a decorated function that holds what was decorated."""
    cells: tuple[CellType, ...] = function.__closure__
    return next(cell for cell in cells if callable(cell.cell_contents))


def bound(owner: object, name: str, value: object) -> Change:
    """Return a change of one name in a module, a class or a function."""
    return lambda patch: patch.setattr(owner, name, value, raising=False)


def copied(name: str) -> Change:
    """Return a change that puts a copy of a module in its place."""
    module = ModuleType(name)
    return lambda patch: patch.setitem(sys.modules, name, module)


NOTHING = (lambda *_, **__: None).__code__
# What is changed, by the name that it is told by: in Python, in libraries, in pytest, and in this program.
CHANGES: dict[str, Change] = {
    # functions and methods, also of classes that a module has from elsewhere
    "builtins.open": bound(builtins, "open", os.fdopen),
    "ssl.create_default_context": bound(ssl, "create_default_context", print),
    "ssl._create_default_https_context": bound(ssl, "_create_default_https_context", ssl.SSLContext),
    "http.client.HTTPConnection.getresponse": bound(http.client.HTTPConnection, "getresponse", print),
    "urllib3.connectionpool.HTTPConnectionPool.urlopen": bound(urllib3.HTTPConnectionPool, "urlopen", print),
    "urllib3.response.BaseHTTPResponse.status": bound(urllib3.BaseHTTPResponse, "status", property(lambda _: 200)),
    "requests.get": bound(requests, "get", print),
    "requests.sessions.Session.send": bound(requests.Session, "send", print),
    "psutil.virtual_memory": bound(psutil, "virtual_memory", print),
    "json.loads": bound(json, "loads", print),
    "shutil.disk_usage": bound(shutil, "disk_usage", print),
    "_pytest.reports.TestReport.from_item_and_call": bound(pytest.TestReport, "from_item_and_call", print),
    "release_sentinel.checks.system.check_disk": bound(system, "check_disk", print),
    "release_sentinel.checks.result.CheckResult": bound(result, "CheckResult", print),
    # names that are new, and hide others
    "release_sentinel.checks.system.max": bound(system, "max", min),
    "requests.sessions.Session.__eq__": bound(requests.Session, "__eq__", print),
    # data
    "psutil.PROCFS_PATH": bound(psutil, "PROCFS_PATH", "/acme"),
    "requests.adapters.DEFAULT_RETRIES": bound(requests.adapters, "DEFAULT_RETRIES", 9),
    "urllib3.util.retry.Retry.DEFAULT_BACKOFF_MAX": bound(urllib3.Retry, "DEFAULT_BACKOFF_MAX", 0),
    "http.client.HTTPConnection.default_port": bound(http.client.HTTPConnection, "default_port", 8080),
    "requests.sessions": bound(requests, "sessions", ModuleType("sessions")),
    "what socket.getdefaulttimeout() returns": lambda _: socket.setdefaulttimeout(0.5),
    "release_sentinel.gates.BUILT_IN": bound(release_sentinel.gates, "BUILT_IN", ()),
    "release_sentinel.vocabulary.EXIT_BLOCKED": bound(release_sentinel.vocabulary, "EXIT_BLOCKED", 0),
    "release_sentinel.observe.proxies._PORTS": lambda patch: patch.setitem(proxies._PORTS, "http", 8080),
    # what a function does
    "release_sentinel.checks.system.check_memory": bound(system.check_memory, "__code__", NOTHING),
    "psutil.cpu_percent": bound(psutil.cpu_percent, "__code__", NOTHING),
    "requests.api.post": bound(requests.post, "__defaults__", ("x", "y")),
    "urllib3.util.retry.Retry.from_int": bound(vars(urllib3.Retry)["from_int"].__func__, "__defaults__", (True, 9)),
    "release_sentinel.checks.system.check_process": lambda patch: patch.setitem(
        vars(system)["check_process"].__kwdefaults__, "observe", print
    ),
    "release_sentinel.observe.temporary.folder": bound(wrapped(temporary.folder), "cell_contents", print),
    # modules
    "release_sentinel.checks.tcp": copied("release_sentinel.checks.tcp"),
    "json.decoder": copied("json.decoder"),
    "release_sentinel.no_such": copied("release_sentinel.no_such"),
}


@pytest.fixture(scope="module")
def made() -> Tampering:
    """What watches from the first test on."""
    return Tampering()


@pytest.fixture
def watching(made: Tampering) -> Tampering:
    """What watches from this test on."""
    made.by_others()
    return made


@pytest.fixture
def told(watching: Tampering) -> Iterator[Callable[[], list[str]]]:
    """Tell the names of what a pack has changed since the test began."""
    timeout = socket.getdefaulttimeout()
    yield lambda: [words.split(" has replaced ")[1].split(": a pack")[0] for words in watching.by_pack("acme")]
    socket.setdefaulttimeout(timeout)


@pytest.mark.parametrize("name", CHANGES)
def test_what_a_pack_changes_is_told_once(told: Callable[[], list[str]], name: str) -> None:
    """By its name, and nothing else is."""
    with pytest.MonkeyPatch.context() as patch:
        CHANGES[name](patch)
        found = told(), told()
    assert found == ([name], [])


def used() -> None:
    """Use libraries, so that they keep what they have found out."""
    with requests.Session() as session:
        session.headers["x"] = "y"
    ssl.create_default_context()
    psutil.virtual_memory()
    list(psutil.process_iter())
    tempfile.gettempdir()
    connections.install([])


def test_what_others_change_of_this_program_is_told_and_of_libraries_believed(watching: Tampering) -> None:
    """A conftest, a hook or a plugin; there are plugins that patch pytest and libraries in every run."""
    with pytest.MonkeyPatch.context() as patch:
        for change in CHANGES.values():
            change(patch)
        found = watching.by_others()
    socket.setdefaulttimeout(None)
    words = "was replaced: a conftest, a gate or a plugin has to leave that alone"
    assert found == [f"{name} {words}" for name in sorted(CHANGES) if name.startswith("release_sentinel.")]


# What a pack may do: import and use, add what hides nothing, bind again what is the same, change what is not shared.
USES: dict[str, Change] = {
    "libraries are used": lambda _: used(),
    "a module is imported": lambda patch: patch.setitem(sys.modules, "acme_gates", ModuleType("acme_gates")),
    "a variable is set": lambda patch: patch.setitem(os.environ, "ACME", "x"),
    "a name is added to a library": bound(requests, "acme", print),
    "a name is added to this program": bound(tampering, "acme", print),
    "data is added to a class": bound(requests.Session, "acme", 1),
    "what is empty is filled": bound(tempfile, "tempdir", tempfile.gettempdir()),
    "what is unknown is found out": bound(psutil, "_TOTAL_PHYMEM", 5),
    "state is kept": bound(psutil, "_last_cpu_times", {}),
    "the same is bound again": bound(requests.adapters, "DEFAULT_POOLSIZE", int("10")),
    "a submodule has the name of a function": bound(requests, "filter", ModuleType("requests.filter")),
    "a table of a library grows": lambda patch: patch.setitem(http.client.responses, 299, "x"),
}


@pytest.mark.parametrize("name", USES)
def test_what_a_pack_does_for_itself_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, told: Callable[[], list[str]], name: str
) -> None:
    """Nothing of that changes what others are judged with."""
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(psutil, "_TOTAL_PHYMEM", None)
    told()
    with pytest.MonkeyPatch.context() as patch:
        USES[name](patch)
        found = told()
    assert found == []


UNWATCHED = {
    *("collections.abc", "contextvars", "dataclasses", "enum", "types", "typing"),  # they make what is there already
    *("logging", "sys", "warnings"),  # all code changes them
    *("difflib", "importlib.resources"),  # for messages, and for files of this program
    *("git", "xml.parsers"),  # packages whose modules are watched
}


def test_what_checks_and_observers_import_is_watched() -> None:
    """A module that one of them imports anew has to be among those that are watched, or here."""
    watched = frozenset(tampering._CLASSES | tampering._HELP)
    files = [file for room in ("checks", "observe") for file in (SOURCE / room).rglob("*.py")]
    imports = re.compile(r"^ *(?:import|from(?= [\w.]+ import )) ([\w.]+)", re.MULTILINE)
    names = {name for file in files for name in imports.findall(file.read_text(encoding="utf-8"))}
    assert {name for name in names if not tampering._is_among(name, watched)} == UNWATCHED


MODULE = """
import functools
from json import loads
from release_sentinel import CRIT, OK, CheckResult
LIMIT = 1
LIMITS = {"crit": 5}
CACHE = {}
_BOUND = 3
_client = None
unit = "jobs"
def check(limit=5, *, observe=len): return observe("x") < limit
def traced(function): return lambda *words: function(*words)
@traced
def waiting(): return 3
@functools.cache
def queue(): return []
class Base:
    unit = "jobs"
class Settings(Base):
    crit = 5
    def judge(self): return check()
    @staticmethod
    def unit_of(): return "jobs"
    @property
    def limit(self): return 5
"""
# What is done in a module of a pack, and what is told to have changed.
IN_A_PACK = {
    "check = print": "check",
    "loads = print": "loads",
    "len = print": "len",
    "Settings = print": "Settings",
    "Settings.crit = 1000": "Settings.crit",
    "Settings.judge = print": "Settings.judge",
    "Settings.unit = 'tasks'": "Settings.unit",
    "Settings.__eq__ = print": "Settings.__eq__",
    "Settings.unit_of = staticmethod(print)": "Settings.unit_of",
    "Settings.unit_of.__code__ = (lambda: True).__code__": "Settings.unit_of",
    "Settings.limit.fget.__code__ = (lambda self: 9).__code__": "Settings.limit",
    "check.__code__ = (lambda limit=5: True).__code__": "check",
    "check.__defaults__ = (9,)": "check",
    "check.__kwdefaults__['observe'] = str": "check",
    "waiting.__closure__[0].cell_contents = len": "traced.<locals>.<lambda>",
    "waiting.__closure__[0].cell_contents.__code__ = (lambda: 0).__code__": "waiting",
    "queue.__wrapped__.__code__ = (lambda: 0).__code__": "queue",
    "CRIT = OK": "CRIT",
    "LIMIT = 2": "LIMIT",
    "_BOUND = 2": "_BOUND",
    "unit = 'tasks'": "unit",
    "LIMITS['crit'] = 6": "LIMITS",
    "del LIMIT": "LIMIT",
    "import sys; del sys.modules['acme_gates.queue']": "",
    "import sys, types; sys.modules['acme_gates.queue'] = types.ModuleType('acme_gates.queue')": "",
    "CACHE['x'] = 1": None,
    "MORE = {}": None,
    "_client = object()": None,
    "_state = 1; _state = 2": None,
    "Settings().crit = 9": None,
    "LIMIT = 1": None,
    "queue().append(1)": None,
    "def more(): ...": None,
}


@pytest.fixture
def pack(monkeypatch: pytest.MonkeyPatch, watching: Tampering) -> ModuleType:
    """A module of the pack acme, which is watched from now on."""
    module = ModuleType("acme_gates.queue")
    exec(MODULE, vars(module))  # noqa: S102 - a module without a file
    monkeypatch.setitem(sys.modules, module.__name__, module)
    watching.add("acme", "acme_gates")
    return module


@pytest.mark.parametrize("statement", IN_A_PACK)
def test_what_others_change_in_a_pack_is_told_once(watching: Tampering, pack: ModuleType, statement: str) -> None:
    """Its functions, classes and constants, and what they call; a pack may keep state."""
    exec(statement, vars(pack))  # noqa: S102 - as above
    name = IN_A_PACK[statement]
    found = [] if name is None else [f"acme_gates.queue.{name}".removesuffix(".")]
    words = "of the gate pack acme was replaced: a conftest, a gate or a plugin has to leave that alone"
    assert watching.by_others() == [f"{one} {words}" for one in found]
    assert watching.by_others() == []


@pytest.mark.parametrize("statement", [statement for statement in IN_A_PACK if IN_A_PACK[statement] is not None])
def test_a_pack_changes_its_own_code_and_no_other_pack(watching: Tampering, pack: ModuleType, statement: str) -> None:
    """Each statement is one of the pack itself, which is told nothing, and then one of another pack."""
    before = dict(vars(pack))
    exec(statement, vars(pack))  # noqa: S102 - as above
    assert watching.by_pack("acme", goes_on=True) == []
    vars(pack).update(before)
    sys.modules[pack.__name__] = pack
    assert all(words.startswith("the gate pack other has ") for words in watching.by_pack("other", goes_on=True))


@pytest.mark.usefixtures("pack")
def test_a_module_of_a_pack_is_watched_once_it_is_imported(
    watching: Tampering, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the pack itself, or by another; one that was not imported stands where one could be."""
    late = ModuleType("acme_gates.late")
    late.__spec__ = ModuleSpec(late.__name__, None)
    monkeypatch.setitem(sys.modules, late.__name__, late)
    monkeypatch.setattr(late, "LIMIT", 1, raising=False)
    assert watching.by_others() == []
    monkeypatch.setattr(late, "LIMIT", 2)
    monkeypatch.setitem(sys.modules, "acme_gates.made", ModuleType("acme_gates.made"))
    assert [words.partition(" ")[0] for words in watching.by_others()] == ["acme_gates.late.LIMIT", "acme_gates.made"]


@pytest.mark.usefixtures("pack")
def test_a_module_that_another_thread_imports_is_watched_when_that_is_done(
    watching: Tampering, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until then it binds its names, some several times."""
    module = ModuleType("acme_gates.late")
    module.__spec__ = ModuleSpec(module.__name__, None)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    told = []
    for is_begun, limit in ((True, 1), (True, 2), (False, 3), (False, 4)):
        monkeypatch.setattr(module.__spec__, "_initializing", is_begun, raising=False)
        monkeypatch.setattr(module, "LIMIT", limit, raising=False)
        told.append([words.partition(" ")[0] for words in watching.by_others()])
    assert told == [[], [], [], ["acme_gates.late.LIMIT"]]


@pytest.mark.parametrize("value", ["Array()", "Raises()", "Proxy()"])
def test_an_odd_object_in_a_pack_is_no_error(watching: Tampering, pack: ModuleType, value: str) -> None:
    """One that is not equal to itself, cannot be compared, or fails whatever it is asked."""
    exec(ODD, vars(pack))  # noqa: S102 - a module without a file
    exec(f"ODD = {value}\nODDS = [{value}]", vars(pack))  # noqa: S102 - as above
    watching.by_pack("acme")
    assert watching.by_others() == []
    exec(f"ODD = {value}", vars(pack))  # noqa: S102 - as above
    assert [words.partition(" ")[0] for words in watching.by_others()] == ["acme_gates.queue.ODD"]


ODD = """
class Array:
    def __eq__(self, other): return Array()
    def __bool__(self): raise ValueError
    __hash__ = None
class Raises:
    def __eq__(self, other): raise RuntimeError
    __hash__ = None
class Proxy:
    def __getattribute__(self, name): raise RuntimeError
    def __call__(self): return 1
    __hash__ = None
"""
