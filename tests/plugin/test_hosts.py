"""Gates about other hosts, by real runs against a real sshd: what passes, what fails, and how often it is said."""

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from release_sentinel.vocabulary import Outcome
from tests.conftest import CLI, Run, Sentinel, run
from tests.observe.hosts.sshd import Sshd, needs_sshd, sshd, use

pytestmark = needs_sshd
POLICY = """
skip_local_host = "a CI runner"
[[hosts]]
ssh = {ssh}
disks = [{{ path = "/", warn = 99.9, crit = 99.99 }}]
memory = {{ warn = 99, crit = 99.9 }}
processes = [{{ name = "{process}" }}]
{more}
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    """One server for all tests."""
    with sshd(tmp_path_factory.mktemp("sshd") / "s") as server:
        yield server


@pytest.fixture
def hosts(sentinel: Sentinel, server: Sshd, tmp_path: Path) -> Sentinel:
    """A run that knows the host web1."""
    use(tmp_path / "home", server.host("web1"), server.host("web2"), server.host("stranger", known=""))
    sentinel.settings["HOME"] = str(tmp_path / "home")
    return sentinel


def policy(sentinel: Sentinel, ssh: str = '"web1"', process: str = "sshd", more: str = "timeout = 5") -> None:
    """Write and commit a policy."""
    text = POLICY.format(ssh=ssh, process=process, more=more)
    sentinel.repo.commit("release-sentinel.toml", text)


def results(done: Run) -> dict[str, str]:
    """Return the outcome of each gate on a host."""
    return {gate["id"]: gate["outcome"] for gate in done.verdict["gates"] if "[" in gate["id"]}


@pytest.mark.parametrize("way", ["release-sentinel", "pytest"])
def test_two_hosts_are_judged(hosts: Sentinel, way: str) -> None:
    """By the same checks as this machine, which is not judged, and says why once."""
    policy(hosts, '["web1", "web2"]')
    done = (hosts if way == "release-sentinel" else hosts.pytest)(RS_REQUIRED_PROCESS="")
    assert done.code == 0, done.out
    assert set(results(done)) == {
        f"{gate}[{host}{more}]"
        for host in ("web1", "web2")
        for gate, more in {"host": "", "disk": ":/", "memory": "", "process": ":sshd"}.items()
    }
    assert done.out.count("this machine is not judged, only `hosts`: a CI runner") == 1
    assert not {gate["id"] for gate in done.verdict["gates"]} & {"disk", "memory", "process"}
    assert {one["gate"] for one in done.verdict["disabled"]} == {"disk", "memory", "process"} - {
        gate.partition("[")[0] for gate in results(done)
    }


def test_a_fault_on_a_host(hosts: Sentinel) -> None:
    """A process that does not run there fails its own gate, and says where to correct it."""
    policy(hosts, process="no-such-agent")
    done = hosts()
    assert done.code == 2
    assert results(done) == {
        "host[web1]": Outcome.PASSED,
        "disk[web1:/]": Outcome.PASSED,
        "memory[web1]": Outcome.PASSED,
        "process[web1:no-such-agent]": Outcome.FAILED,
    }
    assert "correct `processes` of host web1 in the policy" in done.out


def test_a_host_that_does_not_answer_fails_once(hosts: Sentinel) -> None:
    """Its key is not known: ssh's words, the step that helps, and the rest is not evaluated; the other host is."""
    policy(hosts, '["stranger", "web2"]')
    done = hosts()
    assert done.code == 2
    found = results(done)
    assert found["host[stranger]"] == Outcome.FAILED
    assert {found[id_] for id_ in ("disk[stranger:/]", "memory[stranger]", "process[stranger:sshd]")} == {
        Outcome.NOT_EVALUATED
    }
    assert {outcome for id_, outcome in found.items() if "web2" in id_} == {Outcome.PASSED}
    assert "host key is known for" in done.out
    assert "ssh-keyscan -p " in done.out
    assert "StrictHostKeyChecking" not in done.out
    assert done.out.count("[CRITICAL]") == 1


def test_a_waiver_for_a_host_covers_what_is_asked_of_it(hosts: Sentinel) -> None:
    """Each of its gates is waived; the verdict is SAFE, and a deploy step accepts it."""
    waiver = """
    [[waivers]]
    gate = "host[stranger]"
    env = "prod"
    reason = "is being replaced"
    owner = "kim"
    expires = 2099-12-31
    """
    policy(hosts, '["stranger", "web2"]', more=waiver)
    done = hosts()
    assert done.code == 0, done.out
    assert {outcome for id_, outcome in results(done).items() if "stranger" in id_} == {Outcome.WAIVED}
    words = ("verify", str(hosts.reports / "verdict.json"), "--env=prod", "--version=v1.0.0")
    checked = run(*CLI, *words, cwd=hosts.repo.path, env=hosts.settings)
    assert checked.code == 0, checked.out


def test_a_host_that_hangs_longer_than_its_gate(hosts: Sentinel, tmp_path: Path) -> None:
    """It fails once, and ssh does not outlive the run."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings = f"Host silent\nHostName 127.0.0.1\nPort {silent.getsockname()[1]}\n"
        use(tmp_path / "home", settings)
        policy(hosts, '"silent"', more="timeout = 20")
        done = hosts(RS_GATE_SECONDS="0.5", TMPDIR=str(tmp_path))
    assert done.code == 2
    found = results(done)
    assert found.pop("host[silent]") == Outcome.FAILED
    assert set(found.values()) == {Outcome.NOT_EVALUATED}
    assert "all that its gate may wait" in done.out
    end = time.monotonic() + 10
    while (left := [*_clients(tmp_path), *tmp_path.glob("release-sentinel-ssh-*")]) and time.monotonic() < end:
        time.sleep(0.01)
    assert not left


def _clients(folder: Path) -> list[int]:
    """Return the processes that have the settings of ssh in a folder."""
    running = psutil.process_iter(["pid", "cmdline"])
    return [
        one.pid
        for one in running
        if any(f"{folder}/release-sentinel-ssh" in word for word in one.info["cmdline"] or ())
    ]


def test_a_host_gate_that_is_switched_off_hides_nothing(hosts: Sentinel) -> None:
    """What is not evaluated is not SAFE, whether or not the host's own gate speaks."""
    policy(hosts, '"stranger"', more='[disable]\nhost = "a try"\n')
    done = hosts()
    assert (done.code, done.verdict["verdict"]) == (1, "INCOMPLETE")
