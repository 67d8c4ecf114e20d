"""From what a command was told to a conversation: who, where, and with what server."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace

import trio

from nexus_trio.client import BadFrame, Client, Ended, Unreachable, connect
from nexus_trio.errors import InvalidRequest, SettingsError
from nexus_trio.model import fields
from nexus_trio.settings import Settings
from nexus_trio.terminal.chat import Manner, Outcome, converse
from nexus_trio.terminal.naming import default_user


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the user asked for; `url` and `user` None where they did not say."""

    url: str | None
    user: str | None
    username: str | None
    room: str | None
    settings: Settings
    manner: Manner
    environ: Mapping[str, str]

    @property
    def asks(self) -> bool:
        """Whether somebody is there who can be asked."""
        return self.manner.screen or self.manner.typed


def manner_of(environ: Mapping[str, str], *, plain: bool, colour: bool, as_json: bool) -> Manner:
    """How to show a chat on this process's input and output."""
    typed = sys.stdin.isatty() and sys.stdout.isatty()
    draws = typed and not plain and not as_json and environ.get("TERM", "dumb") != "dumb"
    # An empty NO_COLOR says nothing (no-color.org).
    coloured = draws and colour and not environ.get("NO_COLOR")
    return Manner(draws, typed and not draws, colour=coloured, as_json=as_json)


async def chat(wanted: Wanted) -> Outcome:
    """Chat. Raises `SettingsError`, which says what to do, maybe in a group; see `converse`."""
    user = await _user(wanted)
    async with AsyncExitStack() as stack:
        client = await _client(stack, replace(wanted, user=user))
        return await converse(client, user, wanted.manner)


async def _user(wanted: Wanted) -> str:
    if wanted.user is not None or not wanted.asks:
        return named(wanted.user, wanted.environ)
    proposed = default_user(wanted.environ)
    while True:
        answer = await asked(f"Your name here [{proposed}]: ") or proposed
        try:
            return fields.user_id(answer, "a name")
        except InvalidRequest as error:
            print(f"{error.detail}; try again")


def named(user: str | None, environ: Mapping[str, str]) -> str:
    """`user`, or else the name that one has here. Raises `SettingsError` where it can't be."""
    try:
        return fields.user_id(default_user(environ) if user is None else user, "--user")
    except InvalidRequest as error:
        raise SettingsError(error.detail) from None


async def asked(question: str) -> str:
    """What is answered on the terminal, without spaces around it. Raises `SettingsError` at its
    end (Ctrl-D). Cancelled, or interrupted, the question is left standing."""
    print(question, end="", flush=True)  # `input` itself might ask on standard error
    try:
        return (await trio.to_thread.run_sync(input, abandon_on_cancel=True)).strip()
    except EOFError:
        raise SettingsError("left before anything began; nothing was sent") from None


async def _client(stack: AsyncExitStack, wanted: Wanted) -> Client:
    settings = wanted.settings
    url = wanted.url or f"http://{_host(settings.host)}:{settings.port}"
    try:
        return await enter(stack, url, wanted)
    except Unreachable as error:
        if wanted.url is not None:
            raise SettingsError(f"can't reach {url}: {error}") from None
    # Loaded only where one is started: it takes as long as all the rest.
    from nexus_trio.terminal.own_server import own_server

    own = await stack.enter_async_context(own_server(await _own_settings(url, wanted)))
    if wanted.asks:
        print(f"Others on this machine can join: nexus-trio chat --url {own}")
    return await enter(stack, own, wanted)


async def _own_settings(url: str, wanted: Wanted) -> Settings:
    """Of a server of one's own. Asks where somebody is there, and otherwise keeps nothing."""
    settings = wanted.settings
    nobody = f"No server answers at {url}."
    if not wanted.asks:
        print(f"{nobody} This chat has one of its own, and keeps nothing.", file=sys.stderr)
        return replace(settings, host="127.0.0.1", port=0, durability="memory")
    keeps = (
        "It keeps nothing"
        if settings.durability == "memory"
        else f"Its data stays in {settings.data}"
    )
    print(nobody)
    answer = await asked(f"Start one here, until you leave? {keeps}. [Y/n] ")
    if answer.casefold() not in ("", "y", "yes"):
        raise SettingsError("start a server with 'nexus-trio serve', or name one with --url")
    return settings


def _host(host: str) -> str:
    return f"[{host}]" if ":" in host else host


async def enter(stack: AsyncExitStack, url: str, wanted: Wanted) -> Client:
    """Connect. Raises `Unreachable` where nobody answers, `SettingsError` where it is refused."""
    connecting = connect(url, user=wanted.user, username=wanted.username, room=wanted.room)
    try:
        return await stack.enter_async_context(connecting)
    except Unreachable:
        raise
    except BadFrame as error:  # the server says which field, and what it may be
        raise SettingsError(error.detail) from None
    except Ended as error:
        raise SettingsError(f"{url}: {error}") from None
    except ValueError as error:
        raise SettingsError(str(error)) from None
