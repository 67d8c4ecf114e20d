"""Ten times more messages than a hub can take: every verdict is the one of an idle hub (I3, I23).

A session takes one message and has room for four more; here fifty come to each of five at
once, while the responder hangs. What is refused carries its verdict and its notice like
what is answered.
"""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from nexus_trio.crisis import Watch, fold, screen
from nexus_trio.errors import MailboxFull, NexusError
from nexus_trio.model.envelope import NO_CRISIS, CrisisView
from nexus_trio.runtime.frames import Noticed
from nexus_trio.runtime.hub import Hub
from nexus_trio.testing.fakes import FakeResponder
from nexus_trio.testing.hubs import open_fake_hub

USERS = tuple(f"user-{number}" for number in range(5))
MAILBOX = 4
AT_ONCE = MAILBOX + 1
MESSAGES = 10 * AT_ONCE

LOW = "I feel so hopeless"
EXPLICIT = (
    "the kettle is on",
    "I want to die",
    "I have the pills in my hand and I am going to kill myself tonight",
    "how do I kill a process that hangs?",
    "my friend wants to kill herself",
)


def script(user: str, words: tuple[str, ...]) -> list[str]:
    """What a user says: another order for each, the same in every run."""
    random = Random(user)
    return [random.choice(words) for _ in range(MESSAGES)]


def told(view: CrisisView) -> tuple[str, bool, bool]:
    """What an answer says of its message."""
    return view.level, view.detected, "988" in (view.notice or "")


async def outcome(hub: Hub, user: str, message: str) -> tuple[CrisisView, str]:
    """The verdict in the answer, and what the answer was."""
    try:
        return (await hub.ask(user, message)).crisis, "reply"
    except NexusError as error:
        return error.crisis or NO_CRISIS, error.code


async def idle(words: tuple[str, ...]) -> dict[str, list[CrisisView]]:
    """Each message alone, its answer awaited before the next."""
    async with open_fake_hub() as hub:
        return {
            user: [(await hub.ask(user, message)).crisis for message in script(user, words)]
            for user in USERS
        }


class Crowd:
    """All messages of all users at once; the answers in the order of the messages."""

    def __init__(self, words: tuple[str, ...]) -> None:
        self._words = words
        self.found: dict[str, list[tuple[CrisisView, str]]] = {
            user: [(NO_CRISIS, "none")] * MESSAGES for user in USERS
        }
        self.most = 0

    async def run(self) -> None:
        responder = FakeResponder(mode="hang")
        async with open_fake_hub(responder, mailbox=MAILBOX) as hub:
            for user in USERS:  # so that each session is open, and idle
                await hub.join(user, "Tower")
            async with trio.open_nursery() as nursery:
                for number in range(MESSAGES):
                    for user in USERS:
                        nursery.start_soon(self._ask, hub, user, number)
                    # In their order: tasks of one moment start in any.
                    await wait_all_tasks_blocked()
                    self.most = max(self.most, hub.statistics().waiting)
                responder.release.set()

    async def _ask(self, hub: Hub, user: str, number: int) -> None:
        message = script(user, self._words)[number]
        self.found[user][number] = await outcome(hub, user, message)

    def check_it_was_too_much(self) -> None:
        """The checks below mean something only then."""
        assert self.most == len(USERS) * AT_ONCE
        ends = Counter(end for each in self.found.values() for _, end in each)
        assert ends["mailbox_full"] == len(USERS) * (MESSAGES - AT_ONCE)
        assert ends["reply"] == len(USERS) * AT_ONCE


async def test_every_verdict_is_that_of_an_idle_hub(autojump_clock: MockClock) -> None:
    alone = await idle(EXPLICIT)
    crowd = Crowd(EXPLICIT)
    await crowd.run()
    crowd.check_it_was_too_much()
    seen = Counter[str]()
    for user in USERS:
        for quiet, (view, end) in zip(alone[user], crowd.found[user], strict=True):
            assert told(view) == told(quiet), end
            seen[f"{view.level} {end}"] += 1
    for level in ("none", "crisis", "imminent"):
        assert seen[f"{level} reply"], "of each there was one that was answered"
        assert seen[f"{level} mailbox_full"], "and one that was refused"


async def test_distress_adds_up_over_what_was_taken_though_nothing_is_answered_yet(
    autojump_clock: MockClock,
) -> None:
    """By an oracle: the watch, folded over the messages that were taken before."""
    words = (LOW, LOW, LOW, "the kettle is on")
    crowd = Crowd(words)
    await crowd.run()
    crowd.check_it_was_too_much()
    seen = Counter[str]()
    for user in USERS:
        watch = Watch()
        for message, (view, end) in zip(script(user, words), crowd.found[user], strict=True):
            after, expected = fold(watch, screen(message))
            assert (view.level, view.detected) == (expected.level, expected.detected), end
            if end == "reply":  # what is refused is folded into nothing
                watch = after
            seen[f"{view.level} {end}"] += 1
    assert seen["crisis reply"]
    assert seen["crisis mailbox_full"]
    assert seen["concern mailbox_full"]


async def test_who_sends_again_until_it_is_taken_has_the_verdicts_of_an_idle_hub(
    autojump_clock: MockClock,
) -> None:
    """Also those that add up: refusals change nothing for what comes behind them."""
    words = (LOW, LOW, *EXPLICIT)
    found: dict[str, list[CrisisView]] = {user: [] for user in USERS}
    refused = Counter[str]()

    async def insist(hub: Hub, user: str) -> None:
        streams = []
        for message in script(user, words):
            while True:
                try:
                    streams.append(await hub.stream(user, message))
                    break
                except MailboxFull:
                    refused[user] += 1
                    await trio.sleep(0.1)
        found[user] = [(await stream.outcome()).crisis for stream in streams]

    async with open_fake_hub(Slow(), mailbox=MAILBOX) as hub, trio.open_nursery() as nursery:
        for user in USERS:
            nursery.start_soon(insist, hub, user)
    alone = await idle(words)
    for user in USERS:
        assert [told(view) for view in found[user]] == [told(view) for view in alone[user]]
        assert refused[user] >= 9 * (MESSAGES - AT_ONCE)


class Slow(FakeResponder):
    """Takes a second for each answer: ten times longer than its users wait to send again."""

    def __init__(self) -> None:
        super().__init__(mode="stream")

    async def _words(self, prompt):  # type: ignore[no-untyped-def]  # as in the fake
        await trio.sleep(1)
        yield f"reply {prompt.turn}"


async def test_the_third_low_message_has_its_notice_at_once_behind_a_hanging_responder(
    autojump_clock: MockClock,
) -> None:
    began = trio.current_time()
    async with open_fake_hub(FakeResponder(mode="hang")) as hub, hub.connect("ada") as one:
        for number in range(3):
            one.message(f"m{number}", LOW)
            await wait_all_tasks_blocked()
        frames = [one.outbox.take() for _ in range(len(one.outbox))]
        (notice,) = [frame for frame in frames if isinstance(frame, Noticed)]
        assert "988" in notice.text
        assert trio.current_time() == began, "no clock had to move"
        # Nor do they wait for the two before them longer than for their own answer.
        await trio.sleep(5.001)
        assert [turn.status for turn in (await hub.history("ada")).turns] == [
            "aborted",
            "aborted",
            "answered",
        ]


@pytest.mark.parametrize("between", ["look", "/go Garden", "who"])
async def test_a_command_that_waits_is_folded_neither_then_nor_before(
    between: str, autojump_clock: MockClock
) -> None:
    async with (
        open_fake_hub(FakeResponder(mode="hang"), mailbox=2) as hub,
        hub.connect("ada") as one,
    ):
        one.message("m1", LOW)
        await wait_all_tasks_blocked()
        one.message("m2", LOW)
        one.message("m3", between)
        with pytest.raises(MailboxFull) as refused:
            await hub.ask("ada", LOW)
    assert refused.value.crisis is not None
    assert told(refused.value.crisis) == ("crisis", True, True)
