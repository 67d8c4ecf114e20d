"""The Trio client: one connection that heals by itself, and what a program does with it.

    async with connect("http://127.0.0.1:4004", user="ada") as client:
        reply = await client.ask("hello")
        print(reply.text, reply.turn, reply.crisis.level)

A reply as it is written, and what happens meanwhile:

    async with client.stream("who lives here?") as turn:
        async for part in turn:              # Delta, Reset or Notice
            match part:
                case Delta(text=text):
                    print(text, end="")
                case Reset():
                    ...                      # what was shown of this reply is void
    print(turn.reply.position)

    async for event in client.events():      # RoomEvent, Notice, Elsewhere, Gap, and where it
        match event:                         # stands: Connected, Disconnected, Reconnected
            case RoomEvent(event="said", user_id=who, text=text):
                print(who, text)

Nothing here imports the server; `httpx` is loaded by the first `history` or `rooms`.
"""

from nexus_trio.client.client import Client, Events
from nexus_trio.client.connect import connect
from nexus_trio.client.errors import (
    BadFrame,
    BridgeError,
    ClientError,
    Closed,
    Ended,
    NotAuthenticated,
    ProtocolBroken,
    ReadFailed,
    SessionErased,
    TooManyConnections,
    Unreachable,
    Unsettled,
)
from nexus_trio.client.events import (
    Connected,
    Delta,
    Disconnected,
    Elsewhere,
    Event,
    Gap,
    Notice,
    Part,
    Reconnected,
    Reset,
)
from nexus_trio.client.pages import HistoryPage, PastTurn, RoomCount
from nexus_trio.client.timing import Timing
from nexus_trio.client.turn import Turn
from nexus_trio.client.values import Spoken, Statistics
from nexus_trio.model.envelope import (
    CrisisView,
    Position,
    Reply,
    Resource,
    RoomEvent,
    RoomView,
)

__all__ = [
    "BadFrame",
    "BridgeError",
    "Client",
    "ClientError",
    "Closed",
    "Connected",
    "CrisisView",
    "Delta",
    "Disconnected",
    "Elsewhere",
    "Ended",
    "Event",
    "Events",
    "Gap",
    "HistoryPage",
    "NotAuthenticated",
    "Notice",
    "Part",
    "PastTurn",
    "Position",
    "ProtocolBroken",
    "ReadFailed",
    "Reconnected",
    "Reply",
    "Reset",
    "Resource",
    "RoomCount",
    "RoomEvent",
    "RoomView",
    "SessionErased",
    "Spoken",
    "Statistics",
    "Timing",
    "TooManyConnections",
    "Turn",
    "Unreachable",
    "Unsettled",
    "connect",
]
