"""The only code that touches Git, the host, the network and the environment. Each observer returns frozen records."""

from msgspec import Struct
from msgspec.structs import force_setattr

from release_sentinel.lines import visible


class Unseen(Struct, frozen=True):
    """Something could not be observed: `why`, in the words of what refused, and a `remedy`."""

    why: str
    remedy: str = ""

    def __post_init__(self) -> None:
        force_setattr(self, "why", visible(self.why.strip()))
        force_setattr(self, "remedy", visible(self.remedy.strip()))
