"""A password or token that was found in a text."""

from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import unquote, unquote_plus


class Credential(NamedTuple):
    """A password or token, with the text before and after it.

    A plain value, such as a common word, is masked in this place only, and not at all where `before` is blank.
    """

    value: str
    before: str = ""
    after: str = ""

    @property
    def values(self) -> Iterable[str]:
        """Return it as it is written, and unquoted."""
        return dict.fromkeys((self.value, unquote(self.value), unquote_plus(self.value)))
