"""Whether a port accepts connections."""

import time

from msgspec import Struct

from release_sentinel.observe import addresses, retry
from release_sentinel.observe.retry import Try
from release_sentinel.sentences import sentence


class Connection(Struct, frozen=True):
    """The result of connecting; `error` is blank if the port accepted. Times in seconds."""

    error: str
    tries: int
    seconds: float
    earlier: tuple[str, ...] = ()


def connect(host: str, port: int, *, timeout: float, tries: int, deadline: float) -> Connection:
    """Connect to a port, at any address of its host, and hang up.

    Each try lasts at most `timeout`, all of them at most `deadline`.
    """

    def call(seconds: float) -> Try[bool]:
        start = time.monotonic()
        try:
            addresses.connect(host, port, seconds).close()
        except TimeoutError:
            return Try(error=retry.no_answer(seconds), final=False)
        except (OSError, ValueError) as error:  # ValueError: a name that cannot be encoded
            return Try(error=sentence(error), final=isinstance(error, ValueError))
        return Try(answer=True, seconds=time.monotonic() - start)

    asked = retry.ask(call, what=f"connect to {host}:{port}", timeout=timeout, tries=tries, deadline=deadline)
    return Connection(asked.last.error, asked.tries, asked.seconds, asked.earlier)
