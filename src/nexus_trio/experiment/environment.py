"""Where a run took place: versions, the machine, the server's own word on itself."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import trio

Environment = dict[str, str | int | float]


def environment(url: str, health: dict[str, Any], durability: str | None) -> Environment:
    """The facts of the report, in a fixed order.

    `version`, `python`, `trio` and the machine are those of this program;
    `server_version` is what the server at `url` says of itself.
    """
    told = health.get("durability")
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "version": program_version(),
        "python": platform.python_version(),
        "trio": trio.__version__,
        "cpus": os.cpu_count() or 0,
        "transport": "http",
        "durability": durability or (str(told) if told else "unknown"),
        "endpoint": url,
        "server_version": str(health.get("version", "unknown")),
        "cpu": cpu_model(),
        "memory_gib": memory_gib(),
        "os": operating_system(),
    }


def program_version() -> str:
    """The installed version of this package, or "unknown" where it is not installed."""
    try:
        return metadata.version("nexus-trio")
    except metadata.PackageNotFoundError:
        return "unknown"


def cpu_model() -> str:
    """The processor's name: /proc/cpuinfo on Linux, else what Python knows."""
    for line in _lines("/proc/cpuinfo"):
        key, _, value = line.partition(":")
        if key.strip() == "model name":
            return value.strip()
    return platform.processor() or platform.machine() or "unknown"


def memory_gib() -> float:
    """The machine's memory in GiB, one decimal; 0 where it can't be told."""
    for line in _lines("/proc/meminfo"):
        if line.startswith("MemTotal:"):
            return round(int(line.split()[1]) / 1024 / 1024, 1)
    return 0.0


def operating_system() -> str:
    """The distribution and kernel, as in `Debian GNU/Linux 12 (bookworm), Linux 6.1`."""
    kernel = f"{platform.system()} {platform.release()}"
    for line in _lines("/etc/os-release"):
        key, _, value = line.partition("=")
        if key == "PRETTY_NAME":
            return f"{value.strip().strip(chr(34))}, {kernel}"
    return kernel


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
