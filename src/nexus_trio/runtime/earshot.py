"""What a room's persona has in its ears: what was said aloud there lately, and what it answered.

An answer is made of all the words in its prompt, and of those that earlier answers
in it were made of, and so on. Each answer carries the users whose words these
were, so that it can go when any of them is erased (I19). That they stay few is seen
to here: an earlier answer that is made of too many people's words is left out.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from nexus_trio.model.envelope import RoomEvent
from nexus_trio.model.naming import call
from nexus_trio.model.room_state import is_persona
from nexus_trio.responders.base import Exchange

WINDOW: Final = 200
KEPT_CHARS: Final = 2000
"""How many of the things said aloud are remembered, and how many characters of each: less
than a megabyte a room, in nearly every case, and bounded in all."""

MOST_HEARD: Final = 64
"""Users whose words one answer may be made of, its asker included: each is a row in the
store. A prompt has the words of `history_window` people at most, by default 20; the rest
is for what earlier answers were made of."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A part of what the persona answered, and the others whose words it was made of."""

    text: str = field(repr=False)
    heard: frozenset[str] = frozenset()


@dataclass(slots=True, eq=False)
class Words:
    """Something that a user said aloud, and what the persona answered to it."""

    user_id: str
    username: str | None = field(repr=False)
    text: str = field(repr=False)
    offset: int
    answers: list[Answer] = field(default_factory=list, repr=False)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known when words are answered, oldest first.

    `username`: what their speaker is called; `heard` the others of whose words it is
    made; `since` the offset of the first of the words; `turn` counts the speaker's
    questions that were answered, this one included.
    """

    username: str | None = field(repr=False)
    history: tuple[Exchange, ...] = field(repr=False)
    heard: frozenset[str]
    since: int
    turn: int


class Earshot:
    """The newest things said aloud in one room, in its order. Never waits."""

    def __init__(self, persona: str) -> None:
        self._persona = persona
        self._words: deque[Words] = deque(maxlen=WINDOW)

    def hear(self, event: RoomEvent, answering: Words | None = None) -> Words | None:
        """Keep what was said; returns it where a person said it.

        An answer stands with the words that it answers: `answering`, or else the
        latest ones of the user whom it is about.
        """
        if event.event != "said" or event.user_id is None or event.position is None:
            return None
        text = event.text or ""
        if not is_persona(event.user_id):
            offset = event.position.offset
            words = Words(event.user_id, event.username, text[:KEPT_CHARS], offset)
            self._words.append(words)
            return words
        if answering is None or answering.user_id != event.about:
            asked = (words for words in reversed(self._words) if words.user_id == event.about)
            answering = next(asked, None)
        if answering is not None:
            answering.answers.append(Answer(text, event.heard))
        return None

    def recall(self, events: Iterable[RoomEvent], tail: int) -> None:
        """Remember what was said before all of this, of a room that was at offset `tail`."""
        heard = tuple(self._words)
        self._words.clear()
        # What was heard meanwhile is in the store as well.
        before = heard[0].offset if heard else tail + 1
        for event in events:
            if event.position is not None and event.position.offset < before:
                self.hear(event)
        self._words.extend(heard)

    def forget(self, user_id: str) -> None:
        """Nothing is kept that the user said, or that was made of it."""
        self._drop(lambda words: words.user_id == user_id)
        for words in self._words:
            words.answers = [each for each in words.answers if user_id not in each.heard]

    def expired(self, offset: int) -> None:
        """Nothing is kept of what was said up to that offset."""
        self._drop(lambda words: words.offset <= offset)

    def _drop(self, gone: Callable[[Words], bool]) -> None:
        kept = [words for words in self._words if not gone(words)]
        self._words.clear()
        self._words.extend(kept)

    def before(self, asked: Words, most: int) -> Known:
        """The newest `most` things that were said aloud before these words, by whomever."""
        earlier = [words for words in self._words if words.offset < asked.offset]
        people = {asked.user_id}
        told: list[Words] = []
        for words in reversed(earlier[max(0, len(earlier) - most) :]):
            if len(people | {words.user_id}) > MOST_HEARD:
                break
            people.add(words.user_id)
            told.append(words)
        # Of the answers the newest ones first: all that were made of few enough people's words.
        answered = [(words, _answer(words, people)) for words in told]
        answered.reverse()
        named = [(asked.user_id, asked.username)]
        named += [(words.user_id, words.username) for words in told]
        names = call(named, self._persona)
        return Known(
            names[asked.user_id] if asked.username else None,
            tuple(
                Exchange(
                    words.text,
                    answer,
                    speaker=None if words.user_id == asked.user_id else names[words.user_id],
                )
                for words, answer in answered
            ),
            frozenset(people - {asked.user_id}),
            min((words.offset for words in told), default=asked.offset),
            1 + sum(bool(w.answers) for w in earlier if w.user_id == asked.user_id),
        )


def _answer(words: Words, people: set[str]) -> str:
    """What was answered, where it and `people` are made of few enough; they are added to these."""
    others = frozenset[str]().union(*(answer.heard for answer in words.answers))
    if len(people | others) > MOST_HEARD:
        return ""
    people |= others
    return " ".join(answer.text for answer in words.answers)
