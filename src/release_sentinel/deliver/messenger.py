"""The process that sends notifications: a message on standard input, and a line for each receiver that answered."""

import json
import os
import sys
import threading
from contextlib import suppress
from contextvars import ContextVar
from typing import Any

from release_sentinel.logging import listen

# What apprise complains of while it sends one message; it hands the context on to its own threads.
_heard: ContextVar[list[str]] = ContextVar("_heard")


def _hear(words: str) -> None:
    with suppress(LookupError):
        _heard.get().append(words)


def main() -> None:
    """Send the message to all receivers at once. The process that waits for them may end this one."""
    message = json.load(sys.stdin)
    import apprise  # noqa: PLC0415 - late: it costs 130 to 350 ms, and is an extra

    listen("apprise", _hear)
    print_lock = threading.Lock()

    def work(number: int, address: str) -> None:
        try:
            problem = _send(apprise, address, message["title"], message["body"])
        except Exception as error:  # noqa: BLE001 - whatever a plugin of apprise raises is an answer
            problem = f"{type(error).__name__}: {error}"
        with print_lock:
            sys.stdout.write(json.dumps({"number": number, "problem": problem}) + "\n")
            sys.stdout.flush()

    threads = [
        threading.Thread(target=work, args=numbered, daemon=True) for numbered in enumerate(message["addresses"])
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    os._exit(0)  # whatever a plugin of apprise has left running


def _send(apprise: Any, address: str, head: str, text: str) -> str:
    """Send one message; return why that failed, or a blank."""
    words: list[str] = []
    _heard.set(words)
    messenger = apprise.Apprise(asset=apprise.AppriseAsset(app_id="release-sentinel", async_mode=False))
    if not messenger.add(address):
        return "apprise knows no such address"
    if messenger.notify(body=text, title=head, body_format=apprise.NotifyFormat.TEXT):
        return ""
    return "; ".join(dict.fromkeys(words)) or "the receiver did not take it"


if __name__ == "__main__":
    main()
