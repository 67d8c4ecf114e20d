"""The sockets: opening them, and what they are really bound to."""

from __future__ import annotations

import errno
import ipaddress
import logging
import os
import socket
import time
import traceback
import warnings
from collections.abc import Iterable

from hypercorn.config import Config, Sockets

from nexus_trio.errors import SettingsError

SAID_EVERY = 60.0

Address = tuple[str, int] | str
"""A bound address: host and port of a TCP socket, or the path of a UNIX socket."""


def open_sockets(config: Config) -> Sockets:
    """Bind what `config` names. Raises `SettingsError`, with nothing left open."""
    try:
        return config.create_sockets()
    except OSError as error:
        # Hypercorn's frames hold the sockets that were already made, and the
        # one that failed; with the frames they are closed, here and not later.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            traceback.clear_frames(error.__traceback__)
        raise _unusable(error, config.bind) from None


def listen(sockets: Sockets, config: Config) -> None:
    """Listen on the TCP and UNIX sockets; again is harmless. Raises `SettingsError`."""
    try:
        for sock in [*sockets.secure_sockets, *sockets.insecure_sockets]:
            sock.listen(config.backlog)
    except OSError as error:
        raise _unusable(error, config.bind) from None


class OutOfDescriptors(logging.Filter):
    """What trio logs of an accept that found no descriptor: one line, once a minute.

    trio waits a tenth of a second and tries again, so nothing ends and who waits in
    the backlog is accepted later; but it logs a traceback each time.
    """

    def __init__(self) -> None:
        super().__init__()
        self._said = -SAID_EVERY

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether this one is shown."""
        now = time.monotonic()
        if now - self._said < SAID_EVERY:
            return False
        self._said = now
        record.msg, record.args = "out of descriptors: no connection is accepted for a while", ()
        record.exc_info = record.exc_text = None
        return True


_out_of_descriptors = OutOfDescriptors()


def say_plainly_when_out_of_descriptors() -> None:
    """Have trio's listeners do so; again is harmless."""
    logging.getLogger("trio.serve_listeners").addFilter(_out_of_descriptors)


def close(sockets: Sockets) -> None:
    """Close them all; those already closed stay so."""
    for sock in [*sockets.secure_sockets, *sockets.insecure_sockets, *sockets.quic_sockets]:
        sock.close()


def addresses(sockets: Sockets) -> list[Address]:
    """What the sockets are really bound to, whatever the configuration says."""
    return [
        _address(sock)
        for sock in [*sockets.secure_sockets, *sockets.insecure_sockets, *sockets.quic_sockets]
    ]


def _address(sock: socket.socket) -> Address:
    name = sock.getsockname()
    if isinstance(name, (str, bytes)):
        return os.fsdecode(name)
    return str(name[0]), int(name[1])


def refuse_non_loopback(bound: Iterable[Address]) -> None:
    """Raise `SettingsError` unless every address is of this machine alone. Pure.

    127.0.0.0/8, ::1 and their IPv4-mapped forms are loopback (RFC 1122, section
    3.2.1.3; RFC 4291, sections 2.5.3 and 2.5.5.2). The path of a UNIX socket is
    reached from this machine alone, and is allowed. "Any" (0.0.0.0, ::) is not.
    """
    for address in bound:
        if isinstance(address, tuple) and not _is_loopback(address[0]):
            raise SettingsError(
                f"without tokens the server listens on loopback alone, not on {address[0]} "
                f"port {address[1]}: bind 127.0.0.1, or put a proxy that asks who is there "
                "in front of it"
            )


def _is_loopback(host: str) -> bool:
    ip = ipaddress.ip_address(host)
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
        return ip.ipv4_mapped.is_loopback
    return ip.is_loopback


def _unusable(error: OSError, binds: list[str]) -> SettingsError:
    """Why an address can't be used, in words that say what to do."""
    where = _named(binds)
    if error.errno == errno.EADDRINUSE:
        return SettingsError(f"{where} is in use; choose another with --port")
    if error.errno in (errno.EACCES, errno.EPERM):
        return SettingsError(f"{where} may not be bound; choose a port above 1023 with --port")
    if error.errno == errno.EADDRNOTAVAIL or isinstance(error, socket.gaierror):
        return SettingsError(f"{where} is no address of this machine; choose another with --host")
    return SettingsError(f"{where} can't be bound ({os.strerror(error.errno or 0)})")


def _named(binds: list[str]) -> str:
    if len(binds) != 1:
        return f"one of {', '.join(binds)}"
    host, _, port = binds[0].rpartition(":")
    if not port.isdigit():
        return binds[0]
    return f"port {port} on {host.strip('[]')}"
