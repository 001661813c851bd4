"""The only code that touches Git, the host, the network and the environment. Each observer returns frozen records."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Unseen:
    """Something could not be observed: `why`, in the words of whoever refused, and what would help."""

    why: str
    remedy: str = ""
