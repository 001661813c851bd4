"""What urllib3's connections lack: they race a host's addresses, and read past informational answers.

Loaded late, with requests.
"""

import http.client
import socket
import sys
from collections.abc import Iterable

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, LocationParseError, NameResolutionError, NewConnectionError
from urllib3.poolmanager import PoolManager

from release_sentinel.observe import addresses
from release_sentinel.sentences import sentence

HEADER_LINES = 1000  # of an answer; Python's own bound, 100, is below what gateways send
_LONGEST_LINE = 1 << 16
_PASSED_OVER = range(102, 200)  # 103 Early Hints; Python passes over 100 by itself, and after 101 comes no HTTP


class _Answer(http.client.HTTPResponse):
    """An answer of a server, without the informational ones before it."""

    def _read_status(self) -> tuple[str, int, str]:
        while True:
            line: tuple[str, int, str] = super()._read_status()  # type: ignore[misc]  # private, hence not in typeshed
            if line[1] not in _PASSED_OVER:
                return line
            while self.fp.readline(_LONGEST_LINE).strip():
                pass  # its headers


def _connect(connection: HTTPConnection) -> socket.socket:
    """Connect to the host of a connection; raises what urllib3 itself raises."""
    host, seconds = connection._dns_host, float(connection.timeout or 0)  # noqa: SLF001 - as urllib3's other makers of connections do
    try:
        made = addresses.connect(host, connection.port, seconds, connection.socket_options or ())
    except UnicodeError:
        raise LocationParseError(f"{host!r}, label empty or too long") from None
    except socket.gaierror as error:
        raise NameResolutionError(connection.host, connection, error) from error
    except TimeoutError as error:
        raise ConnectTimeoutError(connection, f"no connection to {connection.host} within {seconds:g} s") from error
    except OSError as error:
        raise NewConnectionError(connection, sentence(error)) from error
    sys.audit("http.client.connect", connection, connection.host, connection.port)
    return made


class _Connection(HTTPConnection):
    response_class = _Answer

    def _new_conn(self) -> socket.socket:
        return _connect(self)


class _SecureConnection(HTTPSConnection):
    response_class = _Answer

    def _new_conn(self) -> socket.socket:
        return _connect(self)


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


def install(managers: Iterable[PoolManager]) -> None:
    """Let managers of connections make such ones."""
    http.client._MAXHEADERS = HEADER_LINES  # type: ignore[attr-defined]  # noqa: SLF001 - there is no other way to set it
    for manager in managers:
        manager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
