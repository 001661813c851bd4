"""How OpenSSH is called: with the user's own settings, but for what accepts keys, asks, or leaves something behind."""

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from release_sentinel.lines import foreign, split
from release_sentinel.observe import Unseen
from release_sentinel.sentences import sentence

# Of each setting the first value counts, and these come before the user's. A file, and not options: the ssh that goes
# to a jump host is started by this one, which hands it the file and no options. The ssh of a ProxyCommand gets them as
# options, because it may have others of its own.
_ON_EVERY_HOP = """\
BatchMode yes
StrictHostKeyChecking yes
UpdateHostKeys no
VerifyHostKeyDNS no
NoHostAuthenticationForLocalhost no
PasswordAuthentication no
KbdInteractiveAuthentication no
NumberOfPasswordPrompts 0
ForwardAgent no
ForwardX11 no
ControlMaster no
ControlPath none
ControlPersist no
AddKeysToAgent no
PermitLocalCommand no
"""
_SETTINGS = f"""\
Host *
{_ON_EVERY_HOP}ClearAllForwardings yes
Tunnel no
RemoteCommand none
RequestTTY no
ForkAfterAuthentication no
StdinNull no
SessionType default
EscapeChar none
LogLevel ERROR
VisualHostKey no
ServerAliveInterval 5
"""
_FILES = ("~/.ssh/config", "/etc/ssh/ssh_config")  # to ssh, `~` is the home of the account, and not HOME
_HANDED_ON = ("PATH", "HOME", "USER", "LOGNAME", "SSH_AUTH_SOCK", "KRB5CCNAME", "TMPDIR", "XDG_RUNTIME_DIR")
_OWN_FAILURE = 255  # the exit code of an ssh that fails itself, and not what it runs
_ITS_OWN_SSH = re.compile(r"\s*(\S*/)?ssh\s+")
# Failures that may pass: the server is full (MaxStartups), or the network fails for a moment.
_TRANSIENT = re.compile(
    r"Connection (?:refused|reset|closed|timed out)|kex_exchange_identification|ssh_exchange_identification"
    r"|Broken pipe|Temporary failure in name resolution|No route to host|Network is unreachable|Operation timed out"
    r"|Connection to \S+ (?:closed|timed out)|Timeout, server|client_loop|exceeded MaxStartups",
    re.IGNORECASE,
)
# Of a server that has too many logins under way; the next try goes well when others are through.
_FULL = re.compile(r"kex_exchange_identification|ssh_exchange_identification|exceeded MaxStartups", re.IGNORECASE)
_REFUSED_LOGIN = re.compile(r"Permission denied( \(|, please)|Too many authentication failures")
_UNKNOWN_KEY = re.compile(r"No (\S+) host key is known for (\S+)|Host key verification failed")
_CHANGED_KEY = re.compile(r"REMOTE HOST IDENTIFICATION HAS CHANGED|host key .* has changed", re.IGNORECASE)
_REVOKED_KEY = re.compile(r"marked as revoked|REVOKED HOST KEY", re.IGNORECASE)


def settings() -> str:
    """Return the settings as the text of a file for `ssh -F`."""
    names = [os.path.join(os.environ.get("HOME", "~"), ".ssh/config"), *_FILES]  # noqa: PTH118 - `~` stays
    return _SETTINGS + "".join(f'Include "{name}"\n' for name in dict.fromkeys(names) if '"' not in name)


def write(folder: Path) -> None:
    """Write the settings for `ssh -F`, and a program `ssh` for the PATH of whatever a ProxyCommand runs."""
    file, program = folder / "ssh_config", folder / "ssh"
    file.write_text(settings(), encoding="utf-8")
    options = [word for line in split(_ON_EVERY_HOP) for word in ("-o", line.replace(" ", "=", 1))]
    words = shlex.join([shutil.which("ssh") or "ssh", "-F", str(file), *options])
    program.write_text(f'#!/bin/sh\nexec {words} "$@"\n', encoding="utf-8")
    program.chmod(0o700)


def environment(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return what ssh gets of an environment: no more than it needs. `SendEnv RS_*` would carry a token away."""
    environ = os.environ if environ is None else environ
    handed = {name: environ[name] for name in _HANDED_ON if name in environ}
    return {**handed, "LC_ALL": "C", "SSH_ASKPASS_REQUIRE": "never"}


def effective(destination: str, file: Path, environ: Mapping[str, str]) -> dict[str, str] | Unseen:
    """Return ssh's settings for a destination, by name in lower case; nothing is connected to."""
    words = [_program(environ), "-F", str(file), "-G", "--", destination]
    try:
        done = subprocess.run(
            words, capture_output=True, env=dict(environ), encoding="utf-8", errors="replace", timeout=10, check=False
        )
    except FileNotFoundError:
        return Unseen("ssh is not there", "install OpenSSH's client")
    except (OSError, subprocess.TimeoutExpired) as error:
        return Unseen(f"ssh cannot be run: {sentence(error)}", "try `ssh -G` by hand")
    if done.returncode:
        said = " ".join(done.stderr.replace(f"{file}", "ssh_config").split())
        return Unseen(f"ssh does not accept its settings: {said}", f"try `ssh -G {destination}`")
    rows = (line.partition(" ") for line in split(done.stdout))
    return {name: value for name, _, value in rows}


def _program(environ: Mapping[str, str]) -> str:
    return shutil.which("ssh", path=environ.get("PATH")) or "ssh"


def command(destination: str, file: Path, seconds: float, environ: Mapping[str, str], proxy: str = "") -> list[str]:
    """Return the words that run a shell on a destination, which reads its script from standard input.

    `proxy` is the user's own ProxyCommand: an ssh that it names by its path is called by its name.
    """
    options = ["-o", f"ConnectTimeout={max(1, round(seconds))}"]
    if proxy and proxy != "none" and (own := _ITS_OWN_SSH.match(proxy)):
        options += ["-o", f"ProxyCommand={shlex.quote(str(file.with_name('ssh')))} {proxy[own.end() :]}"]
    return [_program(environ), "-F", str(file), "-T", *options, "--", destination, "exec sh -s"]


def jump_host(found: Mapping[str, str]) -> str:
    """Return the host that connections go through first; blank if there is none."""
    jump = found.get("proxyjump", "none")
    return "" if jump == "none" else jump.split(",")[0]


def failure(words: str, code: int | None, destination: str, found: Mapping[str, str]) -> tuple[Unseen, bool]:
    """Return what ssh's own words mean, and whether the failure may pass. `code` is its exit code, 255 for its own."""
    said = " ".join(words.split())
    if not said:
        lost = "the connection was lost" if code == _OWN_FAILURE else "no shell ran the probe"
        why = f"ssh ended without a word, by code {code}: {lost}"
        return Unseen(why, f"try `ssh {destination} true` here"), code == _OWN_FAILURE
    host, port = found.get("hostname", destination), found.get("port", "22")
    at = host if port == "22" else f"[{host}]:{port}"
    keys = (found.get("userknownhostsfile") or "~/.ssh/known_hosts").split(" ")[0]
    if _CHANGED_KEY.search(said):
        key = _of_hop(said, at)
        remedy = f"compare it with the host's own; if it is right, `ssh-keygen -R '{key}'` and add the new key"
        return Unseen(f"the key of the host has changed: {_short(said)}", remedy), False
    if _REVOKED_KEY.search(said):
        return Unseen(f"the key of the host is revoked: {_short(said)}", "do not use this host"), False
    if match := _UNKNOWN_KEY.search(said):
        key = match[2] or at
        if key == found.get("hostkeyalias"):
            keys = f"{keys}`, each under the name `{key}"
            key = at
        scan = f"-p {key.rpartition(':')[2]} {key[1:].partition(']')[0]}" if key.startswith("[") else key
        remedy = f"compare the fingerprint with the host's own, then `ssh-keyscan {scan} >> {keys}`"
        return Unseen(f"the key of the host is not known: {_short(said)}", remedy), False
    if _REFUSED_LOGIN.search(said):
        remedy = "let the account in by a key that this user or its agent has"
        return Unseen(f"the login is refused: {_short(said)}", remedy), False
    return Unseen(_short(said), f"try `ssh {destination} true` here"), _TRANSIENT.search(said) is not None


def is_full(words: str) -> bool:
    """Return whether ssh's words are those of a server that refuses further logins for a moment."""
    return _FULL.search(words) is not None


def _of_hop(said: str, at: str) -> str:
    found = re.search(r"(?:Host key for|known_hosts entry for|ssh-keygen -f \S+ -R) \"?'?([^\s\"']+)", said)
    return found[1] if found else at


def _short(said: str) -> str:
    """Return ssh's words without its frame of `@`, cut short, and harmless in a log."""
    return foreign(re.sub(r"@{3,}|@\s{2,}|\s+@(?=\s)", " ", said).strip(), 300)
