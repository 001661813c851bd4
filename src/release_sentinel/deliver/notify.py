"""Tell people of the verdict, through apprise, in a process of its own that can be left behind.

apprise is slow to import, logs its addresses and waits for its threads; none of that may touch the run.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from importlib.util import find_spec
from typing import Any

from release_sentinel import lines
from release_sentinel.config.addresses import shown
from release_sentinel.config.kinds import Occasion
from release_sentinel.observe.ci import Build
from release_sentinel.reports.message import body, is_failure, title
from release_sentinel.vocabulary import SAFE

Clean = Callable[[str], str]  # takes the secrets out of a text
SECONDS = 10.0  # for all receivers together
_MISSING = "apprise is not installed: pip install apprise"


def announce(
    document: Mapping[str, Any],
    addresses: Sequence[str],
    on: Collection[Occasion],
    *,
    previous: str = "",
    build: Build | None = None,
    seconds: float = SECONDS,
    clean: Clean,
) -> list[str]:
    """Send one message about a verdict document to each address, if it is an occasion.

    `previous` is the verdict of the run before, as far as it is known. `clean` scrubs all that is sent, and what is
    returned: what went wrong, a sentence a receiver, which may hold anything that a receiver answered.
    """
    if not addresses or not wanted(str(document["verdict"]), on, previous):
        return []
    recovered = " (recovered)" if document["verdict"] == SAFE and is_failure(previous) else ""
    text = body(document, url=build.url if build else "", actor=build.actor if build else "")
    return list(map(clean, send(addresses, clean(f"{title(document)}{recovered}"), clean(text), seconds)))


def wanted(label: str, on: Collection[Occasion], previous: str = "") -> bool:
    """Tell whether a verdict, by its label, is an occasion to send a notification."""
    recovery = label == SAFE and is_failure(previous)
    return "always" in on or ("failure" in on and is_failure(label)) or ("recovery" in on and recovery)


def send(addresses: Sequence[str], head: str, text: str, seconds: float = SECONDS) -> list[str]:
    """Send a message to each address at once, and wait for `seconds` at most; return what went wrong."""
    if find_spec("apprise") is None:
        return [f"no notification was sent: {_MISSING}"]
    answers = _answers({"addresses": list(addresses), "title": head, "body": text}, seconds)
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
        told, _ = process.communicate(json.dumps(message), timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        told, _ = process.communicate()
    answers = {}
    for line in lines.split(told):
        with suppress(ValueError, TypeError, LookupError):
            answer = json.loads(line)
            answers[int(answer["number"])] = str(answer["problem"])
    return answers
