"""The bounds of connections, and the Hypercorn configuration that follows from them. Pure."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypercorn.config import Config

from nexus_trio.errors import SettingsError


@dataclass(frozen=True, slots=True)
class Limits:
    """What one connection may cost, and how many there may be. Times in seconds, sizes in bytes.

    `send`: the longest that one piece of at most 64 KiB may wait for a client
    that does not read; 30 s is the time after which a silent connection is no
    connection (I15). A client that reads 2.2 KB/s or more is never cut.
    `head`: from the first byte of a request to the end of its head; who types
    one by hand needs less, and one byte a second would hold a connection for hours.
    `body`: the longest silence within a request's body.
    `ping`: the silence of a WebSocket after which its client is pinged; a
    conforming client answers by itself (RFC 6455, section 5.5.3).
    `silence`: the longest silence of a WebSocket, unanswered ping included.
    `linger`: how long what a client still sends is read and thrown away after
    our last byte: closing with unread bytes would reset the connection and take
    the answer with it (RFC 9112, section 9.6).
    `grace`: from the order to stop to the end of the process; 10 s is what
    container runtimes wait before they kill.
    `headers`: 32 KiB, nginx's large_client_header_buffers in all.
    `header_count`: each line costs more than its bytes; Apache takes 100.
    `target`: the least that RFC 9112, section 3, would have everybody take is 8000.
    `frame`: the largest WebSocket message, 64 KiB of payload.
    `connections`: open at once, in all. An idle one takes some 12 KiB.
    `per_address`: of these, from one address that is not loopback.
    `refusals`: over these limits, how many are heard out so that they get their
    answer; more are answered and closed in the same step.
    """

    send: float = 30.0
    head: float = 30.0
    body: float = 30.0
    ping: float = 15.0
    silence: float = 30.0
    linger: float = 1.0
    grace: float = 10.0
    headers: int = 32 * 1024
    header_count: int = 128
    target: int = 8 * 1024
    frame: int = 64 * 1024
    connections: int = 10_000
    per_address: int = 256
    refusals: int = 64


# A connection is not closed for having been used often: a turn that fails
# because it was the 1,001st looks to its user like a crash. One request per
# microsecond would take a quarter of an hour to get here.
REQUESTS_PER_CONNECTION = 10**9

# Connections that the kernel keeps until they are accepted. Hypercorn's 100 is
# passed by one burst of reconnecting clients; Linux cuts at somaxconn (4096).
BACKLOG = 1024


def configured(
    host: str, port: int, grace: float, certificate: tuple[str, str] | None = None
) -> Config:
    """The configuration of a server of our own on one TCP address.

    `port` 0 takes a free port; `grace` (seconds, above 0) is as in `Limits`;
    `certificate` names the PEM files of a chain and its key, and makes it HTTPS.
    The other bounds are put in where the server starts, from what was given to
    `install`. Hypercorn's own lines go to stderr from warnings on: what is said
    on stdout is the caller's.
    """
    config = Config()
    config.bind = [f"[{host}]:{port}" if ":" in host else f"{host}:{port}"]
    config.worker_class = "trio"
    config.graceful_timeout = grace
    config.loglevel = "WARNING"
    if certificate is not None:
        config.certfile, config.keyfile = certificate
    return config


def apply(config: Config, limits: Limits) -> None:
    """Put our bounds where the operator set nothing."""
    ours: dict[str, Any] = {
        "backlog": BACKLOG,
        "graceful_timeout": limits.grace,
        "h11_max_incomplete_size": limits.headers,
        "h2_max_header_list_size": limits.headers,
        "include_server_header": False,
        "keep_alive_max_requests": REQUESTS_PER_CONNECTION,
        "read_timeout": limits.body,
        "websocket_max_message_size": limits.frame,
    }
    for name, value in ours.items():
        if name not in vars(config):
            setattr(config, name, value)


def refuse_unusable_certificate(config: Config) -> None:
    """Raise `SettingsError` for files that TLS can't begin with. Asks nobody for a password."""
    if config.certfile is None or config.keyfile is None:
        return
    for name in ("certfile", "keyfile"):
        path = getattr(config, name)
        try:
            Path(path).read_bytes()
        except OSError as error:
            raise SettingsError(f"can't read the {name} {path}: {error.strerror}") from None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(
            config.certfile, config.keyfile, password=lambda: config.keyfile_password or ""
        )
    except (ssl.SSLError, ValueError):
        raise SettingsError(
            f"{config.certfile} and {config.keyfile} can't be used: give a certificate in PEM, and "
            "the key that belongs to it, without a password"
        ) from None


def refuse_unsupported(config: Config) -> None:
    """Raise `SettingsError` for what can't be served: several workers, QUIC."""
    if config.workers > 1:
        raise SettingsError(
            f"{config.workers} workers were asked for, but rooms and sessions live in one "
            "process: start it with --workers 1"
        )
    if config.quic_bind:
        raise SettingsError(
            "QUIC is not served: leave --quic-bind away, or put a proxy that speaks HTTP/3 in front"
        )
