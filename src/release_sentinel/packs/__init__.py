"""What a gate pack says of itself: a package with gates for many repositories, their settings and documentation.

An entry point of the group `release_sentinel.gates` names such a record; its name is the pack's.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from msgspec import Struct

from release_sentinel.config.marks import FALSE, FEWER, HIGHER, LOWER, MORE, TRUE
from release_sentinel.vocabulary import Stage

# The others mark a key of settings with the direction in which its values are stricter.
__all__ = ["FALSE", "FEWER", "HIGHER", "LOWER", "MORE", "TRUE", "Pack", "PackGate", "Stage"]


class PackGate(Struct, frozen=True):
    """One gate of a pack: `queue-drained` is the test `test_queue_drained`, and has the id `PACK.queue-drained`.

    The docstring of `check` documents it: a title, then the lines `Why: …`, `Unknown: …` and `Remedy: …`.
    """

    name: str
    stage: Stage  # the marker of its test
    check: Callable[..., Any]


class Pack(Struct, frozen=True):
    """A gate pack.

    `folder` holds the files of its gates, beside the module of the entry point. Each record of `settings` is a table of
    the policy: `{"queue": QueueSettings}` is `[PACK.queue]`. Records are frozen, and every key has a default.
    """

    name: str
    gates: tuple[PackGate, ...]
    settings: Mapping[str, type[Struct]] = MappingProxyType({})
    folder: str = "gates"
