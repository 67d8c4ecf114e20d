"""A year of a small server in virtual time, started anew each month, and its yearly report."""

from datetime import date
from random import Random

import trio
from trio.testing import MockClock

from nexus_trio.crisis.report import Report, Row
from nexus_trio.runtime.frames import Answered, Noticed
from nexus_trio.store.memory import MemoryStore
from nexus_trio.testing.hubs import Names, open_fake_hub

YEAR_S = 365 * 86400
WORDS = (
    *("what a fine kettle",) * 10,
    *("I feel so hopeless",) * 6,
    *("I want to die",) * 2,
    "I have the pills in my hand and I am going to kill myself tonight",
)
LOCALES = ("en-US", "en-US", "en-GB", "de-AT")


async def over_a_connection(hub, user, words, locale):
    """They read what they are told, unless hasty; the careful ones' programs acknowledge it."""
    async with hub.connect(user) as one:
        one.message("m", words, locale=locale)
        if user.startswith("hasty"):
            return
        told = [await one.outbox.receive()]
        while not isinstance(told[-1], Answered):
            told.append(await one.outbox.receive())
        if user.startswith("careful") and any(isinstance(frame, Noticed) for frame in told):
            await one.acknowledge(told[-1].reply.position)


async def main():
    random, store, names = Random(2026), MemoryStore(Names()), Names()
    moments = sorted(random.uniform(0, YEAR_S) for _ in range(600))
    for month in range(12):
        ends = (month + 1) * YEAR_S / 12
        async with open_fake_hub(store=store, names=names, since=0) as hub:
            while moments and moments[0] < ends:
                await trio.sleep_until(moments.pop(0))
                user = f"{random.choice(('plain', 'careful', 'other', 'hasty'))}-{month}"
                words, locale = random.choice(WORDS), random.choice(LOCALES)
                if user.startswith("plain"):
                    await hub.ask(user, words, locale=locale)
                else:
                    await over_a_connection(hub, user, words, locale)
    first, last = date(2026, 1, 1), date(2026, 12, 31)
    counts = await store.ledger(first, last)
    rows = (Row(c.day, c.level, c.action, c.number, c.jurisdiction, c.lexicon) for c in counts)
    print(Report(first, last, tuple(rows)).markdown().partition("\n\n## Lexicon")[0])


trio.run(main, clock=MockClock(autojump_threshold=0))
