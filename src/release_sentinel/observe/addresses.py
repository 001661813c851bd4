"""A connection to a host whose name may have several addresses, of which some may not answer."""

import os
import selectors
import socket
import time
from collections.abc import Iterable
from contextlib import suppress
from itertools import chain, zip_longest
from typing import Any

from msgspec import Struct

_HEAD_START = 0.25  # seconds that an address has before the next one is tried beside it, as RFC 8305 recommends

SocketOptions = Iterable[tuple[Any, ...]]


class _Address(Struct, frozen=True):
    """One address of a host, as `getaddrinfo` describes it."""

    family: int
    kind: int
    protocol: int
    place: Any


def connect(host: str, port: int, seconds: float, options: SocketOptions = ()) -> socket.socket:
    """Return a connection to the first address of `host` that accepts one, within `seconds`.

    The addresses are raced ("happy eyeballs"): one that drops packets costs a moment, and not the whole time. A library
    that does so needs an event loop of its own. Losing connections are closed before anything was sent over them.

    Raises `socket.gaierror` for a name that is not found, `UnicodeError` for one that cannot be, `TimeoutError`, or the
    `OSError` of the last address that refused.
    """
    end = time.monotonic() + seconds
    found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
    waiting = _by_turns([_Address(family, kind, protocol, place) for family, kind, protocol, _, place in found])
    if not waiting:
        raise OSError(f"{host} has no address")
    with selectors.DefaultSelector() as selector:
        try:
            connection = _race(waiting, selector, end, min(_HEAD_START, seconds / (len(waiting) + 1)), options)
        finally:
            for key in list(selector.get_map().values()):
                _socket(key).close()
    connection.settimeout(max(end - time.monotonic(), 0.001))
    return connection


def _by_turns(addresses: list[_Address]) -> list[_Address]:
    """Return each address once, of the families by turns: a network may have lost one family as a whole."""
    families: dict[int, list[_Address]] = {}
    for address in addresses:
        family = families.setdefault(address.family, [])
        if address not in family:
            family.append(address)
    turns = chain.from_iterable(zip_longest(*families.values()))
    return [address for address in turns if address is not None]


def _race(
    waiting: list[_Address], selector: selectors.BaseSelector, end: float, head_start: float, options: SocketOptions
) -> socket.socket:
    """Return the first connection that is made. Those still under way stay in the selector."""
    refusal = OSError("no address was tried")
    next_at = time.monotonic()
    while waiting or selector.get_map():
        now = time.monotonic()
        if now >= end:
            raise TimeoutError
        if waiting and (now >= next_at or not selector.get_map()):
            next_at = now + head_start
            try:
                selector.register(_begin(waiting.pop(0), options), selectors.EVENT_WRITE)
            except OSError as error:  # such as a network that cannot be reached
                refusal, next_at = error, now
            continue
        for key, _ in selector.select((min(next_at, end) if waiting else end) - now):
            connection = _socket(key)
            selector.unregister(connection)
            if not (code := connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)):
                return connection
            connection.close()
            refusal, next_at = OSError(code, os.strerror(code)), now
    raise refusal


def _begin(address: _Address, options: SocketOptions) -> socket.socket:
    """Begin to connect to an address; raises `OSError` where that fails at once."""
    connection = socket.socket(address.family, address.kind, address.protocol)
    try:
        for option in options:
            connection.setsockopt(*option)
        connection.settimeout(0)
        with suppress(BlockingIOError, InterruptedError):  # it is under way
            connection.connect(address.place)
    except BaseException:
        connection.close()
        raise
    return connection


def _socket(key: selectors.SelectorKey) -> socket.socket:
    if not isinstance(key.fileobj, socket.socket):
        raise TypeError(key.fileobj)
    return key.fileobj
