"""What is refused plainly: one line on stderr, exit status 2, no traceback."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from lane_process import ENTRIES, Server, ask, free_port, start, started, until_answered


@pytest.fixture
def refused() -> Iterator[list[Server]]:
    servers: list[Server] = []
    yield servers
    for server in servers:
        server.close()


@pytest.mark.parametrize("entry", ENTRIES)
@pytest.mark.parametrize("host", ["0.0.0.0", "[::]"])
def test_open_to_others(refused: list[Server], entry: str, host: str) -> None:
    refused.append(start(entry, host=host))
    status = refused[0].wait()
    (line,) = refused[0].said().splitlines()
    assert line.startswith("nexus-trio: without tokens the server listens on loopback alone")
    assert "bind 127.0.0.1, or put a proxy" in line
    # Hypercorn 0.18's parent process ends with 0 whatever its only worker ended with.
    assert status == (2 if entry == "serve" else 0)


def test_open_to_others_without_a_parent_process(refused: list[Server]) -> None:
    refused.append(start("command", host="0.0.0.0", options=("--workers", "0")))
    assert refused[0].wait() == 2
    assert len(refused[0].said().splitlines()) == 1


def test_several_workers(refused: list[Server]) -> None:
    refused.append(start("command", options=("--workers", "2")))
    refused[0].wait()
    said = refused[0].said()
    assert "nexus-trio: 2 workers were asked for" in said
    assert "start it with --workers 1" in said
    assert "Traceback" not in said


def test_a_port_in_use(refused: list[Server]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused.append(start("serve", port=port))
        assert refused[0].wait() == 2
    assert refused[0].said() == (
        f"nexus-trio: port {port} on 127.0.0.1 is in use; choose another with --port\n"
    )


@pytest.mark.parametrize("entry", ENTRIES)
def test_a_lifespan_that_fails_ends_the_process_with_its_error(
    refused: list[Server], entry: str
) -> None:
    options = ("--workers", "0") if entry == "command" else ()
    refused.append(start(entry, lifespan="fails", options=options))
    assert refused[0].wait() == 1
    said = refused[0].said()
    assert "Traceback" in said
    assert "LifespanFailureError: Lifespan failure in startup. 'the store is broken'" in said


@pytest.mark.parametrize("host", ["127.0.0.2", "[::1]", "unix"])
def test_loopback_is_taken(refused: list[Server], host: str, tmp_path: object) -> None:
    if host == "unix":
        server = start("command", options=("--bind", f"unix:{tmp_path}/socket"), port=free_port())
    else:
        server = start("serve", host=host)
        assert server.process.stdout is not None
        assert server.process.stdout.readline().decode().startswith(f"http://{host}:")
    refused.append(server)
    if host == "unix":
        until_unix_answers(server, f"{tmp_path}/socket")
    assert server.stop() == 0


def until_unix_answers(server: Server, path: str) -> None:
    while True:
        assert server.process.poll() is None, server.said()
        try:
            with socket.socket(socket.AF_UNIX) as sock:
                sock.settimeout(60)
                sock.connect(path)
                assert ask(sock).startswith(b"HTTP/1.1 200")
                return
        except (ConnectionError, FileNotFoundError):
            continue


def test_more_than_a_thousand_requests_on_one_connection() -> None:
    server = started("command")
    try:
        until_answered(server)
        with server.connect() as sock:
            for _ in range(1100):
                assert b"connection: close" not in ask(sock).lower()
        assert server.stop() == 0
    finally:
        server.close()
