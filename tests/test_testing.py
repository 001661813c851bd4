"""What tests of gates need, as their authors use it."""

import inspect
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from release_sentinel import OK, Status
from release_sentinel.checks.api import check_api
from release_sentinel.checks.certificate import check_certificate
from release_sentinel.checks.repository import check_clean_tree, check_repository
from release_sentinel.checks.system import check_disk, check_memory, check_process
from release_sentinel.checks.tcp import check_tcp
from release_sentinel.checks.unit import check_unit
from release_sentinel.config.targets import CertificateTarget, TcpTarget, UnitRule
from release_sentinel.observe.git import Refs
from release_sentinel.testing import SECRET, Answer, Dependency, Run, Sandbox, observed

GATE = """
import pytest
from release_sentinel import CRIT, CheckResult

@pytest.mark.critical
def test_queue(gate, policy):
    gate.require(CheckResult(CRIT, "12 jobs wait, expected fewer than 10", "let the workers empty the queue"))
"""


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """One for all tests of this file, which leave the repository as it was."""
    with Sandbox(tmp_path_factory.mktemp("sandbox")) as sandbox:
        yield sandbox


def test_a_sandbox_is_safe(sandbox: Sandbox) -> None:
    """All built-in gates pass, whatever the machine and the caller's environment are."""
    run = sandbox.run()
    assert (run.code, run.verdict["verdict"]) == (0, "SAFE"), run.out
    assert len(run.gates) == 11
    assert 'name="verdict"' in run.junit
    assert SECRET not in run.out


def test_a_gate_of_one_s_own_is_judged(tmp_path: Path) -> None:
    """Its result is there by its id; one that is not there is named with those that are."""
    with Sandbox(tmp_path / "made" / "here") as sandbox:
        sandbox.policy('required_gates = ["queue"]\n')
        sandbox.repository.commit("gate_tests/test_queue.py", GATE)
        run = sandbox.run()
    assert run.code == 2
    assert run.gate("queue")["reason"] == "12 jobs wait, expected fewer than 10"
    assert run.statuses["queue"] == Status.CRIT
    with pytest.raises(LookupError, match=r"there is no gate queues, only environment, .*queue"):
        run.gate("queues")


def test_a_run_without_a_verdict_has_no_gates() -> None:
    """Nothing is made up."""
    assert Run(3, "broken").gates == {}


def fetched(url: str, method: str = "GET", data: bytes | None = None) -> tuple[int, bytes]:
    """Return status and body."""
    request = urllib.request.Request(url, data=data, method=method)  # noqa: S310 - loopback
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - loopback
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def test_a_dependency_answers_in_turn() -> None:
    """The last answer is given from then on, and what was asked is known."""
    with Dependency(Answer(503), Answer(200, "fine", {"X-Age": "1"})) as dependency:
        assert [fetched(dependency.url) for _ in range(3)] == [(503, b""), (200, b"fine"), (200, b"fine")]
        assert [method for method, _, _ in dependency.requests] == ["GET"] * 3
        dependency.answer(Answer(204))
        assert fetched(dependency.url, "POST", b"x") == (204, b"")
        assert [(method, path) for method, path, _ in dependency.requests] == [("POST", "/health")]


@pytest.mark.parametrize("answers", [(), (Answer(204),)], ids=["none", "one"])
def test_a_dependency_without_answers_of_its_own_is_well(answers: tuple[Answer, ...]) -> None:
    """As it is made, and when its script is taken back."""
    with Dependency(*answers) as dependency:
        dependency.answer()
        assert [fetched(dependency.url) for _ in range(2)] == [(200, b"")] * 2


def test_what_is_observed_by_default_is_good() -> None:
    """Each builder makes what its check passes, so that a test changes what it is about."""
    results = [
        check_repository(observed.repository()),
        check_clean_tree(observed.repository()),
        check_disk(observe=lambda *_, **__: observed.disk()),
        check_memory(observe=observed.memory),
        check_process("nginx", observe=lambda: observed.processes("nginx")),
        check_api("https://shop.example/health", observe=lambda *_: observed.exchange()),
        check_tcp(TcpTarget("shop.example", 5432), observe=lambda *_, **__: observed.connection()),
        check_certificate(CertificateTarget("shop.example"), observe=lambda *_: observed.certificate()),
        check_unit(UnitRule("a.service"), observe=lambda *_, **__: {"a.service": observed.unit("a.service")}),
    ]
    assert [result.message for result in results if result.status is not OK] == []


def test_a_builder_changes_what_is_named() -> None:
    """And refuses what the record does not have."""
    assert not check_clean_tree(observed.repository(changes=(observed.change("a.py"),))).status.passes
    assert check_disk(observe=lambda *_, **__: observed.disk(available=0)).status is Status.CRIT
    tags = observed.tags(**{"v1.0.0": observed.COMMIT})
    assert isinstance(tags.local, Refs)
    assert tags.local.tag("v1.0.0") == observed.COMMIT
    with pytest.raises(TypeError):
        observed.disk(free=1)


def test_every_builder_is_documented() -> None:
    """What is public says what it returns."""
    made = [member for name, member in inspect.getmembers(observed, inspect.isfunction) if name[0] != "_"]
    ours = [member for member in made if member.__module__ == observed.__name__]
    assert len(ours) == 9 + 1
    assert all((member.__doc__ or "").startswith("Return ") for member in ours)
