"""A policy that lists several targets has a result for each, and does not wait for one after the other."""

import socket
import textwrap
import threading
import time
from collections.abc import Callable

import pytest
from pytest_httpserver import HTTPServer

from tests.conftest import SECRET, Run, Sentinel
from tests.observe.parts import closed_port, raw_server

Ruled = Callable[..., None]


@pytest.fixture
def ruled(sentinel: Sentinel) -> Ruled:
    """Give the repository a policy: fields of the built-in one, as Python has them."""

    def rule(fields: str, tests: str = "") -> None:
        source = f"""
            from dataclasses import replace

            from release_sentinel.config import consistency
            from release_sentinel.config.targets import *
            from release_sentinel.errors import InvalidPolicyError
            from release_sentinel.plugin import session

            load = session.load_policy

            def load_policy():
                policy = load()
                ruled = replace(policy, {fields})
                if problems := list(consistency.problems(ruled)):
                    raise InvalidPolicyError(problems)
                return ruled

            session.load_policy = load_policy
            {tests}
            """
        sentinel.repo.commit("gate_tests/conftest.py", textwrap.dedent(source))

    return rule


def reasons(run: Run) -> dict[str, str]:
    """Return what each gate said, by id."""
    return {gate["id"]: gate["reason"] for gate in run.verdict["gates"]}


DISKS = "disks=(DiskLimits('/', 100, 100), DiskLimits('/proc'), DiskLimits('/no/such'))"


def test_each_target_has_a_result(sentinel: Sentinel, ruled: Ruled) -> None:
    """They are told by their names in every report, and what is wrong with one does not hide the others."""
    fields = f"{DISKS}, processes=(ProcessRule(policy.processes[0].name), ProcessRule('no-such-agent'))"
    ruled(f"{fields}, tcp=(TcpTarget('127.0.0.1', {closed_port()}, 'straße', tries=1),)")
    run = sentinel()
    assert run.code == 2, run.out
    agent = sentinel.settings["RS_REQUIRED_PROCESS"]
    assert {gate: status for gate, status in run.statuses.items() if "[" in gate} == {
        "disk[/]": "OK",
        "disk[/proc]": "UNKNOWN",
        "disk[/no/such]": "UNKNOWN",
        f"process[{agent}]": "OK",
        "process[no-such-agent]": "CRIT",
        "tcp[straße]": "CRIT",
    }
    assert {"memory", "api"} <= set(run.statuses)
    assert 'name="disk[/proc]"' in run.junit
    assert any(line.startswith("[CRITICAL] tcp[straße]: 127.0.0.1:") for line in run.block)


def test_a_target_that_is_left_out_is_missed(sentinel: Sentinel, ruled: Ruled) -> None:
    """One item of a gate does not stand for another."""
    ruled("disks=(DiskLimits('/', 100, 100), DiskLimits('/tmp', 100, 100))")
    run = sentinel("-k", "not tmp")
    assert run.code == 1
    assert any("no result from gate disk[/tmp]: it was deselected" in line for line in run.block), run.out


def test_targets_of_one_name_are_refused(sentinel: Sentinel, ruled: Ruled) -> None:
    """Two results of one name could not be told apart: no gate is run."""
    ruled("disks=(DiskLimits('/'), DiskLimits('/'))")
    run = sentinel()
    assert run.code == 1
    assert any("disks: '/' is there 2 times, expected once" in line for line in run.block), run.out
    assert run.statuses == {}


def test_variables_set_the_first_target(sentinel: Sentinel, ruled: Ruled, httpserver: HTTPServer) -> None:
    """`RS_*` variables stand above the policy's list, and set its first entry."""
    ruled("dependencies=(replace(policy.dependencies[0], name='pay'),)", "")
    run = sentinel()
    assert run.code == 0, run.out
    assert httpserver.url_for("/health") in reasons(run)["api"]


FINE = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


def test_dependencies_are_asked_at_once(sentinel: Sentinel, ruled: Ruled) -> None:
    """Each of them answers only when all have been asked: one after the other, none ever would."""
    together = threading.Barrier(8, timeout=20)

    def meet(connection: socket.socket, _stop: threading.Event) -> None:
        connection.recv(4096)
        together.wait()
        connection.sendall(FINE)

    with raw_server(meet) as port:
        url = f"http://127.0.0.1:{port}/"
        ruled(
            f"dependencies=tuple(Dependency(f'p {{n}}', {url!r}, timeout=25, deadline=30, tries=1) for n in range(8))"
        )
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
        ruled(f"at_once=2, dependencies=tuple(Dependency(f'{{n}}', 'http://127.0.0.1:{port}/') for n in range(6))")
        run = sentinel()
    assert run.code == 0, run.out
    assert (len(most), max(most)) == (6, 2)


def test_nothing_is_asked_before_the_policy_stage_passed(
    sentinel: Sentinel, ruled: Ruled, httpserver: HTTPServer
) -> None:
    """A release that may not go out is a reason to leave others in peace."""
    ruled("at_once=4")
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


def test_a_secret_in_a_header(sentinel: Sentinel, ruled: Ruled, httpserver: HTTPServer) -> None:
    """It reaches the server, and no report; without it, the policy stage fails and nobody is asked."""
    httpserver.expect_request("/paid", headers={"X-Token": SECRET}).respond_with_data("no", status=500)
    dependency = f"Dependency('pay', {httpserver.url_for('/paid')!r}, headers={{'X-Token': '${{PAY_TOKEN}}'}}, tries=1)"
    ruled(f"dependencies=({dependency},)")
    run = sentinel(PAY_TOKEN=SECRET)
    assert "returned 500, expected 200" in reasons(run)["api[pay]"]
    assert SECRET not in run.out + run.junit + f"{run.verdict}"
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
    ruled(f"dependencies=(Dependency('pay', {url!r}, steady=Steady(4, 0.01)),)")
    run = sentinel()
    assert run.code == 2
    assert reasons(run)["api[pay]"].endswith("(on look 3 of 4)")
    assert [request.path for request, _ in httpserver.log] == ["/flap"] * 3
