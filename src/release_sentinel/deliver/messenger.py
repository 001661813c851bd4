"""The process that sends notifications: a message on standard input, and a line for each receiver that answered."""

import json
import os
import sys
import threading
from contextlib import suppress
from contextvars import ContextVar
from typing import Any
from urllib.parse import quote

from release_sentinel.deliver import incidents
from release_sentinel.deliver.forms import form_of
from release_sentinel.logging import listen
from release_sentinel.reports.message import cut
from release_sentinel.sentences import plain, sentence

_NAME = "release-sentinel"
_ROOM = 8000  # characters, where the receiver has no limit

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
            problem = _send(apprise, address, message)
        except Exception as error:  # noqa: BLE001 - whatever a plugin of apprise raises is an answer
            problem = f"apprise broke, see its issues ({type(error).__name__}: {sentence(error)})"
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


def _send(apprise: Any, address: str, message: dict[str, Any]) -> str:
    """Send one message; return why that failed, or a blank."""
    words: list[str] = []
    _heard.set(words)
    service = message["service"]
    asset = apprise.AppriseAsset(app_id=_NAME, app_desc=service or _NAME, async_mode=False)
    address = incidents.addressed(address, message["key"], service, resolves=message["resolves"])
    form = form_of(address)
    messenger = apprise.Apprise(asset=asset)
    if not messenger.add(form.address):
        return "apprise knows no such address"
    plugin = messenger[0]
    head = form.inert(cut(message["title"], service, plugin.title_maxlen or _ROOM))
    room = (plugin.body_maxlen or _ROOM) - len(head) - 2  # some receivers take both as one text
    body = form.written(message["body"], message["link"], room)
    kind = "success" if incidents.kept_by(address) and message["resolves"] else message["type"]
    if address.lower().startswith("opsgenie:") and message["resolves"] and plugin.action == "map":
        sent = _close(plugin, body)
    else:
        sent = messenger.notify(body=body, title=head, notify_type=kind, body_format=form.format)
    if sent:
        return ""
    return "; ".join(dict.fromkeys(map(plain, words))) or "the receiver did not take it"


def _close(plugin: Any, note: str) -> bool:
    """Close the alert of an Opsgenie address by its name. apprise only closes those that the same process opened."""
    from apprise.plugins.opsgenie import OPSGENIE_API_LOOKUP  # noqa: PLC0415 - late, as apprise itself
    from requests import post  # noqa: PLC0415 - as above

    url = f"{OPSGENIE_API_LOOKUP[plugin.region_name]}/{quote(plugin.alias, safe='')}/close"
    sent, _ = plugin._fetch(post, url, {"source": plugin.app_desc, "note": note}, {"identifierType": "alias"})  # noqa: SLF001 - apprise has no public way
    return bool(sent)


if __name__ == "__main__":
    main()
