"""What a secret says that is itself an encoding: a server that decodes it may quote that."""

import binascii
import re
from base64 import b64decode
from collections.abc import Iterator
from contextlib import suppress

_LONGEST = 1 << 14  # characters of a secret
_ENCODED = re.compile(r"[A-Za-z0-9+/_-]{8,}={0,2}")
_HEXADECIMAL = re.compile(r"(?:[0-9a-fA-F]{2}){6,}")


def decoded(secret: str) -> Iterator[str]:
    """Yield what the words of a secret say in base64 or in hexadecimal digits, where that is text.

    A JSON object is left out: it is the head or the claims of a JSON web token, which are no secrets.
    """
    if len(secret) > _LONGEST:
        return
    for word in dict.fromkeys(_ENCODED.findall(secret)):
        said = [_base64(word)]
        if _HEXADECIMAL.fullmatch(word):
            said.append(bytes.fromhex(word))
        for raw in said:
            with suppress(UnicodeDecodeError):
                text = raw.decode()
                if len(text) >= 4 and text.isprintable() and not text.startswith("{"):
                    yield text


def _base64(word: str) -> bytes:
    with suppress(binascii.Error):
        letters = word.rstrip("=").replace("-", "+").replace("_", "/")
        return b64decode(letters + "=" * (-len(letters) % 4), validate=True)
    return b""
