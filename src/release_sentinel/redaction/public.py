"""Words that every report shows: masking one would change what the report is about."""

from collections.abc import Collection, Iterable

from release_sentinel.redaction.plain import is_plain


class PublicWords:
    """Words that are left as they are, also where a secret equals one or a piece of one.

    A word is masked nevertheless where a secret that is not plain is a part of it.
    """

    def __init__(self, secrets: Collection[str]) -> None:
        self._secrets, self._words = secrets, dict[str, None]()

    def add(self, words: Iterable[str]) -> None:
        """Leave these words as they are, too."""
        self._words |= dict.fromkeys(filter(None, words))

    def cover(self, text: str, start: int, stop: int) -> bool:
        """Return whether what stands between two places is one of the words, or a part of one that stands there."""
        found = text[start:stop]
        for word in list(self._words):
            at = word.find(found)
            while at >= 0:
                if _stands_at(text, start - at, word):
                    return not self._gives_away(word)
                at = word.find(found, at + 1)
        return False

    def _gives_away(self, word: str) -> bool:
        found = (secret for secret in list(self._secrets) if secret in word and secret not in self._words)
        return not all(map(is_plain, found))


def _stands_at(text: str, start: int, word: str) -> bool:
    """Return whether a word is at `start` in a text, and not as a part of a longer one."""
    end = start + len(word)
    if start < 0 or not text.startswith(word, start):
        return False
    beside = text[max(start - 1, 0) : start] + text[end : end + 1]
    return not any(character.isalnum() or character == "_" for character in beside)
