"""What the exceptions of libraries say, as sentences. A leaf, and the one table of these sentences.

Types are known by their names: to import what they come from would cost more than the rest of a run.
"""

import re
from collections.abc import Callable, Iterator
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from release_sentinel.lines import LONGEST, one_line

_PORTS = {"http": 80, "https": 443}
_WRAPPERS = frozenset({"requests", "urllib3"})  # libraries whose exceptions hold the reason several levels deep

# What libraries say, whatever the type.
_WORDS = {
    r"IncompleteRead\((\d+) bytes read, (\d+) more expected\)": r"\1 bytes came, and \2 more were announced",
    r"IncompleteRead\((\d+) bytes read\)": r"it ended after \1 bytes, before its last chunk",
    r"invalid literal for int\(\) with base 16: .*": "the length of a chunk is missing, or not a number",
    r"invalid literal for int\(\) with base \d+: (.*)": r"\1 is not a whole number",
    r"could not convert string to float: (.*)": r"\1 is not a number",
    r"Exceeds the limit \((\d+) digits\) for integer string conversion.*": r"a number has more than \1 digits",
    r"Invalid isoformat string: (.*)": r"\1 is not a date or time of ISO 8601",
    r".*embedded null (?:byte|character)(?: in path)?|.*cannot contain null bytes": "it contains a NUL character",
    r"Error -\d+ while decompressing data: (.*)": r"its compressed body is damaged (\1)",
    r"Remote end closed connection without response": "the server closed the connection without an answer",
    r"got more than (\d+) headers": r"its answer has more than \1 header lines",
    r"got more than (\d+) bytes when reading (\w+) line": r"a \2 line of its answer is longer than \1 bytes",
    r"Content-Length contained multiple unmatching values \((.*)\)": r"its Content-Length has several values (\1)",
    r"File is not a zip file": "it is not a zip file",
    r"encoding with 'idna' codec failed \(UnicodeError: (.*)\)": r"it is not the name of a host: \1",
    r"label (?:empty or )?too long": r"it is not the name of a host: \g<0>",  # of Python 3.12
    # apprise
    r"Failed to (?:send|post) .*?(?:: )?([A-Z][^:]*?)(?:, |: )error=(\d+)\.?": r"it answered with HTTP \2 (\1)",
    r"Failed to (?:send|post) .*?error=(\d+)\.?": r"it answered with HTTP \1",
    r"A Connection error occurred .*? to ([^ ]+)\.": r"no connection to \1",
    r"A Connection error occurred .*": "there is no connection to it",
}
# What OpenSSL calls a reason.
_TLS = {
    "WRONG_VERSION_NUMBER": "the server does not speak TLS there",
    "RECORD_LAYER_FAILURE": "the server does not speak TLS there",
    "PACKET_LENGTH_TOO_LONG": "the server does not speak TLS there",
    "UNEXPECTED_EOF_WHILE_READING": "the server closed the connection in the middle",
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": "the server asks for a client certificate",
    "TLSV1_ALERT_UNKNOWN_CA": "the server does not trust the client certificate",
    "NO_CERTIFICATE_OR_CRL_FOUND": "it holds no certificate in PEM",
    "KEY_VALUES_MISMATCH": "the key is not that of the certificate",
}


def sentence(error: BaseException, longest: int = LONGEST) -> str:
    """Return what an exception says, on one line, for a message that names the file or address itself."""
    inner = _root(error) if _is_wrapper(error) else error
    try:
        said = _reader(type(inner))(inner)
    except (AttributeError, TypeError, ValueError, LookupError):  # raised without the parts that such errors have
        said = _text(inner)
    # Only blanks of ASCII are joined: the redactor knows a secret by the others that it holds.
    return one_line(re.sub(r"[ \t\r\n\f\v]+", " ", said), longest) or type(error).__name__


def words_of(error: BaseException) -> str:
    """Return what an exception says, on one line, after the file or address that it is about, as far as it knows."""
    place, said = _place(error), sentence(error)
    return f"{place}: {said}" if place and place not in said else said


def plain(words: str) -> str:
    """Return the sentence for what a library says in its own terms; other words stay as they are."""
    for theirs, meaning in _WORDS.items():
        if match := re.fullmatch(theirs, words, re.DOTALL):
            return match.expand(meaning)
    return words


def chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and those that it wraps, the outermost first."""
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        inner = getattr(seen, "reason", None) or seen.__cause__ or seen.__context__
        if not isinstance(inner, BaseException):
            inner = next((item for item in seen.args if isinstance(item, BaseException)), None)
        seen = inner


def _root(error: BaseException) -> BaseException:
    """Return the innermost exception that says something."""
    return next((inner for inner in reversed(list(chain(error))) if str(inner).strip()), error)


def _is_wrapper(error: BaseException) -> bool:
    return type(error).__module__.partition(".")[0] in _WRAPPERS


def _reader(kind: type) -> Callable[[Any], str]:
    """Return what reads exceptions of a type: that of the nearest base, unless the words are its own."""
    for base in kind.__mro__:
        name = base.__name__ if base.__module__ == "builtins" else f"{base.__module__}.{base.__name__}"
        if name in _TYPES:
            return _TYPES[name]
        if "__str__" in vars(base):
            break
    return _text


def _text(error: BaseException) -> str:
    try:
        return plain(str(error).strip())
    except (Exception, SystemExit) as failure:  # noqa: BLE001 - of a gate's own class
        return f"{type(error).__name__} (its text cannot be shown: {type(failure).__name__} in __str__)"


def _place(error: BaseException) -> str:
    """Return the file, or host and port, that an exception is about; or blank."""
    if file := getattr(error, "filename", None) if isinstance(error, OSError) else None:
        return str(file)
    if not _is_wrapper(error):
        return ""
    if url := getattr(getattr(error, "request", None), "url", None):
        parts = urlsplit(url)
        return f"{parts.hostname}:{parts.port or _PORTS.get(parts.scheme, '')}"
    pool = getattr(error, "pool", None) or getattr(error, "conn", None)
    return f"{pool.host}:{pool.port}" if pool else ""


def _not_encodable(error: Any) -> str:
    if error.encoding == "idna":  # from Python 3.13 on
        return f"it is not the name of a host: {error.reason}"
    return f"character {error.start + 1}, {error.object[error.start]!a}, is not {error.encoding.upper()}"


def _tls(error: Any) -> str:
    if distrust := getattr(error, "verify_message", ""):
        return f"the certificate is not trusted: {distrust}"
    if "PEM lib" in str(error):
        return "it holds no certificate or no key in PEM that can be read"
    own = re.sub(r"^\[[^\]]*\] | \(_ssl\.c:\d+\)$", "", str(error))
    return _TLS.get(error.reason or "", own)


def _json(error: Any) -> str:
    if not error.doc.strip():
        return "it is empty"
    said = error.msg.removesuffix(" at").replace("Expecting value", "expected a value").replace("Expecting", "expected")
    return f"line {error.lineno}, column {error.colno}: {said[0].lower()}{said[1:]}"


def _yaml(error: Any) -> str:
    return f"line {error.problem_mark.line + 1}, column {error.problem_mark.column + 1}: {error.problem}"


def _ini(error: Any) -> str:
    lines = getattr(error, "errors", None)
    if "no section headers" in str(error):
        return f"line {error.lineno}: there is no [section] above it"
    if lines:
        return f"line {lines[0][0]}: it is not a section, and not a key with a value"
    return re.sub(r"While reading from '[^']*' \[line +(\d+)\]", r"line \1", str(error))


def _command(error: Any) -> str:
    return str(error.cmd if isinstance(error.cmd, str) else error.cmd[0])


# By the names of types; the nearest base of an exception counts. A type of a module has the module's name before it.
_TYPES: MappingProxyType[str, Callable[[Any], str]] = MappingProxyType(
    {
        "http.client.BadStatusLine": lambda error: f"it does not answer in HTTP, but with: {error.line}",
        "ssl.SSLError": _tls,
        "socket.gaierror": lambda error: f"its name cannot be resolved ({error.strerror})",
        "OSError": lambda error: error.strerror or _text(error),
        "TimeoutError": lambda error: error.strerror or _text(error) or "no answer in time",
        "UnicodeDecodeError": lambda error: f"byte {error.start + 1} is not {error.encoding.upper()}",
        "UnicodeEncodeError": _not_encodable,
        "KeyError": lambda error: f"there is no {error.args[0]!r}",
        "RecursionError": lambda _: "it is nested too deep",
        "MemoryError": lambda _: "there is not enough memory",
        "SyntaxError": lambda error: f"line {error.lineno}: {error.msg}" if error.lineno else plain(error.msg),
        "json.decoder.JSONDecodeError": _json,
        "yaml.error.MarkedYAMLError": _yaml,
        "yaml.reader.ReaderError": lambda error: f"character {error.position + 1}: {error.reason}",
        "configparser.Error": _ini,
        "xml.parsers.expat.ExpatError": lambda error: re.sub(r"(.*): (line \d+, column \d+)", r"\2: \1", str(error)),
        "subprocess.TimeoutExpired": lambda error: (
            f"{_command(error)} did not end within {round(error.timeout, 1):g} s"
        ),
        "subprocess.CalledProcessError": lambda error: f"{_command(error)} ended with exit code {error.returncode}",
        "psutil.AccessDenied": lambda error: f"process {error.pid} may not be looked at",
        "psutil.NoSuchProcess": lambda error: f"process {error.pid} has ended",
    }
)
