"""The responder against a real server: `transformers serve` with a tiny model of chance weights.

    python real_model.py

Needs torch and transformers[serving]; `nox -s models` brings them. Prints what
was seen as JSON, and exits 1 where something does not hold.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import trio

sys.path.insert(0, str(Path(__file__).parent))

from asking import exchanges, prompt, reply

from nexus_trio.crisis.levels import LEVELS
from nexus_trio.responders.openai import OpenAIResponder, Terms, parse_address

MODEL = Path(__file__).with_name("tiny_model.py")
STARTS_S = 180.0  # torch alone takes some 10 s to import


@contextmanager
def served() -> Iterator[tuple[str, str]]:
    """The base URL of a server, and the model that it has."""
    with tempfile.TemporaryDirectory(prefix="nexus-model-") as folder, socket.socket() as taken:
        subprocess.run([sys.executable, MODEL, folder], check=True)
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        taken.close()
        program = Path(sys.executable).with_name("transformers")
        command = [program, "serve", folder, "--device", "cpu", "--port", str(port)]
        offline = {**os.environ, "HF_HUB_OFFLINE": "1"}
        with subprocess.Popen([*command, "--host", "127.0.0.1"], env=offline) as process:
            try:
                until_ready(f"http://127.0.0.1:{port}/health", process)
                yield f"http://127.0.0.1:{port}", folder
            finally:
                process.terminate()


def until_ready(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + STARTS_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.2)  # it has no other way to say that it listens
    raise SystemExit("transformers serve did not start")


async def see(url: str, model: str) -> dict[str, Any]:
    bo = OpenAIResponder(parse_address(url), Terms(model, concurrency=4))
    seen: dict[str, Any] = {"pieces": {}, "together": 0}
    for level in LEVELS:
        heard: list[str] = []
        asked = prompt("How are you?", username="Ada", crisis_level=level, history=exchanges(3))
        await reply(bo, asked, heard)
        seen["pieces"][level] = len(heard)

    async def one(number: int) -> None:
        assert await reply(bo, prompt(f"hello {number}", f"u{number}"))
        seen["together"] += 1

    async with trio.open_nursery() as nursery:
        for number in range(8):
            nursery.start_soon(one, number)
    async with bo.stream(prompt("stop me")) as pieces:
        await anext(aiter(pieces))
    seen["after_a_stop"] = bool(await reply(bo, "and now"))
    seen["statistics"] = asdict(bo.statistics())
    await bo.aclose()
    return seen


def main() -> None:
    with served() as (url, model):
        seen = trio.run(see, url, model)
    print(json.dumps(seen, indent=2))
    left = seen["statistics"]
    held = (left["running"], left["waiting"], left["busy_connections"], left["failures"])
    if held != (0, 0, 0, 0) or min(seen["pieces"].values()) < 2 or seen["together"] != 8:
        raise SystemExit("not all of it holds")


if __name__ == "__main__":
    main()
