"""A policy that lists several targets has a result for each, and does not wait for one after the other."""

import os
import socket
import textwrap
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from tests.conftest import SECRET, Run, Sentinel
from tests.observe.chains import issue, serving
from tests.observe.parts import Behaviour, closed_port, program, raw_server

Ruled = Callable[[str], None]


@pytest.fixture
def ruled(sentinel: Sentinel) -> Ruled:
    """Give the repository a policy."""

    def rule(text: str) -> None:
        sentinel.repo.commit("release-sentinel.toml", textwrap.dedent(text))

    return rule


def reasons(run: Run) -> dict[str, str]:
    """Return what each gate said, by id."""
    return {gate["id"]: gate["reason"] for gate in run.verdict["gates"]}


TARGETS = """
[[disks]]
path = "/proc"
[[disks]]
path = "/no/such"
[[processes]]
name = "no-such-agent"
[[tcp]]
host = "127.0.0.1"
port = {port}
name = "straße"
tries = 1
"""


def test_each_target_has_a_result(sentinel: Sentinel, ruled: Ruled) -> None:
    """They are told by their names in every report, and what is wrong with one does not hide the others."""
    ruled(TARGETS.format(port=closed_port()))
    run = sentinel()
    assert run.code == 2, run.out
    assert {gate: status for gate, status in run.statuses.items() if "[" in gate} == {
        "disk[/proc]": "UNKNOWN",
        "disk[/no/such]": "UNKNOWN",
        "process[no-such-agent]": "CRIT",
        "tcp[straße]": "CRIT",
    }
    assert [run.statuses[gate] for gate in ("disk", "memory", "process", "api")] == ["OK"] * 4
    assert 'name="disk[/proc]"' in run.junit
    assert any(line.startswith("[CRITICAL] tcp[straße]: 127.0.0.1:") for line in run.block)


def test_a_target_that_is_left_out_is_missed(sentinel: Sentinel, ruled: Ruled) -> None:
    """One item of a gate does not stand for another."""
    ruled("[[disks]]\npath = '/tmp'\nwarn = 100\ncrit = 100")
    run = sentinel("-k", "not tmp")
    assert run.code == 1
    assert any("no result from gate disk[/tmp]: it was deselected" in line for line in run.block), run.out


def test_targets_of_one_name_are_refused(sentinel: Sentinel, ruled: Ruled) -> None:
    """Two results of one name could not be told apart: no gate is run."""
    ruled("disks = [{ path = '/tmp' }, { path = '/tmp' }]")
    run = sentinel()
    assert run.code == 1
    assert any("disks[1] is '/tmp', as disks[0] is: each name has to be unique" in line for line in run.block), run.out
    assert run.statuses == {}


def test_a_list_may_stand_alone(sentinel: Sentinel, ruled: Ruled, httpserver: HTTPServer) -> None:
    """Where the variables name no process and no URL, and the policy lists some, only those are judged."""
    pay = f"[[dependencies]]\nname = 'pay'\nurl = '{httpserver.url_for('/health')}'"
    agent = sentinel.settings["RS_REQUIRED_PROCESS"]
    ruled(f"[required]\nsettings = []\n[[processes]]\nname = '{agent}'\n{pay}")
    run = sentinel(RS_REQUIRED_PROCESS="", RS_API_URL="")
    assert run.code == 0, run.out
    assert {gate for gate in run.statuses if gate.startswith(("process", "api"))} == {f"process[{agent}]", "api[pay]"}


FINE = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


def test_dependencies_are_asked_at_once(sentinel: Sentinel, ruled: Ruled) -> None:
    """Each of them answers only when all have been asked: one after the other, none ever would."""
    together = threading.Barrier(8)

    def meet(connection: socket.socket, _stop: threading.Event) -> None:
        connection.recv(4096)
        together.wait()
        connection.sendall(FINE)

    with raw_server(meet) as port:
        url = f"url = 'http://127.0.0.1:{port}/', timeout = 600, deadline = 600, tries = 1"
        targets = [f'{{ name = "p {n}", {url} }}' for n in range(8)]
        ruled(f"dependencies = [{', '.join(targets)}]")
        run = sentinel()
    assert run.code == 0, run.out
    assert [status for gate, status in run.statuses.items() if gate.startswith("api[p ")] == ["OK"] * 8


def test_at_most_so_many_are_asked_at_once(sentinel: Sentinel, ruled: Ruled) -> None:
    """The policy bounds how many questions are under way."""
    under_way, most = set[int](), []

    def count(connection: socket.socket, _stop: threading.Event) -> None:
        connection.recv(4096)
        under_way.add(id(connection))
        most.append(len(under_way))
        time.sleep(0.05)
        under_way.discard(id(connection))
        connection.sendall(FINE)

    with raw_server(count) as port:
        targets = [f'{{ name = "{n}", url = "http://127.0.0.1:{port}/" }}' for n in range(6)]
        ruled(f"at_once = 2\ndependencies = [{', '.join(targets)}]")
        run = sentinel()
    assert run.code == 0, run.out
    assert (len(most), max(most)) == (6, 2)


def test_nothing_is_asked_before_the_policy_stage_passed(
    sentinel: Sentinel, ruled: Ruled, httpserver: HTTPServer
) -> None:
    """A release that may not go out is a reason to leave others in peace."""
    ruled("at_once = 4")
    sentinel.repo.write("app.py", "changed\n")
    httpserver.clear_log()
    assert sentinel().code == 1
    assert httpserver.log == []


def test_what_was_not_chosen_is_not_asked(sentinel: Sentinel, httpserver: HTTPServer) -> None:
    """A partial run asks for what it judges."""
    httpserver.clear_log()
    run = sentinel("--gate-partial", "-k", "disk")
    assert run.code == 0, run.out
    assert httpserver.log == []


def test_a_secret_in_a_header(sentinel: Sentinel, ruled: Ruled, httpserver: HTTPServer, tmp_path: Path) -> None:
    """From a variable or a file it reaches the server, and no report; without it no one is asked."""
    httpserver.expect_request("/paid", headers={"X-Token": SECRET}).respond_with_data("no", status=500)
    url = httpserver.url_for("/paid")
    ruled(f"[[dependencies]]\nname = 'pay'\nurl = '{url}'\nheaders = {{ X-Token = '${{PAY_TOKEN}}' }}\ntries = 1")
    run = sentinel(PAY_TOKEN=SECRET)
    assert "returned 500, expected 200" in reasons(run)["api[pay]"]
    assert SECRET not in run.out + run.junit + f"{run.verdict}"
    mounted = tmp_path / "token"
    mounted.write_text(f"{SECRET}\n", encoding="utf-8")
    mounted.chmod(0o600)
    assert "returned 500, expected 200" in reasons(sentinel(PAY_TOKEN_FILE=str(mounted)))["api[pay]"]
    sent = [request.headers.get("X-Token") for request, _ in httpserver.log if request.path == "/paid"]
    assert sent == [SECRET] * 2
    httpserver.clear_log()
    blocked = sentinel()
    assert blocked.code == 1
    assert "[POLICY] configuration: Missing required env var: PAY_TOKEN" in blocked.block
    assert httpserver.log == []


def test_a_gate_that_has_to_stay_good(sentinel: Sentinel, ruled: Ruled, httpserver: HTTPServer) -> None:
    """A dependency that flaps is asked until it fails, and no further."""
    httpserver.clear_log()
    for status in (200, 200, 404, 200):
        httpserver.expect_ordered_request("/flap").respond_with_data("", status=status)
    url = httpserver.url_for("/flap")
    steady = "steady = { samples = 4, interval = 0.01 }"
    ruled(f"required.settings = []\n[[dependencies]]\nname = 'pay'\nurl = '{url}'\n{steady}")
    run = sentinel(RS_API_URL="")
    assert run.code == 2
    assert reasons(run)["api[pay]"].endswith("(on sample 3 of 4)")
    assert [request.path for request, _ in httpserver.log] == ["/flap"] * 3


UNITS = """Id=nginx.service
Names=nginx.service
LoadState=loaded
ActiveState=active
SubState=running
Result=success
Type=notify

Id=nope.service
Names=nope.service
LoadState=not-found
ActiveState=inactive
SubState=dead
"""


def test_units_are_asked_once(sentinel: Sentinel, ruled: Ruled, tmp_path: Path) -> None:
    """Each has a result and may be waived; all are asked by one call."""
    calls = tmp_path / "calls"
    (tmp_path / "bin").mkdir()
    program(tmp_path / "bin/systemctl", f"#!/bin/sh\necho $@ >> '{calls}'\ncat <<'END'\n{UNITS}END\n")
    waived = "gate = 'unit[nope.service]'\nenv = 'prod'\nreason = 'soon'\nowner = 'ops'\nexpires = 2999-01-01"
    ruled(f"units = ['nginx', 'nope.service']\n[[waivers]]\n{waived}")
    run = sentinel(PATH=f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    assert run.code == 0, run.out
    assert {gate: run.statuses[gate] for gate in run.statuses if gate.startswith("unit")} == {
        "unit[nginx.service]": "OK",
        "unit[nope.service]": "CRIT",
    }
    assert len(calls.read_text(encoding="utf-8").splitlines()) == 1
    assert reasons(run)["unit[nope.service]"].startswith("nope.service does not exist")


NETWORK = """
[[dependencies]]
name = "broken"
url = "http://127.0.0.1:{broken}/"
tries = 1
[[dependencies]]
name = "hints"
url = "http://127.0.0.1:{hints}/"
json = [{{ path = "$.alerts", count = 0 }}]
[[dependencies]]
name = "alerts"
url = "http://127.0.0.1:{alerts}/"
json = [{{ path = "$.alerts[*].name", count = 0 }}]
[[prometheus]]
name = "partial"
url = "http://127.0.0.1:{partial}/"
query = '''
sum(up)
  / count(up)
'''
op = "=="
value = 1
max_age = 0
[[certificates]]
host = "127.0.0.1"
port = {tls}
server_name = "shop.example"
ca_bundle = "{roots}"
"""


@pytest.mark.parametrize("plain", [False, True], ids=["command", "pytest"])
def test_what_a_network_may_answer(sentinel: Sentinel, ruled: Ruled, tmp_path: Path, *, plain: bool) -> None:
    """Each odd answer has its verdict, in both ways of running, and each server is asked once."""
    asked: list[str] = []

    def says(name: str, content: bytes) -> Behaviour:
        def behave(connection: socket.socket, _stop: threading.Event) -> None:
            connection.recv(4096)
            asked.append(name)
            connection.sendall(content)

        return behave

    def whole(body: str, before: bytes = b"") -> bytes:
        return before + b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body.encode()), body.encode())

    data = '{"resultType": "scalar", "result": [1, "1"]}'
    root = issue("root", 900, authority=True)
    middle = issue("middle", 2, root, authority=True)
    (tmp_path / "roots.pem").write_bytes(root.pem)
    answers = {
        "broken": b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n0123456789abcdef",
        "hints": whole('\ufeff{"alerts": []}', b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"),
        "alerts": whole('{"alerts": [{"name": "HighErrorRate"}]}'),
        "partial": whole(f'{{"status": "success", "isPartial": true, "data": {data}}}'),
    }
    with ExitStack() as stack:
        ports = {name: stack.enter_context(raw_server(says(name, content))) for name, content in answers.items()}
        ports["tls"] = stack.enter_context(serving(tmp_path, issue("x", 90, middle, names=["shop.example"]), middle))
        ruled(NETWORK.format(**ports, roots=tmp_path / "roots.pem"))
        run = (sentinel.pytest if plain else sentinel)()
    assert run.code == 2, run.out
    said = reasons(run)
    assert {gate: status for gate, status in run.statuses.items() if "[" in gate} == {
        "api[broken]": "CRIT",
        "api[hints]": "OK",
        "api[alerts]": "CRIT",
        f"certificate[127.0.0.1:{ports['tls']}]": "CRIT",
        "prometheus[partial]": "UNKNOWN",
    }
    assert "unreachable: its answer breaks off: " in said["api[broken]"]
    assert '$.alerts[*].name has 1 elements, expected 0 ("HighErrorRate")' in said["api[alerts]"]
    assert "isPartial" in said["prometheus[partial]"]
    assert "until middle in its chain expires" in said[f"certificate[127.0.0.1:{ports['tls']}]"]
    assert sorted(asked) == sorted(answers)
