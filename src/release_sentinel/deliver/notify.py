"""Tell people of the verdict, through apprise, in a process of its own that can be left behind.

apprise is slow to import, logs its addresses and waits for its threads; none of that may touch the run.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from release_sentinel import lines
from release_sentinel.config.addresses import shown
from release_sentinel.config.kinds import Occasion
from release_sentinel.deliver import incidents
from release_sentinel.observe.ci import Build
from release_sentinel.observe.git import Remote, find_remote
from release_sentinel.observe.git.remotes import location
from release_sentinel.reports.message import alert_type, body, is_failure, title
from release_sentinel.vocabulary import SAFE

Clean = Callable[[str], str]  # takes the secrets out of a text
SECONDS = 10.0  # for all receivers together
_MISSING = "apprise is not installed: pip install apprise"


@dataclass(frozen=True)
class Message:
    """What the messenger sends. `title` and `body` may hold what gates said; `link` is the page of the run.

    `type` is apprise's: `failure`, `warning`, `success` or `info`. `key` names the incident, which `resolves` closes.
    `service` is the name of the repository.
    """

    title: str
    body: str
    link: str = ""
    type: str = "info"
    resolves: bool = False
    key: str = ""
    service: str = ""


def announce(
    document: Mapping[str, Any],
    addresses: Sequence[str],
    on: Collection[Occasion],
    *,
    previous: str = "",
    service: str = "",
    build: Build | None = None,
    seconds: float = SECONDS,
    clean: Clean,
) -> list[str]:
    """Send one message about a verdict document to each address, if it is an occasion.

    `previous` is the verdict of the run before, as far as it is known; `service` the name of the repository (see
    `service_of`). `clean` scrubs all that is sent, and what is returned: what went wrong, a sentence a receiver, which
    may hold anything that a receiver answered.
    """
    label = str(document["verdict"])
    receivers = [address for address in addresses if wanted(label, on, previous, pages=incidents.kept_by(address))]
    if not receivers:
        return []
    recovered = " (recovered)" if label == SAFE and is_failure(previous) else ""
    message = Message(
        title=clean(f"{title(document, service)}{recovered}"),
        body=clean(body(document, actor=build.actor if build else "")),
        link=clean(build.url) if build else "",
        type=alert_type(document),
        resolves=label == SAFE,
        key=clean(incidents.key(service, str(document["env"]))),
        service=clean(service),
    )
    return list(map(clean, send(receivers, message, seconds)))


def wanted(label: str, on: Collection[Occasion], previous: str = "", *, pages: bool = False) -> bool:
    """Tell whether a verdict, by its label, is an occasion to send a notification.

    A receiver that `pages` hears of every SAFE as a recovery, because only that closes its incident, and the run before
    may not be known. Of a SAFE that decides nothing (PARTIAL, PREVIEW) it hears nothing: it would open an incident.
    """
    if pages and not is_failure(label):
        return label == SAFE and bool({"always", "recovery"} & set(on))
    recovery = label == SAFE and is_failure(previous)
    return "always" in on or ("failure" in on and is_failure(label)) or ("recovery" in on and recovery)


def service_of(top: str | Path, wanted_remote: str = "") -> str:
    """Return the name of the repository at `top`: `acme/shop` by its remote, else the name of its folder.

    Both processes of a run ask here, so that the message of a killed run and the recovery name the same incident.
    """
    if not str(top):
        return ""
    remote = find_remote(Path(top), wanted_remote)
    host, path = location(remote.url) if isinstance(remote, Remote) else ("", "")
    return path if host else Path(top).name


def send(addresses: Sequence[str], message: Message, seconds: float = SECONDS) -> list[str]:
    """Send a message to each address at once, and wait for `seconds` at most; return what went wrong."""
    if find_spec("apprise") is None:
        return [f"no notification was sent: {_MISSING}"]
    answers = _answers({"addresses": list(addresses), **asdict(message)}, seconds)
    silent = f"no answer within {seconds:g} s"
    problems = [answers.get(number, silent) for number in range(len(addresses))]
    return [
        f"the notification to {shown(address)} failed: {problem}"
        for address, problem in zip(addresses, problems, strict=True)
        if problem
    ]


def _answers(message: Mapping[str, Any], seconds: float) -> dict[int, str]:
    """Return the result for each address that gave one; a blank is a success. Other users see a command line."""
    # -P: a file of the repository that is called like a library must not be taken for it.
    command = [sys.executable, "-P", "-W", "ignore", "-m", "release_sentinel.deliver.messenger"]
    group: dict[str, Any] = {} if os.name == "nt" else {"start_new_session": True}
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="utf-8", **group
    )
    try:
        output, _ = process.communicate(json.dumps(message), timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        output, _ = process.communicate()
    answers = {}
    for line in lines.split(output):
        with suppress(ValueError, TypeError, LookupError):
            answer = json.loads(line)
            answers[int(answer["number"])] = str(answer["problem"])
    return answers
