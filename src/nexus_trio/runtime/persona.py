"""A room's persona, aloud: it hears what all in the room hear, and answers what is said to it.

An actor beside the room, which never waits for it. It is addressed by its name,
or by a question of somebody who is alone with it. It answers one at a time, in
whole sentences, each an event of the room like anybody's words; then it keeps
silent for a while, and it never listens to a persona, so that no two of them
talk each other into a loop.

An answer is made of what its one asker said aloud in this room, and of what was
answered to it: of nobody's private turns, of no verdict, and of nobody else's
words, so that it can go with its asker when that user is erased (I1, I19).
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import trio

from nexus_trio.errors import NexusError
from nexus_trio.model.envelope import Position, RoomEvent
from nexus_trio.model.room_state import is_persona, persona_id
from nexus_trio.responders.base import Exchange, Prompt
from nexus_trio.runtime.aloud import Aloud
from nexus_trio.runtime.room import Ask, RoomActor
from nexus_trio.runtime.services import Services

QUEUE: Final = 16
"""What is said to it while it answers waits here; where it is full, the oldest is dropped: in
a room that has gone on talking an old question is no longer waited for."""

WINDOW: Final = 200
KEPT_CHARS: Final = 2000
"""How many of the things said aloud it remembers, and how many characters it reads of each:
less than a megabyte a room, in nearly every case, and bounded in all."""

PATIENCE_S: Final = 30.0
"""The longest an answer may take: the room goes on meanwhile, and the next ones wait."""


@dataclass(slots=True, eq=False)
class _Said:
    """Something that a user said aloud, and what the persona answered to it."""

    user_id: str
    username: str | None = field(repr=False)
    text: str = field(repr=False)
    offset: int
    answers: list[str] = field(default_factory=list, repr=False)


class PersonaActor:
    """The persona of one room. The hub runs it, contained. All but `run` never waits."""

    def __init__(self, room: RoomActor, services: Services) -> None:
        self._room = room
        self._services = services
        self._name = room.spec.persona.name
        self._id = persona_id(self._name)
        self._named = re.compile(rf"(?<!\w){re.escape(self._name)}(?!\w)", re.IGNORECASE)
        # What was said to it and is not answered yet; the oldest goes where it is full.
        self._queue: deque[_Said] = deque(maxlen=QUEUE)
        self._window: deque[_Said] = deque(maxlen=WINDOW)
        self._called = trio.Event()
        self._answering: _Said | None = None
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
        said = self._remember(event)
        if said is None or self._hushed:
            return
        text = event.text or ""
        if self._named.search(text) or (_asks(text) and self._room.alone):
            self._queue.append(said)
            self._called.set()

    def _remember(self, event: RoomEvent) -> _Said | None:
        """Keep what was said; returns it where a person said it."""
        if event.event != "said" or event.user_id is None or event.position is None:
            return None
        text = event.text or ""
        if not is_persona(event.user_id):
            offset = event.position.offset
            said = _Said(event.user_id, event.username, text[:KEPT_CHARS], offset)
            self._window.append(said)
            return said
        answered = self._answered(event.about)
        if answered is not None:
            answered.answers.append(text)
        return None

    def _answered(self, user_id: str | None) -> _Said | None:
        """What an answer to that user is an answer to."""
        if self._answering is not None and self._answering.user_id == user_id:
            return self._answering
        return next((said for said in reversed(self._window) if said.user_id == user_id), None)

    def forget(self, user_id: str) -> None:
        """The user was erased: nothing of theirs is kept, and an answer to them ends (I19)."""
        if not self._recalled:
            self._forgotten.add(user_id)
        self._drop(lambda said: said.user_id == user_id)

    def expired(self, offset: int) -> None:
        """Retention took the events up to that offset: they are forgotten here, too."""
        self._expired = max(self._expired, offset)
        self._drop(lambda said: said.offset <= offset)

    def _drop(self, gone: Callable[[_Said], bool]) -> None:
        for row in (self._queue, self._window):
            kept = [said for said in row if not gone(said)]
            row.clear()
            row.extend(kept)
        if self._answering is not None and gone(self._answering):
            self._scope.cancel()

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
            said = self._queue.popleft()
            # Whoever has gone does not hear it any more.
            if self._room.holds(said.user_id):
                await self._answer(said)
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
        heard = tuple(self._window)
        self._window.clear()
        # What was heard before this task came to run is in the store as well.
        before = heard[0].offset if heard else tail.offset + 1
        for event in events:
            if event.position is not None and event.position.offset < before:
                self._remember(event)
        self._window.extend(heard)
        # What went meanwhile may have been read before it went.
        self._drop(lambda said: said.user_id in self._forgotten or said.offset <= self._expired)

    async def _answer(self, said: _Said) -> None:
        self._answering = said
        try:
            with trio.move_on_after(PATIENCE_S) as self._scope:
                await self._speak(said)
        except NexusError:
            return  # the responder failed, or the asker has gone: what was said stands
        finally:
            self._answering = None

    async def _speak(self, said: _Said) -> None:
        prompt, aloud = self._prompt(said), Aloud()
        ready = self._services.responder.ready(prompt)
        if ready is not None:
            await self._say(said, [*aloud.hear(ready), *aloud.end()])
            return
        async with self._services.responder.stream(prompt) as pieces:
            async for piece in pieces:
                await self._say(said, aloud.hear(piece))
                if aloud.over:
                    break
        await self._say(said, aloud.end())

    async def _say(self, said: _Said, sentences: list[str]) -> None:
        """Say them as one event. Raises `NotFound` where the asker has gone."""
        if sentences:
            await self._room.ask(Ask("answer", said.user_id, text=" ".join(sentences)))

    def _prompt(self, said: _Said) -> Prompt:
        """The words, and what this user and the persona said aloud to each other before."""
        window = self._services.settings.history_window
        user = said.user_id
        own = [each for each in self._window if each.user_id == user and each.offset < said.offset]
        history = [Exchange(each.text, " ".join(each.answers)) for each in own]
        return Prompt(
            self._id,
            said.username,
            self._room.spec,
            1 + sum(bool(each.answers) for each in own),
            self._without_name(said.text),
            # Of no verdict, neither these words' nor the session's own: all hear the answer.
            "none",
            tuple(history[max(0, len(history) - window) :]),
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
