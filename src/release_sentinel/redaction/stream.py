"""Scrubs output that arrives in pieces."""

from codecs import getincrementaldecoder

from release_sentinel.redaction.redactor import Redactor
from release_sentinel.redaction.secret import MASK

_LONGEST = 1 << 16  # characters that are held back at most; more are scrubbed and shown at once
_CONTEXT = 32  # characters of what was shown that are looked at again


class Stream:
    """One stream of bytes. What may be the beginning of a secret is held back until that is decided."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._decoder = getincrementaldecoder("utf-8")(errors="surrogateescape")
        self._held = ""
        self._shown = ""  # the end of what was shown: base64 is read together with it

    def feed(self, data: bytes) -> bytes:
        """Return what may be shown now that `data` has arrived."""
        return self._show(self._decoder.decode(data))

    def end(self) -> bytes:
        """Return what was still held back, at the end of the stream."""
        return self._show(self._decoder.decode(b"", final=True), final=True)

    def _show(self, text: str, *, final: bool = False) -> bytes:
        text = self._held + text
        try:
            cut = len(text) if final else self._redactor.tail(text, shown=self._shown)
        except Exception:  # noqa: BLE001 - whatever the error, the text must not get out
            text, cut = MASK, len(MASK)
        if len(text) - cut > _LONGEST:
            cut = len(text)
        self._held = text[cut:]
        clean = self._redactor.scrub(text[:cut], shown=self._shown)
        self._shown = (self._shown + text[:cut])[-_CONTEXT:]
        return clean.encode(errors="surrogateescape")
