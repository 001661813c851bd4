"""The body of an answer: read to its end or to a bound, unpacked, and as text."""

import codecs
import zlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse

MOST = 1 << 20  # bytes of a body that are read
_CHUNK = 1 << 16
_PACKED = frozenset({"gzip", "x-gzip", "deflate"})
_GZIP = b"\x1f\x8b"
_BODILESS = frozenset({204, 304})
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before that of UTF-16, which it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


class BrokenOffError(Exception):
    """An answer ended before its body did, or its body is damaged."""


def read(answer: "BaseHTTPResponse", method: str, most: int = MOST) -> tuple[bytes, bool]:
    """Read a body up to `most` bytes; return it, and whether that was all.

    Raises `TimeoutError`, or `BrokenOffError` for an answer that does not come to the end that it has announced.
    """
    from urllib3.exceptions import HTTPError, ReadTimeoutError  # noqa: PLC0415 - late, with requests

    if method == "HEAD" or answer.status in _BODILESS or answer.status < 200:
        return b"", True
    packing = answer.headers.get("Content-Encoding", "").strip().lower()
    is_packed = packing in _PACKED  # urllib3 unpacks that, too, but takes one that is cut off for whole
    body, whole = bytearray(), True
    try:
        for chunk in answer.stream(_CHUNK, decode_content=not is_packed):
            body += chunk
            if len(body) > most:
                whole = False
                break
    except ReadTimeoutError as error:
        raise TimeoutError from error
    except (HTTPError, OSError, ValueError) as error:  # ValueError: a chunk of a negative size
        raise BrokenOffError from error
    return _unpacked(bytes(body), whole=whole) if is_packed else (bytes(body[:most]), whole)


def _unpacked(packed: bytes, *, whole: bool) -> tuple[bytes, bool]:
    """Unpack gzip, or deflate with its header or without; a body of several parts is put together."""
    body = b""
    while packed:
        is_bare = packed[:2] != _GZIP and (packed[0] & 0x0F != 8 or int.from_bytes(packed[:2]) % 31)
        engine = zlib.decompressobj(-zlib.MAX_WBITS if is_bare else zlib.MAX_WBITS | 32)
        try:
            body += engine.decompress(packed, MOST + 1 - len(body))
        except zlib.error as error:
            raise BrokenOffError from error
        if len(body) > MOST:
            return body[:MOST], False
        if not engine.eof:
            if whole:
                raise BrokenOffError("its compressed body is cut off")
            return body, False
        packed = engine.unused_data
        if not packed.startswith(_GZIP):
            break  # gzip itself ignores what follows
    return body, whole


def text(body: bytes, headers: Mapping[str, str]) -> str:
    """Return a body as text: by its byte order mark, else by the charset that its header names, else UTF-8."""
    for mark, encoding in _MARKS:
        if body.startswith(mark):
            return body.removeprefix(mark).decode(encoding, errors="replace")
    from email.message import Message  # noqa: PLC0415 - late, with requests

    message = Message()
    message["Content-Type"] = headers.get("Content-Type", "")
    charset = message.get_content_charset() or "utf-8"
    try:
        return body.decode(charset, errors="replace")
    except (LookupError, ValueError):  # an unknown charset, or one that cannot replace
        return body.decode(errors="replace")
