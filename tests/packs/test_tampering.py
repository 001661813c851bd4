"""What a pack replaces is noticed, whatever it is that others use."""

import http.client
import json
import os
import shutil
import ssl
import sys
from types import ModuleType

import psutil
import pytest
import requests
import urllib3.connectionpool
import urllib3.response

import release_sentinel.checks.system
import release_sentinel.gates
import release_sentinel.vocabulary
from release_sentinel.packs.tampering import Code, Watch

REPLACED: dict[str, tuple[object, str, object]] = {
    "ssl.create_default_context": (ssl, "create_default_context", print),
    "ssl._create_default_https_context": (ssl, "_create_default_https_context", ssl.SSLContext),
    "http.client.HTTPConnection.getresponse": (http.client.HTTPConnection, "getresponse", print),
    "urllib3.connectionpool.HTTPConnectionPool.urlopen": (urllib3.connectionpool.HTTPConnectionPool, "urlopen", print),
    "urllib3.response.BaseHTTPResponse.status": (urllib3.response.BaseHTTPResponse, "status", property(lambda _: 200)),
    "requests.get": (requests, "get", print),
    "requests.sessions.Session.send": (requests.Session, "send", print),
    "psutil.virtual_memory": (psutil, "virtual_memory", print),
    "json.loads": (json, "loads", print),
    "shutil.disk_usage": (shutil, "disk_usage", print),
    "release_sentinel.checks.system.check_disk": (release_sentinel.checks.system, "check_disk", print),
    "release_sentinel.gates.BUILT_IN": (release_sentinel.gates, "BUILT_IN", ()),
    "release_sentinel.gates.IDS": (release_sentinel.gates, "IDS", frozenset()),
    "release_sentinel.vocabulary.EXIT_BLOCKED": (release_sentinel.vocabulary, "EXIT_BLOCKED", 0),
}


@pytest.mark.parametrize("name", REPLACED)
def test_what_is_replaced_is_named(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Functions, methods and properties of libraries and of Python, and our own data."""
    watch = Watch()
    monkeypatch.setattr(*REPLACED[name], raising=False)
    assert name in watch.replaced()
    monkeypatch.undo()
    assert watch.replaced() == []


@pytest.mark.parametrize("module", ["ssl", "http.client", "urllib3.response", "requests", "psutil"])
def test_a_module_that_only_the_pack_imports_is_watched(monkeypatch: pytest.MonkeyPatch, module: str) -> None:
    """Whatever was not loaded before is loaded to be compared."""
    loaded: list[str] = []
    monkeypatch.setattr("release_sentinel.packs.tampering.import_module", loaded.append)
    Watch()
    assert module in loaded


def test_what_a_pack_does_for_itself_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may import modules, add to libraries, use them, and change what is not shared."""
    watch = Watch()
    monkeypatch.setitem(sys.modules, "acme_gates", ModuleType("acme_gates"))
    monkeypatch.setitem(os.environ, "ACME", "x")
    monkeypatch.setattr(requests, "acme", print, raising=False)
    monkeypatch.setattr("release_sentinel.packs.tampering.acme", print, raising=False)
    with requests.Session() as session:
        session.headers["x"] = "y"
    ssl.create_default_context()
    psutil.virtual_memory()
    assert watch.replaced() == []


MODULE = """
from json import loads
LIMIT = 1
def check(limit=5): return len("x") < limit
class Settings:
    crit = 5
    def judge(self): return check()
    @staticmethod
    def unit(): return "jobs"
"""
IN_A_PACK = {
    "check = print": "example_gates.queue.check",
    "loads = print": "example_gates.queue.loads",
    "len = print": "example_gates.queue.len",
    "Settings = print": "example_gates.queue.Settings",
    "Settings.crit = 1000": "example_gates.queue.Settings.crit",
    "Settings.judge = print": "example_gates.queue.Settings.judge",
    "Settings.unit = staticmethod(print)": "example_gates.queue.Settings.unit",
    "check.__code__ = (lambda limit=5: True).__code__": "example_gates.queue.check",
    "check.__defaults__ = (9,)": "example_gates.queue.check",
    "Settings.unit.__code__ = (lambda: True).__code__": "example_gates.queue.Settings.unit",
    "import sys; del sys.modules['example_gates.queue']": "example_gates.queue",
    "LIMIT = 2": "",
    "CACHE = {}": "",
    "Settings().crit = 9": "",
    "def more(): ...": "",
}


@pytest.mark.parametrize("statement", IN_A_PACK)
def test_what_is_replaced_in_a_pack_is_named(monkeypatch: pytest.MonkeyPatch, statement: str) -> None:
    """Its functions, methods and classes, and what they call; a pack may keep data of its own."""
    module = ModuleType("example_gates.queue")
    exec(MODULE, vars(module) | {"__name__": module.__name__}, vars(module))  # noqa: S102 - a module without a file
    monkeypatch.setitem(sys.modules, module.__name__, module)
    code = Code("example_gates")
    exec(statement, vars(module))  # noqa: S102 - as above
    assert code.replaced() == ([IN_A_PACK[statement]] if IN_A_PACK[statement] else [])
