"""A port is fit when it accepts; the message has the tries."""

import pytest

from release_sentinel.checks.result import CRIT, OK, WARN
from release_sentinel.checks.tcp import check_tcp
from release_sentinel.config.targets import TcpTarget
from release_sentinel.observe.tcp import Connection
from tests.observe.parts import closed_port, raw_server, silence


def test_a_port_that_accepts() -> None:
    """A real port passes, with its address and the effort."""
    with raw_server(silence) as port:
        result = check_tcp(TcpTarget("127.0.0.1", port, "db"))
    assert (result.status, result.tries) == (OK, 1)
    assert result.message.startswith(f"127.0.0.1:{port} accepts (1 try, ")


def test_a_port_that_refuses() -> None:
    """A real port that is closed fails, with the reason."""
    port = closed_port()
    result = check_tcp(TcpTarget("127.0.0.1", port, tries=1))
    assert result.status is CRIT
    assert result.message.startswith(f"127.0.0.1:{port} does not accept: Connection refused (1 try, ")
    assert result.remedy == "check that the service runs, and that no firewall blocks it"


@pytest.mark.parametrize(("error", "status"), [("", WARN), ("no answer within 3 s", CRIT)])
def test_earlier_tries_are_reported(error: str, status: str) -> None:
    """A pass after a retry warns; a failure lists what came before."""
    seen = Connection(error, 3, 4.2, ("Connection refused", "Connection reset"))
    result = check_tcp(TcpTarget("db", 1), observe=lambda *_, **__: seen)
    assert (result.status, result.tries) == (status, 3)
    if status == WARN:
        assert result.message == "db:1 accepts (3 tries, 4.2 s), after: Connection refused, Connection reset"
        assert result.remedy == "find out why it flaps"
    else:
        assert result.message == "db:1 does not accept: no answer within 3 s (3 tries, 4.2 s)"
        assert result.details == ("try 1: Connection refused", "try 2: Connection reset")


def test_the_policy_s_bounds_are_passed_on() -> None:
    """Time-out, tries and deadline are the target's."""
    given: dict[str, object] = {}

    def observe(host: str, port: int, **bounds: float) -> Connection:
        given.update(bounds, host=host, port=port)
        return Connection("", 1, 0)

    check_tcp(TcpTarget("db", 5432, timeout=1, tries=2, deadline=9), observe=observe)
    assert given == {"host": "db", "port": 5432, "timeout": 1, "tries": 2, "deadline": 9}
