"""Hosts by a real sshd: keys are never accepted, nothing asks, nothing is left behind, each failure is one sentence."""

import os
import re
import shlex
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from release_sentinel.observe import Unseen
from release_sentinel.observe.hosts import Question, Reach, Reached
from release_sentinel.observe.processes import Table
from tests.observe.hosts.parts import answer, reach, why
from tests.observe.hosts.sshd import Sshd, key, needs_sshd, sshd, use

pytestmark = needs_sshd
SMALL = Question(memory=True, seconds=5)
Ask = Callable[..., Reached]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    """A server that lets the key in."""
    with sshd(tmp_path_factory.mktemp("server") / "s", "LogLevel DEBUG1") as server:
        yield server


@pytest.fixture
def forced(tmp_path: Path) -> Iterator[Callable[[str], Sshd]]:
    """Start a server that runs a command of its own, whatever the client wants."""
    running: list[Any] = []

    def start(command: str, *options: str) -> Sshd:
        script = tmp_path / f"forced{len(running)}"
        script.write_text(f"#!/bin/sh\n{command}\n", encoding="utf-8")
        script.chmod(0o755)
        context = sshd(tmp_path / f"server{len(running)}", *options, login=f'command="{script}"')
        running.append(context)
        return context.__enter__()

    yield start
    for context in running:
        context.__exit__(None, None, None)


@pytest.fixture
def ask(tmp_path: Path) -> Ask:
    """Ask a host by the settings of ssh that are given, with a home of its own."""

    def ask(host: str, *settings: str, question: Question = SMALL, **more: object) -> Reached:
        use(tmp_path / "home", *settings)
        environ = {**os.environ, "HOME": str(tmp_path / "home"), **more.pop("environ", {})}  # type: ignore[dict-item]  # variables too
        return reach(environ, question, Reach("ssh", host), **more)

    return ask


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the settings of ssh be those of the test."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


def test_a_host_answers(server: Sshd, ask: Ask) -> None:
    """By an alias, with its port, user and key; sshd itself counts once, as the daemon that it is."""
    reached = ask("web1", server.host("web1"), question=Question(memory=True, processes=True, seconds=5))
    table = answer(reached).processes
    assert isinstance(table, Table), table
    named = [one for one in table.processes if "sshd" in one.names and str(server.folder) in one.command]
    assert len(named) == 1
    of_connections = set(map(int, re.findall(r"(?:Forked child|child is on pid) (\d+)", server.log)))
    assert of_connections
    assert not of_connections & {one.pid for one in table.processes}
    assert reached.tries == 1


KEYS = ["", "StrictHostKeyChecking accept-new", "StrictHostKeyChecking no", "StrictHostKeyChecking ask"]


@pytest.mark.parametrize("setting", KEYS)
def test_an_unknown_key_is_never_accepted(server: Sshd, ask: Ask, setting: str) -> None:
    """Whatever the settings say; the step that helps is exact, and nothing is written."""
    said = why(ask("web1", server.host("web1", setting, known=""), tries=3))
    assert said.startswith("the key of the host is not known: No ")
    assert f"`ssh-keyscan -p {server.port} 127.0.0.1 >> {server.folder}/known-web1`" in said
    assert (server.folder / "known-web1").read_text() == ""


def test_a_changed_key(server: Sshd, ask: Ask, tmp_path: Path) -> None:
    """It may be another host: what removes the old key is named."""
    other = key(tmp_path / "other")
    said = why(ask("web1", server.host("web1", "StrictHostKeyChecking no", known=other)))
    assert said.startswith("the key of the host has changed: ")
    assert f"ssh-keygen -R '[127.0.0.1]:{server.port}'" in said
    assert "@@@" not in said


def test_known_keys_are_not_updated(server: Sshd, ask: Ask) -> None:
    """UpdateHostKeys would add the host's other keys."""
    settings = server.host("web1", "UpdateHostKeys yes")
    before = (server.folder / "known-web1").read_text()
    answer(ask("web1", settings))
    assert (server.folder / "known-web1").read_text() == before


def test_a_refused_login(server: Sshd, ask: Ask, tmp_path: Path) -> None:
    """Another key, or a password that nobody types: said at once, and not tried again."""
    key(tmp_path / "other")
    settings = server.host("web1").replace(f"{server.folder}/user", f"{tmp_path}/other")
    reached = ask("web1", settings, tries=3)
    assert why(reached).startswith("the login is refused: ")
    assert "Permission denied" in why(reached)
    assert reached.tries == 1


def test_nothing_asks_for_a_password(forced: Callable[..., Sshd], ask: Ask, tmp_path: Path) -> None:
    """Neither on a terminal nor by an askpass program."""
    server = forced("exec sh -s", "AuthenticationMethods publickey,password", "PasswordAuthentication yes")
    asked = tmp_path / "asked"
    (tmp_path / "askpass").write_text(f"#!/bin/sh\ntouch {asked}\necho secret\n")
    (tmp_path / "askpass").chmod(0o755)
    more = {"SSH_ASKPASS": str(tmp_path / "askpass"), "SSH_ASKPASS_REQUIRE": "force", "DISPLAY": ":0"}
    assert "Permission denied" in why(ask("web1", server.host("web1", "PasswordAuthentication yes"), environ=more))
    assert not asked.exists()


def test_a_closed_port_is_tried_again(server: Sshd, ask: Ask) -> None:
    """As often as the policy says."""
    settings = server.host("web1").replace(f"Port {server.port}", "Port 1")
    reached = ask("web1", settings, tries=2)
    assert reached.tries == 2
    assert "Connection refused" in why(reached)


def test_a_name_that_is_not_there(ask: Ask) -> None:
    """In ssh's own words."""
    assert "Could not resolve hostname no-such-host.invalid" in why(ask("no-such-host.invalid"))


def test_a_full_server_is_tried_again(forced: Callable[..., Sshd], tmp_path: Path) -> None:
    """MaxStartups refuses connections: they take turns, and the usual number of tries is enough."""
    server, turn = forced("exec sh -s", "MaxStartups 1:100:1"), threading.Semaphore()
    use(tmp_path / "home", server.host("web1"))
    environ, web1 = dict(os.environ), Reach("ssh", "web1")
    found: list[Reached] = []
    threads = [
        threading.Thread(target=lambda: found.append(reach(environ, SMALL, web1, turn=turn, tries=3, deadline=30.0)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for reached in found:
        answer(reached)
    assert any(reached.tries > 1 for reached in found)
    assert all("Connection" in words or "exceeded" in words for reached in found for words in reached.earlier)


LOST = r"""while read -r line; do
    case $line in *"rs1 "*" begin "*) word=${line#*rs1 }; break ;; esac
done
printf 'rs1 %s begin Linux\ndisk 0 ok\n' "${word%% *}" """


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("command", "words", "tries"),
    [
        ("echo Welcome to the jungle", "does not run the probe: it answers 'Welcome to the jungle'", 1),
        (
            "echo 'This account is currently not available.'; exit 1",
            "it answers 'This account is currently not avail",
            1,
        ),
        (LOST, "its answer breaks off", 2),
        (f"{LOST}\nsleep 0.3; kill -9 $PPID", "its answer breaks off", 2),
        ("exit 3", "ssh ended without a word, by code 3: no shell ran the probe", 1),
        ("kill -9 $PPID", "onnection", 2),
        ("echo 'chroot: Permission denied' >&2; exit 1", "chroot: Permission denied (try `ssh web1 true` here)", 1),
    ],
    ids=["forced command", "nologin", "cut off", "connection lost", "silent", "lost before it", "not the login"],
)
def test_what_is_no_answer(forced: Callable[..., Sshd], ask: Ask, command: str, words: str, tries: int) -> None:
    """One sentence; only what may pass is tried again."""
    server = forced(command)
    reached = ask("web1", server.host("web1"), tries=2)
    assert words in "; ".join([why(reached), *reached.earlier])
    assert reached.tries == tries


NOISE = 'echo "Last login: today"; printf "\\n*** rs1 begin ***\\n"; exec sh -s'
LOGIN_SHELLS = {"noise": NOISE, "a shell before it": 'sh -c "$SSH_ORIGINAL_COMMAND"; exit $?'} | {
    shell: f'exec {shell} -c "$SSH_ORIGINAL_COMMAND"'
    for shell in ("dash", "bash", "fish", "tcsh", "csh", "zsh", "ksh", "rbash")
    if shutil.which(shell)
}


@pytest.mark.sweep
@pytest.mark.parametrize("shell", LOGIN_SHELLS)
def test_the_login_shell_does_not_matter(forced: Callable[..., Sshd], ask: Ask, shell: str) -> None:
    """Whatever it is, and whatever it prints."""
    server = forced(LOGIN_SHELLS[shell])
    reached = ask("web1", server.host("web1"))
    if shell == "rbash":
        assert "restricted" in why(reached)
    else:
        answer(reached)


def test_variables_and_the_agent_stay_here(forced: Callable[..., Sshd], ask: Ask, tmp_path: Path) -> None:
    """SendEnv and ForwardAgent of the settings do not count."""
    server = forced(f"env >{tmp_path}/env; exec sh -s", "AcceptEnv *", "AllowAgentForwarding yes")
    evil = ("SendEnv RS_* GH_*", "ForwardAgent yes", "RemoteCommand touch /nowhere", "RequestTTY force")
    settings = server.host("web1", *evil)
    answer(ask("web1", settings, environ={"RS_DEPLOY_TOKEN": "s3cret", "GH_TOKEN": "s3cret"}))
    assert "s3cret" not in (tmp_path / "env").read_text()
    assert "SSH_AUTH_SOCK" not in (tmp_path / "env").read_text()


def test_no_shared_connection_is_left_open(server: Sshd, ask: Ask, tmp_path: Path) -> None:
    """ControlPersist would leave a process behind."""
    settings = server.host("web1", "ControlMaster auto", f"ControlPath {tmp_path}/socket", "ControlPersist 60")
    answer(ask("web1", settings))
    assert not (tmp_path / "socket").exists()


LENIENT = "-o StrictHostKeyChecking=no -oUserKnownHostsFile=/dev/null -o UpdateHostKeys=yes -W %h:%p jump"


@pytest.mark.parametrize(
    "command",
    [
        f"ssh {LENIENT}",
        f"{shutil.which('ssh')} {LENIENT}",
        f"env ssh {LENIENT}",
        f"sh -c 'ssh {LENIENT}'",
        "ssh -F {file} -W %h:%p jump",
    ],
)
def test_options_of_a_proxy_command_accept_no_key(server: Sshd, ask: Ask, tmp_path: Path, command: str) -> None:
    """Not even those that come before every file of settings, and in no settings of its own."""
    file = tmp_path / "own_config"
    file.write_text(server.host("jump", "StrictHostKeyChecking no", known=""), encoding="utf-8")
    own = f"ProxyCommand {command.format(file=file)}"
    reached = ask("web1", server.host("web1", own), server.host("jump", known=""), tries=1)
    assert "the key of the host is not known" in why(reached)
    assert (server.folder / "known-jump").read_text() == ""


@pytest.mark.sweep
@pytest.mark.parametrize("way", ["ProxyJump", "ProxyCommand ssh", "two hops"])
@pytest.mark.parametrize("known", [True, False])
def test_a_jump_host(server: Sshd, ask: Ask, tmp_path: Path, way: str, known: bool) -> None:
    """Its key is as little accepted as the host's, whatever its own settings say."""
    with sshd(tmp_path / "jump") as jump:
        first = jump.host("jump", "StrictHostKeyChecking accept-new", known=None if known else "")
        command = f"{way.removeprefix('ProxyCommand ')} -W %h:%p jump"
        through = "ProxyJump jump" if not way.startswith("ProxyCommand") else f"ProxyCommand {command}"
        hosts = [server.host("web1", "ProxyJump middle" if way == "two hops" else through), first]
        if way == "two hops":
            hosts.append(jump.host("middle", "ProxyJump jump"))
        reached = ask("web1", *hosts)
        if known:
            answer(reached)
        else:
            assert "the key of the host is not known" in why(reached)
            assert f"-p {jump.port} 127.0.0.1" in why(reached)
            assert (jump.folder / "known-jump").read_text() == ""


def test_a_host_that_hangs_leaves_nothing_behind(forced: Callable[..., Sshd], ask: Ask, tmp_path: Path) -> None:
    """The client is ended with its jump host's, and what runs on the host ends with its connection."""
    server = forced(f"echo $$ >{tmp_path}/pid; cat >/dev/null")
    said = why(ask("web1", server.host("web1"), question=Question(memory=True, seconds=0.5), tries=1))
    assert "no answer within" in said
    pid = int((tmp_path / "pid").read_text())
    end = time.monotonic() + 10
    while Path(f"/proc/{pid}").exists() and time.monotonic() < end:
        time.sleep(0.01)
    assert not Path(f"/proc/{pid}").exists()
    assert not _running(f"{tmp_path}/home")


def test_a_probe_whose_connection_is_lost_ends(server: Sshd, tmp_path: Path) -> None:
    """Its disks hang, and nobody waits any more: it does not go on until its own bound."""
    use(tmp_path / "home", server.host("web1"))
    from release_sentinel.observe.hosts import script

    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/stat").write_text(f"#!/bin/sh\necho $$ >{tmp_path}/pid\nexec sleep 77.5\n")
    (tmp_path / "bin/stat").chmod(0o755)
    text, _ = script(Question(disks=("/",), seconds=60))
    text = text.replace("PATH=$PATH", f"PATH={tmp_path}/bin:$PATH")
    command = ["ssh", "-F", str(tmp_path / "home/.ssh/config"), "web1", "exec sh -s"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as client:
        assert client.stdin
        client.stdin.write(text.encode())
        client.stdin.flush()
        end = time.monotonic() + 20
        while not (tmp_path / "pid").exists() and time.monotonic() < end:
            time.sleep(0.01)
        client.kill()
    while (left := _running("rs1 ") + _running("sh -s")) and time.monotonic() < end:
        time.sleep(0.01)
    assert not left


def _running(words: str) -> list[str]:
    """Return the command lines of processes with these words."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        except OSError:
            continue
        if words in command and "pytest" not in command:
            found.append(command)
    return found


def test_hidepid(forced: Callable[..., Sshd], ask: Ask) -> None:
    """The processes of others are hidden: what is not seen is not absent."""
    if os.getuid():
        pytest.skip("needs root")
    mounted = "mount -t proc -o hidepid=2 proc /proc"
    server = forced("exec unshare --mount --pid --fork setpriv --reuid=65534 --clear-groups sh -s")
    probe = subprocess.run(["unshare", "--mount", "sh", "-c", mounted], capture_output=True, check=False)
    if probe.returncode:
        pytest.skip("no /proc of its own can be mounted")
    inner = f"{mounted} && exec setpriv --reuid=65534 --regid=65534 --clear-groups sh -s"
    server = forced(f"exec unshare --mount sh -c {shlex.quote(inner)}")
    table = answer(ask("web1", server.host("web1"), question=Question(processes=True, seconds=5))).processes
    assert isinstance(table, Table), table
    assert "hides the processes of other users" in table.hidden
    assert "hidepid" in table.hidden


def test_a_host_without_proc(forced: Callable[..., Sshd], ask: Ask) -> None:
    """Nothing is known, and nothing is zero."""
    if os.getuid():
        pytest.skip("needs root")
    server = forced("exec unshare --mount sh -c 'mount -t tmpfs x /proc && exec sh -s'")
    seen = answer(ask("web1", server.host("web1"), question=Question(("/",), memory=True, processes=True, seconds=5)))
    assert isinstance(seen.memory, Unseen)
    assert isinstance(seen.processes, Unseen)
