"""The seams in Hypercorn, the configuration, and the check of addresses."""

from __future__ import annotations

import gc
import socket
from collections.abc import Iterator

import hypercorn.trio
import hypercorn.trio.run
import pytest
from hypercorn.config import Config, Sockets

from nexus_trio.errors import SettingsError
from nexus_trio.lane import (
    Address,
    Limits,
    configured,
    contained,
    install,
    plain_refusal,
    refuse_non_loopback,
)
from nexus_trio.lane.bind import addresses, close, open_sockets
from nexus_trio.lane.config import apply, refuse_unsupported
from nexus_trio.lane.connection import ContainedTCPServer
from nexus_trio.lane.direct import LaneConnection


@pytest.fixture(autouse=True)
def seams(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test installs goes with it."""
    for module, name in [
        (hypercorn.trio.run, "TCPServer"),
        (hypercorn.trio.run, "WorkerContext"),
        (hypercorn.trio.run, "worker_serve"),
        (hypercorn.trio, "worker_serve"),
        (contained, "_installed"),
    ]:
        monkeypatch.setattr(module, name, getattr(module, name))


def accept_all(bound: object) -> None:
    """A check that refuses nothing."""


def test_install_is_idempotent_and_the_last_check_counts() -> None:
    first = install()
    seam = hypercorn.trio.run.worker_serve
    assert install(accept_all, Limits(send=1)) is first
    assert hypercorn.trio.run.worker_serve == seam
    assert hypercorn.trio.run.TCPServer is LaneConnection
    assert first.check is accept_all
    assert first.limits.send == 1


def test_hypercorns_own_transport_can_be_had() -> None:
    install(transport="hypercorn")
    assert hypercorn.trio.run.TCPServer is ContainedTCPServer
    install()
    assert hypercorn.trio.run.TCPServer is LaneConnection


def test_another_hypercorn_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    before = hypercorn.trio.run.TCPServer
    for found in ("0.17.3", "0.19.0", "0.180", "1.0.18"):
        monkeypatch.setattr(contained, "version", lambda _, found=found: found)
        with pytest.raises(SettingsError, match=f"made for Hypercorn 0.18, and {found} is"):
            install()
    assert hypercorn.trio.run.TCPServer is before


@pytest.mark.parametrize(
    "bound",
    [
        [("127.0.0.1", 80)],
        [("127.255.255.254", 80)],
        [("::1", 80)],
        [("::ffff:127.0.0.1", 80)],
        ["/run/nexus.sock"],
        [],
    ],
)
def test_loopback_is_allowed(bound: list[Address]) -> None:
    refuse_non_loopback(bound)


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "192.0.2.1", "::ffff:192.0.2.1", "::ffff:0.0.0.0", "fe80::1%eth0"]
)
def test_any_other_address_is_refused(host: str) -> None:
    with pytest.raises(SettingsError, match="loopback alone"):
        refuse_non_loopback([("127.0.0.1", 80), (host, 80)])


def test_the_operators_settings_win_over_ours() -> None:
    config = Config()
    config.graceful_timeout = 3  # Hypercorn's own default, but asked for
    config.read_timeout = 5
    config.alpn_protocols = ["http/1.1"]
    apply(config, Limits(grace=7))
    assert config.graceful_timeout == 3
    assert config.read_timeout == 5
    assert config.keep_alive_max_requests == 10**9
    assert config.alpn_protocols == ["http/1.1"]


def test_ours_stand_where_nothing_was_set() -> None:
    config = configured("::1", 0, 4)
    apply(config, Limits(body=8))
    assert config.bind == ["[::1]:0"]
    assert config.graceful_timeout == 4
    assert config.read_timeout == 8
    assert config.websocket_max_message_size == 65536


def test_workers_and_quic_are_refused() -> None:
    for name, value in (("workers", 2), ("quic_bind", ["127.0.0.1:4433"])):
        config = Config()
        setattr(config, name, value)
        with pytest.raises(SettingsError):
            refuse_unsupported(config)


@pytest.fixture
def opened() -> Iterator[Sockets]:
    sockets = open_sockets(configured("127.0.0.1", 0, 10))
    yield sockets
    close(sockets)


def test_the_check_sees_what_is_really_bound(opened: Sockets) -> None:
    ((host, port),) = addresses(opened)
    assert host == "127.0.0.1"
    assert port == opened.insecure_sockets[0].getsockname()[1]


@pytest.mark.parametrize(
    ("host", "port", "says"),
    [
        ("192.0.2.1", 0, "port 0 on 192.0.2.1 is no address of this machine; .* --host"),
        ("no-such-host.invalid", 80, "no address of this machine"),
    ],
)
def test_an_address_that_can_not_be_bound_is_refused(host: str, port: int, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        open_sockets(configured(host, port, 10))
    gc.collect()  # a socket left open would warn here


def test_a_port_in_use_is_refused_with_nothing_left_open() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SettingsError, match=f"port {port} on 127.0.0.1 is in use"):
            open_sockets(configured("127.0.0.1", port, 10))
    gc.collect()


def test_a_refusal_in_a_group_is_plain(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended, plain_refusal():
        raise ExceptionGroup("nursery", [ExceptionGroup("nursery", [SettingsError("do this")])])
    assert ended.value.code == 2
    assert capsys.readouterr().err == "nexus-trio: do this\n"


def test_what_else_broke_is_not_made_plain() -> None:
    with pytest.raises(ExceptionGroup), plain_refusal():
        raise ExceptionGroup("nursery", [SettingsError("do this"), ValueError("and this")])
