"""Servers that are broken on purpose, one per fault, all in one process.

Each is the plain bridge of the benchmarks with one thing wrong. Run as a
program it prints one line of JSON, `{"FAULT": "http://HOST:PORT", …}`, once all
accept connections, and ends at SIGTERM.
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
import signal
import sys
from pathlib import Path
from typing import Any

from aiohttp import web

PEER = Path(__file__).parents[2] / "benchmarks" / "peers" / "aiohttp_bridge.py"
spec = importlib.util.spec_from_file_location("aiohttp_bridge", PEER)
assert spec is not None
assert spec.loader is not None
peer = importlib.util.module_from_spec(spec)
sys.path.insert(0, str(PEER.parent))  # it imports the plain design from beside it
sys.modules["aiohttp_bridge"] = peer  # dataclasses look their module up by name
spec.loader.exec_module(peer)

EVERYDAY = "please say my token back"  # in each message of the N users and in no other


class Sound(peer.Bridge):
    """Nothing is wrong here: what passes must pass."""


class CrossedReplies(peer.Bridge):
    """Each everyday reply carries the words that were meant for whoever came before."""

    before = ""

    def turn(self, session: Any, message: str, locale: str) -> dict[str, Any]:
        reply = super().turn(session, message, locale)
        if EVERYDAY in message:
            self.before, reply["response"] = reply["response"], self.before or reply["response"]
        return reply


class SharedHistory(peer.Bridge):
    """One history for all who come for their own."""

    async def history(self, request: web.Request) -> web.Response:
        user = self.known(request).user_id
        turns = [turn for session in self.sessions.values() for turn in session.turns]
        return web.json_response({"user_id": user, "turns": turns, "next": None})


class DroppedMessage(peer.Bridge):
    """Each session's third message is answered and counted, and then lost."""

    async def history(self, request: web.Request) -> web.Response:
        session = self.known(request)
        turns = session.turns[:2] + session.turns[3:]
        return web.json_response({"user_id": session.user_id, "turns": turns, "next": None})


class LostTurn(peer.Bridge):
    """Each session's third message is answered and never stored."""

    def turn(self, session: Any, message: str, locale: str) -> dict[str, Any]:
        reply = super().turn(session, message, locale)
        if EVERYDAY in message and len(session.turns) == 3:
            session.turns.pop()
        return reply


class Refuses(peer.Bridge):
    """A session's third message is refused, once for each session."""

    def __init__(self) -> None:
        super().__init__()
        self.refused: set[str] = set()

    def turn(self, session: Any, message: str, locale: str) -> dict[str, Any]:
        if EVERYDAY in message and len(session.turns) == 2 and session.user_id not in self.refused:
            self.refused.add(session.user_id)
            raise peer.Problem(503, "store_unavailable", "The store is not available.")
        return super().turn(session, message, locale)


class Miscounts(peer.Bridge):
    """A session is said to hold one message more than it does."""

    async def show_session(self, request: web.Request) -> web.Response:
        session = self.known(request)
        return web.json_response({**session.public(), "session_messages": len(session.turns) + 1})


class Unlisted(peer.Bridge):
    """The first of the sessions is missing from the list."""

    async def list_sessions(self, request: web.Request) -> web.Response:
        found = [each.public() for each in self.sessions.values() if each.room is not None][1:]
        return web.json_response({"count": len(found), "sessions": found})


class LookMissesOne(peer.Bridge):
    """A look leaves out the last of the occupants."""

    async def look(self, request: web.Request) -> web.Response:
        view = self.view(self.room_named(request.match_info["room"]))
        return web.json_response({**view, "occupants": view["occupants"][:-1]})


class LookFlickers(peer.Bridge):
    """Every second look leaves out the last of the occupants."""

    looks = 0

    async def look(self, request: web.Request) -> web.Response:
        view = self.view(self.room_named(request.match_info["room"]))
        self.looks += 1
        kept = view["occupants"][: -1 if self.looks % 2 else None]
        return web.json_response({**view, "occupants": kept})


class Ghosts(peer.Bridge):
    """Who goes to another room stays in the one before as well."""

    def move(self, session: Any, room: str | None) -> None:
        before = session.room
        super().move(session, room)
        if before is not None and room is not None and before != room:
            self.occupants[before].add(session.user_id)


class WrongRoom(peer.Bridge):
    """A reply says that its user is in the Tower, wherever that is."""

    def turn(self, session: Any, message: str, locale: str) -> dict[str, Any]:
        return {**super().turn(session, message, locale), "room": "Tower"}


class SharedWatch(peer.Bridge):
    """One crisis watch for all sessions."""

    def assess(self, session: Any, message: str, locale: str) -> dict[str, Any]:
        session.watch = getattr(self, "watch", session.watch)
        crisis = super().assess(session, message, locale)
        self.watch = session.watch
        return crisis


class BlindInACrowd(peer.Bridge):
    """Screening is left out when more than a few sessions are open."""

    def assess(self, session: Any, message: str, locale: str) -> dict[str, Any]:
        if len(self.sessions) > 3:
            message = "hello"
        return super().assess(session, message, locale)


class NoHotline(peer.Bridge):
    """The notice does not name the hotline."""

    def assess(self, session: Any, message: str, locale: str) -> dict[str, Any]:
        crisis = super().assess(session, message, locale)
        crisis["notice"] = crisis["notice"] and "Please speak to somebody."
        return crisis


class MissesExplicit(peer.Bridge):
    """Explicit statements on a first turn are not detected."""

    def assess(self, session: Any, message: str, locale: str) -> dict[str, Any]:
        crisis = super().assess(session, message, locale)
        if not session.turns:
            crisis.update(detected=False)
        return crisis


class TooEarly(peer.Bridge):
    """Low distress counts as a crisis on its second turn already."""

    def assess(self, session: Any, message: str, locale: str) -> dict[str, Any]:
        crisis = super().assess(session, message, locale)
        if crisis["turns"] == 2:
            crisis["detected"] = True
        return crisis


class NoticeForTheNext(peer.Bridge):
    """A crisis notice goes also to whoever speaks next."""

    left_over = ""

    def turn(self, session: Any, message: str, locale: str) -> dict[str, Any]:
        reply = super().turn(session, message, locale)
        if EVERYDAY in message:
            reply["response"] = f"{self.left_over} {reply['response']}"
            self.left_over = ""
        self.left_over = reply["crisis"]["notice"] or self.left_over
        return reply


class LevelsInList(peer.Bridge):
    """The list of sessions tells everyone's level."""

    async def list_sessions(self, request: web.Request) -> web.Response:
        found = [
            {**each.public(), "crisis_level": each.watch.level} for each in self.sessions.values()
        ]
        return web.json_response({"count": len(found), "sessions": found})


class NotErased(peer.Bridge):
    """Erasing says that it is done, and does nothing."""

    async def erase(self, request: web.Request) -> web.Response:
        self.known(request)
        return web.json_response({"erased": {"turns": 0, "events": 0}})


FAULTS: dict[str, type[Any]] = {
    each.__name__: each
    for each in (
        Sound,
        CrossedReplies,
        SharedHistory,
        DroppedMessage,
        LostTurn,
        Refuses,
        Miscounts,
        Unlisted,
        LookMissesOne,
        LookFlickers,
        Ghosts,
        WrongRoom,
        SharedWatch,
        BlindInACrowd,
        NoHotline,
        MissesExplicit,
        TooEarly,
        NoticeForTheNext,
        LevelsInList,
        NotErased,
    )
}


async def main() -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    runners, urls = [], {}
    try:
        for name, bridge in FAULTS.items():
            runner = web.AppRunner(bridge().app(), access_log=None)
            runners.append(runner)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            urls[name] = f"http://127.0.0.1:{runner.addresses[0][1]}"
        print(json.dumps(urls), flush=True)
        await stop.wait()
    finally:
        for runner in runners:
            await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(main())
