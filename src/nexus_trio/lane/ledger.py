"""Who is connected, in all and by address, and what was counted: one ledger per process."""

from __future__ import annotations

import ipaddress
import resource
from collections import Counter
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from nexus_trio.lane.config import Limits

if TYPE_CHECKING:
    from nexus_trio.lane.connection import ContainedTCPServer

FULL = "too many connections are open; try again in a few seconds"
FULL_FOR_ADDRESS = "too many connections are open from your address; close some of them"

RESERVE = 192
"""Descriptors that are not for connections: those that are told to come back
(`Limits.refusals`), 32 calls of a model server, the control socket's 8, the store's files."""


@dataclass(frozen=True, slots=True)
class Statistics:
    """Counts since the start of the process; `open` is now.

    `contained`: exceptions that would have ended the server; `unread`: clients
    cut because they did not read; `silent`: clients cut because they stopped
    within a body, or answered no ping; `refused`: connections over a limit.
    """

    open: int = 0
    contained: int = 0
    unread: int = 0
    silent: int = 0
    refused: int = 0


class Ledger:
    """Who is connected, and what was contained: one per process.

    Invariant: `connections` are those that were admitted and have not left, and
    `_by_address` counts them by `shared_by`; what is 0 is not in there.
    """

    def __init__(self) -> None:
        self.connections: set[ContainedTCPServer] = set()
        # Those over a limit that are being told so, and still hold a descriptor.
        self.turned_away = 0
        self._by_address: Counter[str] = Counter()
        self._statistics = Statistics()

    def statistics(self) -> Statistics:
        """The counts as they are now."""
        return replace(self._statistics, open=len(self.connections))

    def count(
        self, *, contained: int = 0, unread: int = 0, silent: int = 0, refused: int = 0
    ) -> None:
        """Add to the counts."""
        now = self._statistics
        self._statistics = replace(
            now,
            contained=now.contained + contained,
            unread=now.unread + unread,
            silent=now.silent + silent,
            refused=now.refused + refused,
        )

    def admit(self, connection: ContainedTCPServer, limits: Limits) -> str | None:
        """Take one more in; or say, in a sentence for its client, why not. Never waits."""
        address = shared_by(connection.host)
        if len(self.connections) >= limits.connections:
            return FULL
        if address is not None:
            if self._by_address[address] >= limits.per_address:
                return FULL_FOR_ADDRESS
            self._by_address[address] += 1
        self.connections.add(connection)
        return None

    def leave(self, connection: ContainedTCPServer) -> None:
        """One that was admitted is over."""
        self.connections.discard(connection)
        address = shared_by(connection.host)
        if address is not None:
            self._by_address[address] -= 1
            if not self._by_address[address]:
                del self._by_address[address]


# The clients of now, so that a crowd's connections are not parsed twice each.
@lru_cache(maxsize=1024)
def shared_by(host: str | None) -> str | None:
    """The address that counts for a client's host; None where none does. Pure.

    Loopback does not: behind it stands a proxy, which speaks for everybody, or in
    open mode each program of this machine; a bound of its own for it would be a
    second, smaller one for all. Nor does a UNIX socket, whose clients have no
    address. An IPv6 network of 64 bits is one client's (RFC 6177), who may have
    each of its addresses.
    """
    if host is None:
        return None
    try:
        ip = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host  # a name: only a test's transport has one
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is None:
            return None if ip.is_loopback else str(ipaddress.ip_network((ip, 64), strict=False))
        ip = ip.ipv4_mapped
    return None if ip.is_loopback else str(ip)


def affordable(wanted: int) -> int:
    """How many connections there are descriptors for: `wanted`, or fewer.

    Raises this process's own bound on them as far as that takes and the system
    lets it: 1,024, as it often is, is for programs that know no more of them.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = wanted + RESERVE
    if soft != resource.RLIM_INFINITY and soft < needed:
        soft = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return wanted if soft == resource.RLIM_INFINITY else max(1, min(wanted, soft - RESERVE))
