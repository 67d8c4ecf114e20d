"""The experiment itself: who does what when, over the wire.

1. alone: the users of the crisis part speak, one after the other;
2. load: N users chat all at once, spread over the rooms, while the same crisis
   messages come from other users;
3. everybody looks at one room at the same moment, the list of sessions is read;
4. gatherings: in room after room all join and then look at the same moment;
5. counts and histories are read, and everyone is erased, however the run ends.
"""

from __future__ import annotations

import secrets

import trio

from nexus_trio.experiment import script
from nexus_trio.experiment.environment import environment
from nexus_trio.experiment.live_stage import LiveStage
from nexus_trio.experiment.record import Record
from nexus_trio.experiment.result import Result, conclude
from nexus_trio.experiment.script import Entropy
from nexus_trio.experiment.stage import Progress, Stage
from nexus_trio.experiment.wire import parse_url

# One user is one connection here: more than the usual limit of open files
# leaves room for would end in errors that say nothing about the server.
MAX_USERS = 1000
MAX_MESSAGES = 10_000

# Erasing goes on when the run is cancelled, but no longer than this, in seconds.
ERASE_DEADLINE = 10.0


async def run_experiment(
    url: str,
    users: int,
    messages: int,
    *,
    progress: Progress | None = None,
    entropy: Entropy | None = None,
    durability: str | None = None,
    transport: str = "http",
) -> Result:
    """Runs the isolation experiment against the server at `url` (`http://HOST:PORT`).

    `users` is 1 to 1,000, `messages` (each) 1 to 10,000. `progress` is called
    with (messages answered, messages in all) after each message of the N
    users. `entropy` makes ids and canaries, `secrets.token_bytes` by default.
    `durability` goes into the report; without it, what the server's health
    says, else "unknown". `transport` is `http` or `ws`: how messages travel.

    Raises `ValueError` on numbers out of bounds and `WireError` where the
    server can't be reached at all. Once it has begun, what goes wrong is
    counted in the result and fails it. All users are erased at the end, also
    after an error or a cancellation (shielded, for 10 s at most).
    """
    if not 1 <= users <= MAX_USERS or not 1 <= messages <= MAX_MESSAGES:
        raise ValueError(f"Give 1 to {MAX_USERS} users and 1 to {MAX_MESSAGES} messages each.")
    address = parse_url(url)
    crowd = script.people(users, entropy or secrets.token_bytes)
    kind = LiveStage if transport == "ws" else Stage
    stage = kind(address, Record(people=crowd, messages=messages), progress)
    health = await stage.begin()
    try:
        await stage.alone()
        await stage.load()
        await stage.gather()
        await stage.read_back()
    finally:
        with trio.move_on_after(ERASE_DEADLINE, shield=True):
            await stage.erase()
        stage.close()
    facts = environment(url, health, durability)
    facts["transport"] = transport
    return conclude(stage.record, facts)
