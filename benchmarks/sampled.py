"""The server under a sampler: where does its processor time go, layer by layer?

    python benchmarks/sampled.py FILE serve --port 0 --data DIR

runs `nexus-trio serve …`. From SIGUSR1 on, the place where the program stands is
counted again and again, as its processor time passes (every millisecond, or as
often as the kernel's clock ticks); at its end FILE gets the counts as JSON:
`layers`, and `places`, the functions that were met most often. The time of the
store's thread counts where the main one stands: mostly in waiting for events.
`benchmarks/ws.py --profile` does all of that.
"""

from __future__ import annotations

import json
import signal
import sys
from collections import Counter
from pathlib import Path
from types import FrameType

from nexus_trio.cli import main

EVERY_S = 0.001
MOST_PLACES = 25

# The first that a file's path has; what is in none of them (the standard library,
# generated code) counts for whoever called it.
LAYERS = {
    "nexus_trio/lane/": "lane",
    "nexus_trio/web/": "web",
    "nexus_trio/runtime/": "runtime",
    "nexus_trio/store/": "store and broker",
    "nexus_trio/broker/": "store and broker",
    "nexus_trio/crisis/": "crisis",
    "nexus_trio/responders/": "responder",
    "/nexus_trio/": "the rest of nexus_trio",
    "/hypercorn/": "hypercorn and h11",
    "/h11/": "hypercorn and h11",
    "/wsproto/": "wsproto",
    "/trio/": "trio",
    "/outcome/": "trio",
    "/quart": "quart",
}

# Functions that do little else than ask the kernel.
KERNEL = {
    "_pushed": "kernel: send and receive",
    "_nonblocking_helper": "kernel: send and receive",
    "get_events": "kernel: wait for events",
}


class Sampler:
    """Counts by layer and by place."""

    def __init__(self, report: Path) -> None:
        self._report = report
        self._layers: Counter[str] = Counter()
        self._places: Counter[str] = Counter()

    def begin(self, *_: object) -> None:
        """Sample from now on."""
        signal.signal(signal.SIGPROF, self._sample)
        signal.setitimer(signal.ITIMER_PROF, EVERY_S, EVERY_S)

    def _sample(self, _: int, frame: FrameType | None) -> None:
        while frame is not None:
            code = frame.f_code
            layer = KERNEL.get(code.co_name) or self._layer(code.co_filename)
            if layer is not None:
                self._layers[layer] += 1
                self._places[f"{layer}: {code.co_qualname}"] += 1
                return
            frame = frame.f_back
        self._layers["other"] += 1

    @staticmethod
    def _layer(path: str) -> str | None:
        return next((layer for part, layer in LAYERS.items() if part in path), None)

    def end(self) -> None:
        """Stop, and write what was counted."""
        signal.setitimer(signal.ITIMER_PROF, 0)
        places = dict(self._places.most_common(MOST_PLACES))
        report = {"samples": self._layers.total(), "layers": self._layers, "places": places}
        self._report.write_text(json.dumps(report), encoding="utf-8")


if __name__ == "__main__":
    sampler = Sampler(Path(sys.argv.pop(1)))
    signal.signal(signal.SIGUSR1, sampler.begin)
    try:
        main()
    finally:
        sampler.end()
