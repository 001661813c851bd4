"""A real sshd on loopback, with keys and a client's settings of its own."""

import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
# As root it wants a folder in /run: one of a mount namespace of its own.
_AS_ROOT = ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs tmpfs /run && mkdir /run/sshd && exec "$@"', "sh"]
_USER = pwd.getpwuid(os.getuid())


def _missing() -> str:
    if not SSHD or not shutil.which("ssh"):
        return "OpenSSH's server or client is not installed"
    if os.getuid() == 0 and subprocess.run([*_AS_ROOT, "true"], capture_output=True, check=False).returncode:
        return "root has no mount namespaces here"
    if not _USER.pw_shell.endswith("sh"):
        return f"{_USER.pw_name} has no shell to log in to"
    return ""


MISSING = _missing()
needs_sshd = pytest.mark.skipif(
    (bool(MISSING) and os.environ.get("REAL_SSHD") != "required") or bool(MISSING and os.getuid()), reason=MISSING
)


class Sshd:
    """A running server, and what its client needs to log in: settings of ssh below `home`."""

    def __init__(self, folder: Path, port: int, process: "subprocess.Popen[bytes]") -> None:
        self.folder, self.port, self.process = folder, port, process

    @property
    def public_key(self) -> str:
        """The host's own key, as known_hosts has it."""
        return (self.folder / "host.pub").read_text(encoding="ascii")

    @property
    def log(self) -> str:
        """What the server has said."""
        return (self.folder / "log").read_text(encoding="utf-8")

    def host(self, name: str, *lines: str, known: str | None = None) -> str:
        """Return the settings of ssh for this server, as host `name`; `known` is the key that is known of it."""
        file = self.folder / f"known-{name}"
        key = self.public_key if known is None else known
        file.write_text(f"[127.0.0.1]:{self.port} {key}\n" if key else "", encoding="ascii")
        own = (
            f"Host {name}",
            "HostName 127.0.0.1",
            f"Port {self.port}",
            f"User {_USER.pw_name}",
            f"IdentityFile {self.folder}/user",
            "IdentitiesOnly yes",
            f"UserKnownHostsFile {file}",
            *lines,
        )
        return "\n".join([*own, ""])


def key(file: Path) -> str:
    """Make a key; return its public part."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(file)], check=True)
    return Path(f"{file}.pub").read_text(encoding="ascii")


@contextmanager
def sshd(folder: Path, *options: str, login: str = "") -> Iterator[Sshd]:
    """Run a server with these settings; `login` are options of the one key that may log in."""
    if " " in str(folder):
        pytest.skip("ssh hands the name of its settings to a jump host's ssh without quotes: it cannot have blanks")
    folder.mkdir(mode=0o700)
    key(folder / "host")
    (folder / "authorized").write_text(f"{login} {key(folder / 'user')}".lstrip(), encoding="ascii")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    settings = (
        *options,
        f"Port {port}",
        "ListenAddress 127.0.0.1",
        f"HostKey {folder}/host",
        f"AuthorizedKeysFile {folder}/authorized",
        "PidFile none",
        "StrictModes no",
        "UsePAM no",
        "PasswordAuthentication no",
        "KbdInteractiveAuthentication no",
        "PermitRootLogin yes",
        "PrintMotd no",
        "UseDNS no",
    )
    (folder / "sshd_config").write_text("\n".join([*settings, ""]), encoding="utf-8")
    words = [*(_AS_ROOT if os.getuid() == 0 else []), str(SSHD), "-D", "-e", "-f", str(folder / "sshd_config")]
    with ExitStack() as stack:
        log = stack.enter_context((folder / "log").open("wb"))
        process = subprocess.Popen(words, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)
        stack.callback(process.wait)
        stack.callback(process.kill)
        found = Sshd(folder, port, process)
        while "Server listening" not in found.log:
            assert process.poll() is None, found.log
            time.sleep(0.005)
        yield found


def use(home: Path, *hosts: str) -> None:
    """Write the settings of ssh for these hosts below a home."""
    (home / ".ssh").mkdir(parents=True, exist_ok=True)
    (home / ".ssh/config").write_text("\n".join(hosts), encoding="utf-8")
