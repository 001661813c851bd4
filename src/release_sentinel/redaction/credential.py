"""A password or token that was found in a text."""

from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import unquote, unquote_plus


class Credential(NamedTuple):
    """A password or token, and what stands before and behind it.

    Without `before`, its place is not one where a plain one is masked.
    """

    value: str
    before: str = ""
    after: str = ""

    @property
    def values(self) -> Iterable[str]:
        """Return it as it is written, and unquoted."""
        return dict.fromkeys((self.value, unquote(self.value), unquote_plus(self.value)))
