"""The lane between sockets and the app: Hypercorn on trio, contained and bounded."""

from nexus_trio.lane.bind import Address, refuse_non_loopback
from nexus_trio.lane.config import Limits, configured
from nexus_trio.lane.contained import Containment, install, plain_refusal
from nexus_trio.lane.ledger import Statistics

__all__ = [
    "Address",
    "Containment",
    "Limits",
    "Statistics",
    "configured",
    "install",
    "plain_refusal",
    "refuse_non_loopback",
]
