"""An inventory names hosts as ssh reaches them, in an environment without secrets; what is odd in it is said."""

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from release_sentinel.config.model import Policy
from release_sentinel.config.targets import HostRule, MemoryLimits
from release_sentinel.observe import Unseen
from release_sentinel.observe.hosts.inventory import destinations
from release_sentinel.plugin.hosts import resolved

INI = """
[web]
web1 ansible_host=192.0.2.1 ansible_user=deploy ansible_port=2222
web2
[db]
db1 ansible_host=2001:db8::1 ansible_port=22
[all_of:children]
web
db
[here]
localhost ansible_connection=local
"""


def stand_in(folder: Path, monkeypatch: pytest.MonkeyPatch, variables: Mapping[str, Any]) -> Path:
    """Put an `ansible-inventory` on PATH that lists hosts with these variables; return a file for it."""
    listing = {"_meta": {"hostvars": variables}, "all": {"hosts": list(variables)}}
    (folder / "listing").write_text(json.dumps(listing), encoding="utf-8")
    (folder / "ansible-inventory").write_text(f"#!/bin/sh\nenv >'{folder}/env'\ncat '{folder}/listing'\n")
    (folder / "ansible-inventory").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    (folder / "inventory").touch()
    return folder / "inventory"


@pytest.mark.skipif(shutil.which("ansible-inventory") is None, reason="ansible-core is not installed")
def test_a_real_inventory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Groups of groups, users, ports, addresses."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "hosts.ini").write_text(INI, encoding="utf-8")
    assert destinations(tmp_path / "hosts.ini", "all_of") == {
        "web1": "ssh://deploy@192.0.2.1:2222",
        "web2": "web2",
        "db1": "ssh://[2001:db8::1]:22",
    }
    refused = destinations(tmp_path / "hosts.ini", "here")
    assert isinstance(refused, Unseen)
    assert refused.why == "the inventory reaches localhost by 'local', expected ssh"


def test_secrets_stay_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ansible gets its own variables, and nothing of the job's."""
    for name in ("RS_DEPLOY_TOKEN", "GH_TOKEN", "ANSIBLE_TOKEN"):
        monkeypatch.setenv(name, "s3cret")
    monkeypatch.setenv("ANSIBLE_ROLES_PATH", "here")
    file = stand_in(tmp_path, monkeypatch, {"web1": {}})
    assert destinations(file, withheld=["ANSIBLE_TOKEN"]) == {"web1": "web1"}
    environ = (tmp_path / "env").read_text()
    assert "ANSIBLE_ROLES_PATH=here" in environ
    assert "s3cret" not in environ


@pytest.mark.parametrize(
    ("name", "variables"),
    [
        ("web1", {"ansible_host": "-oProxyCommand=touch pwned"}),
        ("-oProxyCommand=x", {}),
        ("web1", {"ansible_host": "a b"}),
        ("web1\n##vso[x]", {}),
        ("web1", {"ansible_user": "a;b", "ansible_host": "x"}),
    ],
)
def test_what_ssh_cannot_be_given(
    name: str, variables: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hostile inventory reaches no shell and no log."""
    stand_in(tmp_path, monkeypatch, {name: variables})
    policy = Policy(hosts=(HostRule(inventory="inventory", memory=MemoryLimits()),))
    found, (problem,) = resolved(policy, tmp_path)
    assert found.hosts == ()
    assert "names that ssh does not take" in problem
    assert "##vso" not in problem
    assert "\n" not in problem
