"""The clock is read with its zone."""

from datetime import UTC, datetime, timedelta

from release_sentinel.observe.clock import now


def test_now_is_this_moment_in_utc() -> None:
    """No one has to guess which zone is meant."""
    before = datetime.now(UTC)
    moment = now()
    assert before <= moment <= datetime.now(UTC)
    assert moment.utcoffset() == timedelta(0)
