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
from release_sentinel.packs.tampering import Watch

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
