"""The secrets of one run, and the one function that scrubs text of them."""

import base64
from collections.abc import Iterable
from threading import Lock
from urllib.parse import unquote

from release_sentinel.redaction.credential import Credential
from release_sentinel.redaction.decoded import decoded
from release_sentinel.redaction.forms import credentials
from release_sentinel.redaction.plain import is_plain
from release_sentinel.redaction.public import PublicWords
from release_sentinel.redaction.search import Index
from release_sentinel.redaction.secret import MASK
from release_sentinel.redaction.spellings import gaps, raw
from release_sentinel.redaction.views import Span

_PASSES = 5  # a mask can join what was separate before


class Redactor:
    """Masks secrets in any text, in every common encoding."""

    def __init__(self, *secrets: str) -> None:
        self._secrets: dict[str, bool] = {}  # whether pieces that are ordinary words are masked, too
        self._public = PublicWords(self._secrets)
        self._index = Index()
        self._lock = Lock()
        for secret in secrets:
            self.add(secret)

    def add(self, value: str) -> None:
        """Scrub `value` from now on, the credentials in it, and what it says if it is base64.

        A blank value or a mask is not a secret.
        """
        self._add(value.strip(), words=True)

    def protect(self, words: Iterable[str]) -> None:
        """Never mask these words, which every report shows: see `PublicWords`.

        In what is inferred from now on, they are ordinary words, whatever stands beside them.
        """
        words = list(words)
        self._public.add(words)
        with self._lock:
            self._index.spare(words)

    def infer(self, value: str) -> None:
        """Scrub `value` from now on, unless it is so plain that it need not be a secret: a word, a number, a path.

        Pieces of it that are ordinary words are masked only as a part of the whole.
        """
        if not is_plain(value):
            self._add(value.strip(), words=False)

    def _add(self, value: str, *, words: bool) -> None:
        self._learn(value, words=words)
        self._decode(value, words=words)
        self.add_url(value)

    def add_url(self, text: str) -> None:
        """Scrub the credentials that `text` carries in one of the `FORMS`: in URLs, in options of a command, as tokens.

        One that is too plain to be masked everywhere is masked in its place.
        """
        for found in dict.fromkeys(credentials(text)):
            self._infer(found)

    def _infer(self, found: Credential) -> None:
        """Learn what only its place shows to be a secret."""
        for value in found.values:
            if not is_plain(value):
                self._learn(value, words=False)
                self._decode(value, words=False)
            elif found.before and value.strip("* \t\r\n"):
                with self._lock:
                    self._index.add_in_place(found._replace(value=value))
        if found.after == "@" and found.before not in {"//", "//:"}:  # as a Basic header has it
            self._learn(base64.b64encode(raw(f"{unquote(found.before)}{unquote(found.value)}")).decode(), words=True)

    def _decode(self, secret: str, *, words: bool) -> None:
        """Learn what a secret says that is itself an encoding, and the password that a Basic header holds."""
        for said in decoded(secret):
            user, colon, password = said.partition(":")
            if not is_plain(said):
                self._learn(said, words=words)
            if colon and password:
                self._infer(Credential(password, f"{user}:", "@"))

    def _learn(self, secret: str, *, words: bool) -> None:
        if secret.strip("* \t\r\n"):
            with self._lock:
                if secret not in self._secrets or words > self._secrets[secret]:
                    self._index.add(secret, words=words)
                    self._secrets[secret] = words

    @property
    def is_idle(self) -> bool:
        """Whether there is nothing to mask, as long as nothing is added."""
        return self._index.is_empty

    def scrub(self, text: str, *, shown: str = "") -> str:
        """Return `text` with every secret, however written, replaced by `***`; overlapping ones become one.

        `shown` came before it and is out already: a secret may begin there. What cannot be scrubbed is masked as a
        whole.
        """
        begin = len(shown)
        try:
            text = shown + text
            for number in range(_PASSES):
                before, text = text, self._masked(text, self._index.spans(text, again=number > 0), begin)
                if self._index.settles or text == before:
                    break
        except Exception:  # noqa: BLE001 - whatever the error, the text must not get out
            return MASK
        return text[begin:]

    def tail(self, text: str, *, shown: str = "", settle: bool = False) -> int:
        """Return where a possible beginning of a secret starts at the end of `text`, if more text follows.

        That is below 0 where it starts in what was shown before.
        `settle`: a secret that is whole is not waited for, although it may go on.
        """
        return self._index.tail(shown + text, len(shown), settle=settle) - len(shown)

    def _masked(self, text: str, spans: list[Span], begin: int) -> str:
        """Return a text with masks for what is in `spans`, as far as it comes after `begin`."""
        shown, end = [], 0
        for start, stop in spans:
            if stop > begin and not self._public.cover(text, start, stop):
                start = max(start, begin)  # noqa: PLW2901 - the rest is out already
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
