"""The clock is read with its zone."""

from datetime import UTC, datetime, timedelta

from release_sentinel.observe.clock import now


def test_now_is_this_moment_in_utc() -> None:
    """The zone is explicit."""
    before = datetime.now(UTC)
    moment = now()
    assert before <= moment <= datetime.now(UTC)
    assert moment.utcoffset() == timedelta(0)
