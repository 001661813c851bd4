"""The only code that touches Git, the host, the network and the environment. Each observer returns frozen records."""

from msgspec import Struct


class Unseen(Struct, frozen=True):
    """Something could not be observed: `why`, in the words of what refused, and a `remedy`."""

    why: str
    remedy: str = ""
