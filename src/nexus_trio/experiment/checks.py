"""The checks on sessions and rooms: pure functions from a `Record` to a `Check`.

Each looks at nothing but what came back over the wire, counts what it saw and
says so in `seen`. Nothing that is missing counts as passed.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from nexus_trio.experiment.record import Call, Chat, Look, Record
from nexus_trio.experiment.traces import canaries, objects, occupants, text_of

Group = Literal["sessions", "rooms", "crisis", "run"]


@dataclass(frozen=True, slots=True)
class Check:
    """One statement, whether it held, and in a short figure what was seen."""

    name: str
    passed: bool
    seen: str
    group: Group


def by_user(record: Record) -> dict[str, list[Chat]]:
    """Every user's messages in the order in which they were sent."""
    found: dict[str, list[Chat]] = defaultdict(list)
    for chat in record.chats:
        found[chat.user_id].append(chat)
    return found


def independent_streams(record: Record) -> Check:
    """Every reply carries its own user's canary and nobody else's."""
    chats, own, crossed = by_user(record), 0, 0
    for person in record.ordinary():
        for chat in chats[person.user_id]:
            right = chat.reply.get("user_id") == person.user_id
            own += right and person.canary in canaries(text_of(chat.reply.get("response")))
            crossed += bool(canaries(chat.raw) - {person.canary})
    expected = record.messages * len(record.ordinary())
    seen = f"{own} of {expected} replies carry their user's canary; {crossed} carry another's"
    return Check("independent response streams", own == expected and not crossed, seen, "sessions")


def sessions_tracked(record: Record) -> Check:
    """While all are live, the list of sessions holds each user once, with a session of its own."""
    ids = [person.user_id for person in record.ordinary()]
    listed, counted, distinct = 0, True, True
    for call in record.sessions:
        found = objects(call.body, "sessions")
        often = Counter(str(each.get("user_id")) for each in found)
        listed = sum(often[user] == 1 for user in ids)
        counted = counted and call.body.get("count") == len(found)
        mine = [each.get("session_id") for each in found if each.get("user_id") in ids]
        distinct = distinct and None not in mine and len(set(mine)) == len(mine)
    passed = bool(record.sessions) and listed == len(ids) and counted and distinct
    seen = f"{listed} of {len(ids)} users listed once"
    if not counted:
        seen += "; `count` is not the number of sessions listed"
    if not distinct:
        seen += "; two users share a session id"
    return Check("all N active sessions tracked", passed, seen, "sessions")


def histories_own(record: Record) -> Check:
    """Each history holds exactly the user's own messages, in order."""
    chats, exact, foreign = by_user(record), 0, 0
    users = record.ordinary()
    for person in users:
        pages = record.histories.get(person.user_id, [])
        turns = [turn for page in pages for turn in objects(page.body, "turns")]
        told = [text_of(turn.get("message")) for turn in turns]
        sent = [chat.message for chat in chats[person.user_id] if chat.status == 200]
        exact += bool(pages) and told == sent and all(page.status == 200 for page in pages)
        foreign += any(canaries(page.raw) - {person.canary} for page in pages)
    seen = f"{exact} of {len(users)} histories exact; {foreign} hold another's canary"
    passed = exact == len(users) and not foreign
    return Check("no cross-user history leakage", passed, seen, "sessions")


def counts_correct(record: Record) -> Check:
    """Replies count 1, 2, 3 …; at the end session object and list say as many as were sent.

    Who is missing from the list is the business of `sessions_tracked`.
    """
    chats, right = by_user(record), 0
    expected = list(range(1, record.messages + 1))
    listed = {
        each.get("user_id"): each.get("session_messages")
        for call in record.sessions
        for each in objects(call.body, "sessions")
    }
    users = record.ordinary()
    for person in users:
        replies = [chat.reply for chat in chats[person.user_id]]
        shown = record.shown.get(person.user_id)
        right += (
            [reply.get("turn") for reply in replies] == expected
            and [reply.get("session_messages") for reply in replies] == expected
            and shown is not None
            and shown.body.get("session_messages") == record.messages
            and listed.get(person.user_id, record.messages) == record.messages
        )
    seen = f"{right} of {len(users)} users at {record.messages} messages, counted one by one"
    return Check("per-session message counts correct", right == len(users), seen, "sessions")


def rooms_visited(record: Record) -> Check:
    """Each user went to every room and was among its occupants; each reply names the right room."""
    seen_in: dict[str, set[str]] = defaultdict(set)
    for move in record.moves:
        if move.status == 200 and move.user_id in occupants(move.body):
            seen_in[move.user_id].add(text_of(move.body.get("room")))
    users = record.ordinary()
    all_rooms = set(record.rooms)
    whole = sum(seen_in[person.user_id] == all_rooms for person in users)
    ids = {person.user_id for person in users}
    answered = [chat for chat in record.chats if chat.user_id in ids and chat.status == 200]
    wrong = sum(chat.reply.get("room") != chat.room for chat in answered)
    seen = f"{whole} of {len(users)} users seen in all {len(all_rooms)} rooms"
    seen += f"; {wrong} replies from another room"
    passed = bool(all_rooms) and whole == len(users) and not wrong
    return Check("every room visited by every user", passed, seen, "rooms")


def rounds(record: Record) -> list[list[Look]]:
    """The looks of each moment."""
    found: dict[int, list[Look]] = defaultdict(list)
    for look in record.looks:
        found[look.round].append(look)
    return [found[number] for number in sorted(found)]


def looks_consistent(record: Record) -> Check:
    """Looks of one moment agree, in sorted lists without doubles.

    On a live server strangers may come and go between two looks of one moment.
    So the whole lists must be equal where the room's position is, and apart
    from strangers they must be equal in any case.
    """
    users, agreed = len(record.ordinary()), 0
    ours = {person.user_id for person in record.people}
    moments = rounds(record)
    for looks in moments:
        lists = [occupants(look.call.body) for look in looks]
        at: dict[str, set[tuple[str, ...]]] = defaultdict(set)
        for look, found in zip(looks, lists, strict=True):
            at[text_of(look.call.body.get("position"))].add(tuple(found))
        agreed += (
            len(looks) == users
            and all(look.call.status == 200 for look in looks)
            and all(found == sorted(set(found)) for found in lists)
            and len({tuple(each for each in found if each in ours) for found in lists}) == 1
            and all(len(same) == 1 for same in at.values())
        )
    seen = f"{agreed} of {len(moments)} moments of {users} looks at once agree"
    passed = bool(moments) and agreed == len(moments)
    return Check("concurrent look returns consistent occupants", passed, seen, "rooms")


def same_members(record: Record) -> Check:
    """In each gathering every user sees all N users, and none of ours who had left."""
    members = {person.user_id for person in record.ordinary()}
    ours = {person.user_id for person in record.people}
    views = [look for look in record.looks if look.alone]
    found = [set(occupants(look.call.body)) for look in views]
    right = sum(each & ours == members for each in found)
    strangers = len(set().union(*found) - ours)
    gatherings = {look.room for look in views}
    whole = gatherings == set(record.rooms) and len(views) == len(members) * len(record.rooms)
    seen = f"{right} of {len(views)} views in {len(gatherings)} rooms show the {len(members)} users"
    if strangers:
        seen += f"; {strangers} other people were about"
    passed = bool(views) and whole and right == len(views)
    return Check("all N users see the same N-member set", passed, seen, "rooms")


def no_ghosts(record: Record) -> Check:
    """Nobody who has gone to the next room is still seen in the one before."""
    members = {person.user_id for person in record.ordinary()}
    ghosts = sum(len(members & set(occupants(call.body))) for call in record.left)
    passed = bool(record.left) and ghosts == 0 and _all_ok(record.left)
    seen = f"{ghosts} ghosts in {len(record.left)} rooms left behind"
    return Check("nobody is in two rooms", passed, seen, "rooms")


def no_errors(record: Record) -> Check:
    """Every message and every other call was answered with 200."""
    errors = total_errors(record)
    seen = f"{errors} errors"
    first = next(iter(_failures(record)), "")
    return Check("no errors", errors == 0, f"{seen}; the first: {first}" if first else seen, "run")


def users_erased(record: Record) -> Check:
    """Each user was erased, and the server then knows nothing of it."""
    gone = {call.user_id for call in record.erasures if call.what == "gone" and call.status == 404}
    done = sum(person.user_id in gone for person in record.people)
    seen = f"{done} of {len(record.people)} users erased and not found afterwards"
    return Check("all users erased at the end", done == len(record.people), seen, "run")


def total_errors(record: Record) -> int:
    """How many messages and other calls were not answered as they should be."""
    return sum(1 for _ in _failures(record))


def _failures(record: Record) -> Iterable[str]:
    for chat in record.chats:
        if chat.status != 200:
            yield f"message: {chat.error}"
    for call in record.calls():
        # What the look-up of an erased user should find is for `users_erased` to say.
        if call.status != 200 and (call.what, call.status) != ("gone", 404):
            yield f"{call.what}: {call.error}"


def _all_ok(calls: list[Call]) -> bool:
    return all(call.status == 200 for call in calls)
