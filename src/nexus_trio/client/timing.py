"""How long the client waits for what, each number with its reason."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds, each above 0; `give_up_s` may be `math.inf`."""

    connect_s: float = 10.0
    """TCP, TLS and the upgrade: three round trips, on the worst of lines."""
    hello_s: float = 10.0
    """From hello to welcome: the server may have to read the session from its store."""
    quiet_s: float = 20.0
    """A server that said nothing for so long is pinged. It pings by itself after 15 s of silence,
    so that a ping from here is rare."""
    pong_s: float = 10.0
    """And where nothing comes within this, it is gone: with `quiet_s` the server's own 30 s."""
    backoff_s: float = 0.1
    """The wait before the first new attempt; each next one waits twice as long, times a random
    share between a half and one, so that a thousand clients do not come back at once."""
    backoff_most_s: float = 15.0
    """No wait is longer: a person is in front of it."""
    steady_s: float = 10.0
    """A connection that lasted so long has the waits begin anew. After a shorter one they go on, to
    eight times `backoff_s`, and further only while no welcome comes."""
    give_up_s: float = 300.0
    """Without a welcome for so long, the client ends with `Unreachable`: longer than a server
    takes to restart."""

    def __post_init__(self) -> None:
        for name in self.__slots__:
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be a number of seconds above 0")
