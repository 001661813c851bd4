"""Scrubs output that arrives in pieces."""

from codecs import getincrementaldecoder

from release_sentinel.redaction.redactor import Redactor
from release_sentinel.redaction.secret import MASK

_LONGEST = 1 << 16  # characters that are held back at most; more are scrubbed and shown at once
_CONTEXT = 32  # characters of what was shown that are looked at again
_FEW = 2  # characters that may be the beginning of a secret and are shown where a line ends: what follows is masked


class TextStream:
    """One stream of text. What may be the beginning of a secret is held back until that is decided."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._held = ""
        self._settled = False  # whether a mask was shown of a secret that may go on
        self._shown = ""  # the end of what was shown: a secret may begin there

    @property
    def is_idle(self) -> bool:
        """Whether nothing is searched for by now."""
        return self._redactor.is_idle

    def feed(self, text: str, *, settle: bool = False) -> str:
        """Return what may be shown now that `text` has arrived.

        `settle`: a reader waits for it. A secret that is whole is masked and shown, as are one or two characters that
        may be the beginning of another.
        """
        if self.is_idle and not self._held:
            self._shown = (self._shown + text)[-_CONTEXT:]
            return text
        text = self._held + text
        try:
            cut = self._redactor.tail(text, shown=self._shown, settle=settle)
        except Exception:  # noqa: BLE001 - whatever the error, the text must not get out
            text, cut = MASK, len(MASK)
        possible = self._shown[cut:] + text if cut < 0 else text[cut:]
        if len(possible) > _LONGEST or (settle and len(possible.strip()) <= _FEW):
            cut = len(text)
        goes_on = self._settled
        shown = self._show(text, max(cut, 0))
        if shown:
            self._settled = settle and shown.endswith(MASK)
        return shown.removeprefix(MASK) if goes_on else shown

    def end(self) -> str:
        """Return what was still held back, at the end of the stream."""
        return self._show(self._held, len(self._held))

    def _show(self, text: str, cut: int) -> str:
        self._held = text[cut:]
        clean = self._redactor.scrub(text[:cut], shown=self._shown)
        self._shown = (self._shown + text[:cut])[-_CONTEXT:]
        return clean


class Stream:
    """One stream of bytes, in UTF-8 or not."""

    def __init__(self, redactor: Redactor) -> None:
        self._text = TextStream(redactor)
        self._decoder = getincrementaldecoder("utf-8")(errors="surrogateescape")

    @property
    def is_idle(self) -> bool:
        """Whether nothing is searched for by now."""
        return self._text.is_idle

    def feed(self, data: bytes, *, settle: bool = False) -> bytes:
        """Return what may be shown now that `data` has arrived."""
        return self._text.feed(self._decoder.decode(data), settle=settle).encode(errors="surrogateescape")

    def end(self) -> bytes:
        """Return what was still held back, at the end of the stream."""
        rest = self._text.feed(self._decoder.decode(b"", final=True))
        return (rest + self._text.end()).encode(errors="surrogateescape")
