"""The hosts of an Ansible inventory, by Ansible itself."""

import json
import os
import shutil
import subprocess
from collections.abc import Collection
from pathlib import Path
from typing import Any

from release_sentinel.lines import foreign
from release_sentinel.observe import Unseen
from release_sentinel.observe.hosts.reach import kept
from release_sentinel.sentences import sentence

SECONDS = 30.0
_KEPT = ("ANSIBLE_", "AWS_", "AZURE_", "GOOGLE_", "GCP_", "OS_", "XDG_", "LANG", "LC_")


def destinations(
    inventory: Path, group: str = "", *, withheld: Collection[str] = (), seconds: float = SECONDS
) -> dict[str, str] | Unseen:
    """Return the OpenSSH destination of each host of a group (blank: of all), by the host's name."""
    if shutil.which("ansible-inventory") is None:
        return Unseen("ansible-inventory is not there", "install ansible-core, or list the hosts under `ssh`")
    if not inventory.exists():
        return Unseen(f"{inventory} is not there", "correct `inventory`")
    environ = kept(os.environ, _KEPT, withheld)
    try:
        done = subprocess.run(
            ["ansible-inventory", "-i", str(inventory), "--list"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env={**environ, "ANSIBLE_NOCOLOR": "1", "ANSIBLE_DEPRECATION_WARNINGS": "0"},
            encoding="utf-8",
            errors="replace",
            timeout=seconds,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return Unseen(f"ansible-inventory cannot be run: {sentence(error)}", "run it by hand")
    if done.returncode:
        return Unseen(f"ansible-inventory: {foreign(done.stderr, 300)}", "run it by hand")
    try:
        return _read(json.loads(done.stdout), group)
    except (ValueError, LookupError, TypeError, AttributeError):
        return Unseen("ansible-inventory prints what is not an inventory", "run it by hand")


def _read(listing: Any, group: str) -> dict[str, str] | Unseen:
    wanted = group or "all"
    if wanted not in listing:
        there = ", ".join(sorted(name for name in listing if name != "_meta"))
        return Unseen(f"the inventory has no group {wanted!r} (there are: {there})", "correct `group`")
    names = list(dict.fromkeys(_members(listing, wanted, set())))
    if not names:
        return Unseen(f"the group {wanted!r} of the inventory has no hosts", "correct `group`")
    variables = listing.get("_meta", {}).get("hostvars", {})
    for name in names:
        connection = variables.get(name, {}).get("ansible_connection", "ssh")
        if connection not in {"ssh", "smart", "paramiko", "paramiko_ssh", "ssh.connection", "ansible.builtin.ssh"}:
            why = f"the inventory reaches {name} by {connection!r}, expected ssh"
            return Unseen(why, "name a group of hosts that are reached by ssh, or list the hosts")
    return {name: _destination(name, variables.get(name, {})) for name in names}


def _members(listing: Any, group: str, seen: set[str]) -> list[str]:
    if group in seen or group not in listing:
        return []
    seen.add(group)
    found = list(listing[group].get("hosts", []))
    for child in listing[group].get("children", []):
        found += _members(listing, child, seen)
    return found


def _destination(name: str, variables: Any) -> str:
    host = str(variables.get("ansible_host") or variables.get("ansible_ssh_host") or name)
    user = variables.get("ansible_user") or variables.get("ansible_ssh_user")
    port = variables.get("ansible_port") or variables.get("ansible_ssh_port")
    place = f"[{host}]" if ":" in host and port else host
    login = f"{user}@{place}" if user else place
    return f"ssh://{login}:{port}" if port else login
