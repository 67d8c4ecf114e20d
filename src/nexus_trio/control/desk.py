"""What an operator may ask, answered part by part: the same with a server and without one."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Final, Protocol

from nexus_trio.control import shapes
from nexus_trio.control.protocol import Part, Request, Tell
from nexus_trio.errors import NotFound
from nexus_trio.model.envelope import Erased, RoomEvent
from nexus_trio.model.transcript import Turn
from nexus_trio.runtime.records import Held, Records

FIRST_DAY: Final = date(2020, 1, 1)
LAST_DAY: Final = date(2100, 1, 1)
"""Where a ledger is looked for: none is older than the program, whatever clock it ran on."""


class Desk(Protocol):
    """Who has the records: an open hub, or a folder that no server has."""

    @property
    def records(self) -> Records:
        """What is held of whom."""
        ...

    async def erase(self, user_id: str, *, sweep: bool = True) -> Erased:
        """Remove all that is held of the user. Raises `NotFound` where nothing is."""
        ...

    def protocol(self) -> dict[str, str]:
        """The crisis protocol of what runs, in Markdown, and its lexicon.

        Raises `NotFound` where nothing runs.
        """
        ...


async def answer(desk: Desk, request: Request, tell: Tell) -> None:
    """Do what is asked and tell it, holding one page at a time.

    Returns when all is told. Raises a `NexusError` that says why not:
    `NotFound` where nothing is held of the user, or not any more. Cancelling it
    leaves an erasure that has begun running.
    """
    match request.verb:
        case "list":
            await _list(desk.records, tell)
        case "show":
            await _show(await desk.records.held(request.user), tell)
        case "export":
            await _export(desk.records, request.user, tell)
        case "erase":
            await tell([("erased", shapes.erased(await desk.erase(request.user)))])
        case "ledger":
            await _ledger(desk.records, request, tell)
        case "protocol":
            await tell([("protocol", desk.protocol())])


async def _list(records: Records, tell: Tell) -> None:
    after: str | None = None
    while page := await records.page(after):
        await tell([("session", shapes.listed(each)) for each in page])
        after = page[-1].view.user_id


async def _show(held: Held, tell: Tell) -> None:
    if held.view is None:
        raise NotFound("only traces in rooms are held of this user; export or erase them")
    await tell([("session", shapes.shown(held.view, held))])


async def _ledger(records: Records, request: Request, tell: Tell) -> None:
    """A month at a time: some thousand counts at most."""
    since, until = request.days
    since, until = max(since, FIRST_DAY), min(until, LAST_DAY)
    while since <= until:
        last = min(until, since + timedelta(days=30))
        counts = await records.ledger(since, last)
        await tell([("count", shapes.count(each)) for each in counts])
        since = last + timedelta(days=1)


async def _export(records: Records, user_id: str, tell: Tell) -> None:
    """All that is held at this moment. An erasure in between is found out, and told as an error."""
    held = await records.held(user_id)
    await tell([("head", shapes.head(held, datetime.now(UTC)))])
    turn: Turn | None = None
    while turns := await records.turns(held, turn):
        await tell([_turn(each) for each in turns])
        turn = turns[-1]
    event: RoomEvent | None = None
    while events := await records.events(held, event):
        await tell([("event", shapes.event(each)) for each in events])
        event = events[-1]
    await records.confirm(held)


def _turn(turn: Turn) -> Part:
    return "turn", shapes.turn(turn)
