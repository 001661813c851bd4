"""How a host or container is reached, and one round trip to it: a script in, its answer out, within bounds."""

import contextlib
import os
import selectors
import shlex
import signal
import subprocess
import threading
import time
from collections.abc import Collection, Iterator, Mapping
from typing import Literal

from msgspec import Struct

from release_sentinel.lines import foreign
from release_sentinel.observe import Unseen, retry, temporary
from release_sentinel.observe.hosts import ssh
from release_sentinel.observe.hosts.answer import Answer, begins, ends, read
from release_sentinel.observe.hosts.question import Question, script
from release_sentinel.observe.retry import Asked, Try
from release_sentinel.observe.temporary import Temporary
from release_sentinel.sentences import sentence

MOST = 1 << 20  # bytes of an answer
_GRACE = 1.0  # seconds beyond the time of the probe, for the way there and back
_FULL_PAUSE = 1.0  # seconds in which a full server lets in whom it has accepted
_ENDING = 0.1  # seconds in which a client is ended
_ERRORS = 8192  # bytes of what a client complains of
Kind = Literal["ssh", "docker", "podman", "kubectl"]
_KEPT = {
    "docker": ("DOCKER_",),
    "podman": ("CONTAINER", "XDG_", "DBUS_"),
    "kubectl": ("KUBE", "AWS_", "AZURE_", "GOOGLE_", "CLOUDSDK_", "XDG_"),
}
_TRANSIENT = ("connection refused", "timeout", "timed out", "eof", "reset by peer")
_ALWAYS = ("PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY")


def kept(environ: Mapping[str, str], prefixes: tuple[str, ...], withheld: Collection[str] = ()) -> dict[str, str]:
    """Return what a client gets of an environment: what it needs by these prefixes, and nothing that is withheld."""
    return {
        name: value
        for name, value in environ.items()
        if (name in _ALWAYS or name.startswith(prefixes)) and name not in withheld
    }


class Reach(Struct, frozen=True):
    """The way to one host: an OpenSSH destination, or a container by one of its programs."""

    kind: Kind
    target: str
    namespace: str = ""
    context: str = ""
    container: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.target}"


class Reached(Struct, frozen=True):
    """An answer, and what it took to get it; `seen` is `Unseen` where there is none. Times in seconds."""

    seen: Answer | Unseen
    tries: int = 1
    seconds: float = 0.0
    earlier: tuple[str, ...] = ()


class Way:
    """A reach with what is known about it once a run: the words of its command, its environment, its jump host.

    Variables that are `withheld` are secrets, and no client gets them.
    """

    def __init__(
        self,
        reach: Reach,
        place: Temporary,
        environ: Mapping[str, str] | None = None,
        withheld: Collection[str] = (),
    ) -> None:
        self.reach, self.place = reach, place
        self._environ = os.environ if environ is None else environ
        self.problem: Unseen | None = None
        self._found: Mapping[str, str] = {}
        if reach.kind == "ssh":
            self._file = place.path / "ssh_config"
            self._ssh_environ = ssh.environment(self._environ)
            self.environ = {**self._ssh_environ, "PATH": f"{place.path}:{self._ssh_environ.get('PATH', os.defpath)}"}
            found = ssh.effective(reach.target, self._file, self._ssh_environ)
            if isinstance(found, Unseen):
                self.problem = found
            else:
                self._found = found
        else:
            self.environ = kept(self._environ, _KEPT[reach.kind], withheld)

    @property
    def through(self) -> str:
        """What takes the connection first: the jump host, or the host itself."""
        return ssh.jump_host(self._found) or self._found.get("hostname", self.reach.target)

    def command(self, seconds: float) -> list[str]:
        """Return the words that run a shell there."""
        reach = self.reach
        if reach.kind == "ssh":
            return ssh.command(
                reach.target, self._file, seconds, self._ssh_environ, self._found.get("proxycommand", "")
            )
        if reach.kind == "kubectl":
            options = {"--context": reach.context, "--namespace": reach.namespace}
            words = [f"{option}={value}" for option, value in options.items() if value]
            inside = [f"--container={reach.container}"] if reach.container else []
            return ["kubectl", *words, "exec", "--stdin", *inside, reach.target, "--", "sh", "-s"]
        return [reach.kind, "exec", "--interactive", reach.target, "sh", "-s"]

    @property
    def trial(self) -> str:
        """A command by which a user sees whether the host answers."""
        words = ["ssh", "--", self.reach.target] if self.reach.kind == "ssh" else self.command(5)[:-2]
        return f"`{shlex.join(word for word in words if word != '--' or self.reach.kind == 'kubectl')} true`"

    def failure(self, words: str, code: int | None) -> tuple[Unseen, bool]:
        """Return what the words of the client and its exit code mean, and whether the failure may pass."""
        if self.reach.kind == "ssh":
            return ssh.failure(words, code, self.reach.target, self._found)
        said = foreign(words, 300) or f"{self.reach.kind} ended without a word, by code {code}"
        may_pass = any(one in said.lower() for one in _TRANSIENT)
        return Unseen(said, f"try {self.trial} here"), may_pass


def ask(
    way: Way, question: Question, *, tries: int = 3, deadline: float = 30.0, turn: threading.Semaphore | None = None
) -> Reached:
    """Ask a host; connections that are refused or lost are tried again within `deadline` seconds.

    What a full server has refused is tried again in `turn`, one host after the other.
    """
    if way.problem:
        return Reached(way.problem)
    turn, before = turn or threading.Semaphore(), [""]

    def call(seconds: float) -> Try[Answer | Unseen]:
        start, is_turn = time.monotonic(), ssh.is_full(before[0]) and turn.acquire(timeout=seconds)
        try:
            found = _once(way, question, max(seconds - (time.monotonic() - start), 0.0))
        finally:
            if is_turn:
                turn.release()
        before[0] = found.words
        return found

    asked: Asked[Answer | Unseen] = retry.ask(
        call,
        what=str(way.reach),
        timeout=question.seconds + _GRACE + _ENDING,
        tries=tries,
        deadline=deadline,
    )
    last = asked.last
    seen = last.answer if last.answer is not None else Unseen(last.error)
    return Reached(seen, asked.tries, asked.seconds, asked.earlier)


def _once(way: Way, question: Question, seconds: float) -> Try[Answer | Unseen]:
    """Ask once. What may pass has an error for words, and its `Unseen` as the answer if it was the last try."""
    start = time.monotonic()
    text, nonce = script(question)
    seconds = max(seconds - _ENDING, seconds / 2)  # what is said then must not come too late
    out, err, complete, code = _run(way, text, nonce, seconds)
    took = time.monotonic() - start
    begun = any(begins(line, nonce) for line in out.split("\n"))
    if len(out.encode(errors="surrogateescape")) > MOST:
        when, remedy = ("", "ask for less of it") if begun else (" before the probe", "see its login files")
        return Try(answer=Unseen(f"it prints more than 1 MiB{when}", remedy), seconds=took)
    if complete or begun:
        seen = read(out, question, nonce)
        if complete or not isinstance(seen, Unseen):
            return Try(answer=seen, seconds=took)
        lost = Unseen(f"{seen.why}{f': {foreign(err, 300)}' if err.strip() else ''}", seen.remedy)
        return Try(answer=lost, final=False, seconds=took, words=lost.why)
    if took >= seconds:
        why = f"no answer within {seconds:.2g} s{f': {foreign(err, 300)}' if err.strip() else ''}"
        silent = Unseen(why, f"try {way.trial} here, or raise `timeout`")
        return Try(answer=silent, final=False, seconds=took, words=silent.why)
    if not err.strip() and out.strip():
        return Try(answer=read(out, question, nonce), seconds=took)
    failed, may_pass = way.failure(err, code)
    pause = _FULL_PAUSE if ssh.is_full(failed.why) else 0.0
    return Try(answer=failed, final=not may_pass, retry_after=pause, seconds=took, words=failed.why)


def _run(way: Way, text: str, nonce: str, seconds: float) -> tuple[str, str, bool, int | None]:
    """Run the script there; return what it printed, what the client complained of, whether the end was seen, its code.

    The client is ended as soon as the answer is complete: whatever hangs there holds its output open.
    """
    try:
        process = subprocess.Popen(
            way.command(seconds),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=way.environ,
            start_new_session=True,  # no terminal to ask on, and one group to end, with the ssh of a jump host
        )
    except FileNotFoundError:
        return "", f"{way.reach.kind} is not there: install it where the gate runs", False, None
    except OSError as error:
        return "", f"{way.reach.kind} cannot be run: {sentence(error)}", False, None
    way.place.begun(process.pid)
    try:
        threading.Thread(target=_feed, args=(process, text), daemon=True).start()
        out, err, complete = _collect(process, nonce, seconds)
        with contextlib.suppress(subprocess.TimeoutExpired):  # it has closed its output, so it ends
            process.wait(0 if complete else _ENDING)
        return out, err, complete, process.returncode
    finally:
        _end(process)
        way.place.ended(process.pid)


def _feed(process: "subprocess.Popen[bytes]", text: str) -> None:
    """Write the script. Standard input stays open: its end tells the probe that the caller is gone."""
    with contextlib.suppress(OSError, ValueError):
        if process.stdin:
            process.stdin.write(text.encode(errors="surrogateescape"))
            process.stdin.flush()


def _collect(process: "subprocess.Popen[bytes]", nonce: str, seconds: float) -> tuple[str, str, bool]:
    end = time.monotonic() + seconds
    final = f"\nrs1 {nonce} end\n".encode()
    parts: dict[str, bytearray] = {"out": bytearray(), "err": bytearray()}
    with selectors.DefaultSelector() as selector:
        for name, stream in (("out", process.stdout), ("err", process.stderr)):
            if stream:
                selector.register(stream, selectors.EVENT_READ, name)
        while selector.get_map() and (left := end - time.monotonic()) > 0:
            for key, _ in selector.select(left):
                _read_some(selector, key.fileobj, parts[key.data], MOST if key.data == "out" else _ERRORS)
            if final in parts["out"][-2 * len(final) - 4096 :] or len(parts["out"]) > MOST:
                break
    out, err = (bytes(part).decode(errors="surrogateescape") for part in parts.values())
    out = out.replace("\r\n", "\n")
    return out, err, any(ends(line, nonce) for line in out.split("\n")) and len(parts["out"]) <= MOST


def _read_some(selector: selectors.BaseSelector, stream: object, part: bytearray, most: int) -> None:
    """Read what is there; beyond `most` bytes it is thrown away, but for one that tells."""
    number: int = stream.fileno()  # type: ignore[attr-defined]  # a pipe of the process
    read_bytes = os.read(number, 65536)
    if not read_bytes:
        selector.unregister(stream)  # type: ignore[arg-type]  # as above
    part += read_bytes[: max(0, most + 1 - len(part))]


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End the client and what it has started; closing its input ends the probe."""
    for stream in (process.stdin, process.stdout, process.stderr):
        with contextlib.suppress(OSError):
            if stream:
                stream.close()
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(0.5)


@contextlib.contextmanager
def settings_folder() -> Iterator[Temporary]:
    """Make a folder with what ssh gets. Clients that still run end with this process."""
    with temporary.folder("release-sentinel-ssh-") as place:
        ssh.write(place.path)
        yield place
