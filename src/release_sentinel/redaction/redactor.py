"""The secrets of one run, and the one function that scrubs text of them."""

from collections.abc import Iterable
from threading import Lock

from release_sentinel.redaction.plain import is_plain
from release_sentinel.redaction.public import PublicWords
from release_sentinel.redaction.search import Index
from release_sentinel.redaction.secret import MASK
from release_sentinel.redaction.spellings import gaps, spellings
from release_sentinel.redaction.urls import secrets_in

_PASSES = 5  # a mask can join what was separate before


class Redactor:
    """Masks secrets in any text, in every common encoding."""

    def __init__(self, *secrets: str) -> None:
        self._secrets: set[str] = set()
        self._public = PublicWords(self._secrets)
        self._index: Index | None = None
        self._lock = Lock()
        for secret in secrets:
            self.add(secret)

    def add(self, value: str) -> None:
        """Scrub `value` from now on, and the secrets in it if it is a URL. A blank value or a mask is not a secret."""
        value = value.strip()
        if value.strip("*"):
            with self._lock:
                self._secrets |= {value, *(found for found in secrets_in(value) if not is_plain(found.strip("*")))}
                self._index = None

    def protect(self, words: Iterable[str]) -> None:
        """Never mask these words, which every report shows: see `PublicWords`."""
        self._public.add(words)

    def add_url(self, url: str) -> None:
        """Scrub the password, or the token in its place, and the token-like query values that `url` carries."""
        for value in secrets_in(url):
            self.infer(value)

    def infer(self, value: str) -> None:
        """Scrub `value` from now on, unless it is so plain that it need not be a secret: a word, a number, a path."""
        if not is_plain(value):
            self.add(value)

    def scrub(self, text: str) -> str:
        """Return `text` with every secret, however written, replaced by `***`; overlapping ones become one.

        What cannot be scrubbed is masked as a whole.
        """
        try:
            index = self._ready()
            for _ in range(_PASSES):
                before, text = text, self._masked(text, index)
                if index.one_pass_suffices or text == before:
                    break
        except Exception:  # noqa: BLE001 - whatever the error, the text must not get out
            return MASK
        return text

    def tail(self, text: str) -> int:
        """Return where a possible beginning of a secret starts at the end of `text`, if more text follows."""
        return self._ready().tail(text)

    def _ready(self) -> Index:
        index = self._index
        if index is None:
            with self._lock:
                index = self._index = Index(one for secret in self._secrets for one in spellings(secret))
        return index

    def _masked(self, text: str, index: Index) -> str:
        shown, end = [], 0
        for start, stop in index.spans(text):
            if self._public.cover(text, start, stop):
                continue
            shown += [text[end:start], _masked_lines(text[start:stop])]
            end = stop
        return "".join((*shown, text[end:])) if shown else text


def _masked_lines(secret: str) -> str:
    """Return a mask for each line of a wrapped secret, so that the lines around it stay as they are."""
    shown, end = [], 0
    for start, stop in gaps(secret):
        if not (gap := secret[start:stop].replace("\\", "")):
            continue
        shown += [MASK, gap]
        end = stop
    return "".join((*shown, MASK if end < len(secret) else ""))
