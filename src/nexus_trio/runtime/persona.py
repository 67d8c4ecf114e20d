"""A room's persona, aloud: it hears what all in the room hear, and answers what is said to it.

An actor beside the room, which never waits for it. It is addressed by its name,
or by a question of somebody who is alone with it. It answers one at a time, in
whole sentences, each an event of the room like anybody's words; then it keeps
silent for a while, and it never listens to a persona, so that no two of them
talk each other into a loop.

An answer is made of what was said aloud in this room, by whomever, and of what was
answered there: of nobody's private turns, of no verdict, of no other room (I1). It
bears the ids of all whose words it is made of, and goes when any of them is erased (I19).
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import trio

from nexus_trio.errors import NexusError, StoreUnavailable
from nexus_trio.model.envelope import Position, RoomEvent
from nexus_trio.model.room_state import persona_id
from nexus_trio.responders.base import Prompt
from nexus_trio.runtime.aloud import Aloud
from nexus_trio.runtime.earshot import WINDOW, Earshot, Known, Words
from nexus_trio.runtime.room import Ask, RoomActor
from nexus_trio.runtime.services import Services

QUEUE: Final = 16
"""What is said to it while it answers waits here; where it is full, the oldest is dropped: in
a room that has gone on talking an old question is no longer waited for."""

PATIENCE_S: Final = 30.0
"""The longest an answer may take: the room goes on meanwhile, and the next ones wait."""


@dataclass(frozen=True, slots=True)
class _Answering:
    """The answer under way: to what, and what it knows."""

    words: Words
    known: Known

    def made_of(self, user_id: str) -> bool:
        """Whether that user's words are in it."""
        return user_id == self.words.user_id or user_id in self.known.heard


class PersonaActor:
    """The persona of one room. The hub runs it, contained. All but `run` never waits."""

    def __init__(self, room: RoomActor, services: Services) -> None:
        self._room = room
        self._services = services
        self._name = room.spec.persona.name
        self._id = persona_id(self._name)
        self._named = re.compile(rf"(?<!\w){re.escape(self._name)}(?!\w)", re.IGNORECASE)
        # What was said to it and is not answered yet; the oldest goes where it is full.
        self._queue: deque[Words] = deque(maxlen=QUEUE)
        self._earshot = Earshot(self._name)
        self._called = trio.Event()
        self._answering: _Answering | None = None
        self._answered = trio.Event()
        # Whether something that it said may be stored and was not told to anybody yet.
        self._unsure = False
        self._scope = trio.CancelScope()
        self._hushed = False
        self._recalled = False
        # Who was erased, and up to where retention went, while the store is read.
        self._forgotten: set[str] = set()
        self._expired = 0
        room.overheard_by(self._hear)

    # --- what the room and the hub call ---

    def _hear(self, event: RoomEvent) -> None:
        """An event of the room, in its order."""
        words = self._earshot.hear(event, self._answering.words if self._answering else None)
        if words is None or self._hushed:
            return
        text = event.text or ""
        if self._named.search(text) or (_asks(text) and self._room.alone):
            self._queue.append(words)
            self._called.set()

    async def let_go(self, user_id: str) -> None:
        """Before an erasure: return once nothing made of the user's words can be said any more.

        The user must have left for good. An answer under way ends; what of it is with
        the store is stored, and told, before this returns. Raises `StoreUnavailable`
        where it can't be known what of an answer was stored.
        """
        self.forget(user_id)
        while self._unsure or (self._answering and self._answering.made_of(user_id)):
            if self._answering and self._answering.made_of(user_id):
                await self._answered.wait()
            else:
                # The room hears what is in doubt before it finds that the user is not there.
                await self._room.ask(Ask("leave", user_id))
                self._unsure = False
            self.forget(user_id)  # the last of an answer was heard here, too

    def forget(self, user_id: str) -> None:
        """Nothing of the user's is kept, and an answer made of it ends (I19)."""
        if not self._recalled:
            self._forgotten.add(user_id)
        self._earshot.forget(user_id)
        self._drop(lambda words: words.user_id == user_id)
        if self._answering is not None and self._answering.made_of(user_id):
            self._scope.cancel()

    def expired(self, offset: int) -> None:
        """Retention took the events up to that offset: they are forgotten here, too."""
        self._expired = max(self._expired, offset)
        self._earshot.expired(offset)
        self._drop(lambda words: words.offset <= offset)
        if self._answering is not None and self._answering.known.since <= offset:
            self._scope.cancel()

    def _drop(self, gone: Callable[[Words], bool]) -> None:
        kept = [words for words in self._queue if not gone(words)]
        self._queue.clear()
        self._queue.extend(kept)

    def hush(self) -> None:
        """The server is about to end: say nothing more, from now on."""
        self._hushed = True
        self._queue.clear()
        self._scope.cancel()

    # --- the actor ---

    async def run(self) -> None:
        """Answer what is said to it, until cancelled. A crash loses the answer it is at."""
        if not self._recalled:
            try:
                await self._recall()
            finally:
                self._recalled = True  # once, whatever came of it
        while True:
            while not self._queue:
                self._called = trio.Event()
                await self._called.wait()
            words = self._queue.popleft()
            # Whoever has gone does not hear it any more.
            if self._room.holds(words.user_id):
                await self._answer(words)
                await trio.sleep(self._services.settings.persona_cooldown_s)

    async def _recall(self) -> None:
        """Remember what was said before the server started, as far as the store can say."""
        services, tail = self._services, self._room.position
        after = Position(tail.epoch, max(0, tail.offset - WINDOW))
        try:
            read = services.store.room_events(self._room.spec.name, after, WINDOW)
            events = await services.read(read)
        except NexusError:
            return  # then it begins without memories
        self._earshot.recall(events, tail.offset)
        # What went meanwhile may have been read before it went.
        self._earshot.expired(self._expired)
        for user_id in self._forgotten:
            self._earshot.forget(user_id)

    async def _answer(self, words: Words) -> None:
        known = self._earshot.before(words, self._services.settings.history_window)
        answering = self._answering = _Answering(words, known)
        try:
            with trio.move_on_after(PATIENCE_S) as self._scope:
                await self._speak(answering)
        except NexusError:
            return  # the responder failed, or the asker has gone: what was said stands
        finally:
            self._answering = None
            self._answered.set()
            self._answered = trio.Event()

    async def _speak(self, answering: _Answering) -> None:
        prompt, aloud = self._prompt(answering), Aloud()
        ready = self._services.responder.ready(prompt)
        if ready is not None:
            await self._say(answering, [*aloud.hear(ready), *aloud.end()])
            return
        async with self._services.responder.stream(prompt) as pieces:
            async for piece in pieces:
                await self._say(answering, aloud.hear(piece))
                if aloud.over:
                    break
        await self._say(answering, aloud.end())

    async def _say(self, answering: _Answering, sentences: list[str]) -> None:
        """Say them as one event. Raises `NotFound` where the asker has gone.

        Not cancelled half-way, so that nothing of an answer can come when it has ended:
        `let_go` knows by that. The room's patience with the store bounds it.
        """
        if not sentences:
            return
        user, heard = answering.words.user_id, answering.known.heard
        try:
            with trio.CancelScope(shield=True):
                await self._room.ask(Ask("answer", user, text=" ".join(sentences), heard=heard))
        except StoreUnavailable:
            self._unsure = True
            raise

    def _prompt(self, answering: _Answering) -> Prompt:
        """The words, and what was said aloud before them."""
        words, known = answering.words, answering.known
        return Prompt(
            self._id,
            known.username,
            self._room.spec,
            known.turn,
            self._without_name(words.text),
            # Of no verdict, neither these words' nor the session's own: all hear the answer.
            "none",
            known.history,
            aloud=True,
        )

    def _without_name(self, text: str) -> str:
        """What was said, without the persona's own name in front: "Iris, who are you?"."""
        found = self._named.search(text)
        if found is None or text[: found.start()].strip():
            return text
        return text[found.end() :].lstrip(" ,:;.!-\n") or text


def _asks(text: str) -> bool:
    return text.rstrip(" \n\"')*").endswith(("?", "\uff1f"))
