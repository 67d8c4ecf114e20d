"""One table of ratios and one picture, from what `suite.py` has measured.

    python benchmarks/plot.py bench-results --into docs/figures

reads `turns.json`, `ws.json` and `idle_connections.json` from the first folder and
writes `benchmarks.png` and `benchmarks.svg` into the second. A bar is the median of
the rounds, its line goes from the lowest to the highest; a diamond is the same by the
server's processor time, which other work on the machine moves least. What was not
measured is left out.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

Report = dict[str, Any]
Rows = dict[str, dict[str, dict[str, float]]]  # cases, servers, the spread of a ratio

PEER = "aiohttp"
CEILINGS = ("bare-trio", "bare-ws")
COLOURS = {
    "nexus-trio memory": "#0b6e4f",
    "nexus-trio process": "#3fa37c",
    "nexus-trio power": "#9fd3bd",
    "nexus-trio": "#0b6e4f",
    "aiohttp": "#666666",
    "aiohttp uvloop": "#999999",
    "starlette": "#c98b2b",
    "quart": "#b5483f",
    "python-socketio": "#c98b2b",
    "socket.io": "#3b6ea8",
}
NAMES = {
    "aiohttp uvloop": "aiohttp on uvloop",
    "starlette": "Starlette on uvicorn",
    "quart": "Quart on Hypercorn",
    "socket.io": "Socket.IO on Node.js",
    "bare-trio": "bare trio (ceiling)",
    "bare-ws": "bare server (ceiling)",
}
DIAMOND: dict[str, Any] = {
    "marker": "D",
    "markersize": 3.5,
    "markerfacecolor": "white",
    "markeredgecolor": "#222222",
    "linestyle": "none",
}
WS_CASES = {
    "5 connections, 1 deep: turns/s": "turns,\n5 connections",
    "5 connections, 16 deep: turns/s": "turns, 5 connections,\n16 under way each",
    "1 speaker to 1000: deliveries/s": "sentences\nto 1,000 listeners",
    "1 speaker to 1000: ms to the last": "speed until the last\nof 1,000 has one",
}
WS_THRIFT = {
    "5 connections, 1 deep: CPU us/turn": "turns,\n5 connections",
    "5 connections, 16 deep: CPU us/turn": "turns, 5 connections,\n16 under way each",
    "1 speaker to 1000: CPU us/delivery": "sentences\nto 1,000 listeners",
}


# What was measured


def read(folder: Path, name: str) -> Report | None:
    """One report, where it was made."""
    file = folder / f"{name}.json"
    found: Report | None = json.loads(file.read_text("utf-8")) if file.exists() else None
    return found


def connections(users: str) -> str:
    """What a case over HTTP is called."""
    return "1 connection" if users == "1" else f"{users} connections"


def http_rows(report: Report, figure: str) -> Rows:
    """Turns over HTTP, by the number of connections."""
    return {connections(users): found[figure] for users, found in report["users"].items()}


def ws_rows(report: Report, shown: dict[str, str]) -> Rows:
    """The cases over WebSockets that are shown."""
    cases = report["cases"]
    return {title: cases[name]["over_peer"] for name, title in shown.items() if name in cases}


def room_rows(report: Report) -> Rows:
    """Round trips of the verbs."""
    return {
        verb: {name: row["over_peer"] for name, row in servers.items()}
        for verb, servers in report["verbs"].items()
    }


def processor_us(report: Report) -> dict[str, dict[str, float]]:
    """The servers' processor time for a turn, by the number of connections."""
    return {
        connections(users): {name: found[name]["cpu_us"]["median"] for name in found["over_peer"]}
        for users, found in report["users"].items()
    }


def idle_kb(report: Report) -> dict[str, dict[str, float]]:
    """KB for each idle connection: the larger of what grew and what is held."""
    return {
        kind: {name: max(row["resident"], row.get("traced", 0.0)) for name, row in servers.items()}
        for kind, servers in report["kb"].items()
    }


# The tables


def table(head: str, cells: dict[str, dict[str, str]]) -> str:
    """Servers down, cases across."""
    columns = {case.replace("\n", " "): column for case, column in cells.items()}
    width = {case: max(len(case), *map(len, column.values())) for case, column in columns.items()}
    lines = [head, " " * 24 + "".join(f"   {case:>{width[case]}}" for case in columns)]
    for name in next(iter(columns.values())):
        row = "".join(f"   {c.get(name, '-'):>{width[case]}}" for case, c in columns.items())
        lines.append(f"  {NAMES.get(name, name):<22}{row}")
    return "\n".join(lines) + "\n"


def tables(ratios: dict[str, Rows], turns: Report | None, idle: Report | None) -> Iterator[str]:
    """All that is printed: ratios, processor time, memory."""
    for head, rows in filter(lambda item: item[1], ratios.items()):
        cells = {
            case: {n: f"{c['median']:.2f} ({c['low']:.2f}-{c['high']:.2f})" for n, c in row.items()}
            for case, row in rows.items()
        }
        yield table(f"{head}: how much of {PEER}'s", cells)
    if turns:
        found = processor_us(turns)
        cells = {case: {n: f"{us:,.0f}" for n, us in row.items()} for case, row in found.items()}
        yield table("Turns over HTTP: microseconds of the server's processor for one", cells)
    if idle:
        for kind, servers in idle_kb(idle).items():
            column = {name: f"{kilobytes:.1f}" for name, kilobytes in servers.items()}
            goal = {"the goal": f"{idle['goal_kb'][kind]:g}"}
            yield table(f"An idle connection, {kind}", {"KB": column | goal})


# The picture


def bars(axes: Axes, rows: Rows, thrift: Rows, head: str) -> None:
    """Bars of ratios, up where it is more than the peer's and down where it is less.

    `thrift` are the same by processor time, for some of the cases.
    """
    names = [name for name in next(iter(rows.values())) if name not in (*CEILINGS, PEER)]
    width = 0.86 / len(names)
    axes.set_yscale("log", base=2)
    for number, name in enumerate(names):
        for at, (case, row) in enumerate(rows.items()):
            place = at + (number - (len(names) - 1) / 2) * width
            label = NAMES.get(name, name) if at == 0 else None
            bar(axes, place, row[name], width * 0.94, COLOURS[name], label)
            if case in thrift:
                axes.plot(place, thrift[case][name]["median"], **DIAMOND)
    if thrift:
        axes.plot([], [], label="by processor time", **DIAMOND)
    axes.axhline(1, color=COLOURS[PEER], linewidth=1)
    axes.set_xticks(range(len(rows)), list(rows), fontsize=8)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.margins(y=0.15)
    axes.set_title(head, fontsize=10, loc="left")
    axes.legend(fontsize=7, frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))


def bar(
    axes: Axes, place: float, ratio: dict[str, float], width: float, colour: str, label: str | None
) -> None:
    """One ratio, from 1 to its median, with its range and its figure."""
    value, up = ratio["median"], ratio["median"] >= 1
    axes.bar(place, value - 1, width, bottom=1, color=colour, label=label)
    axes.vlines(place, ratio["low"], ratio["high"], colors="#222222", linewidth=0.8)
    axes.annotate(
        f"{value:.2f}" if value < 9.95 else f"{value:.0f}",
        (place, ratio["high"] if up else ratio["low"]),
        xytext=(0, 3 if up else -3),
        textcoords="offset points",
        ha="center",
        va="bottom" if up else "top",
        fontsize=6.5,
    )


def memory(axes: Axes, kilobytes: dict[str, dict[str, float]], goals: dict[str, float]) -> None:
    """KB of idle connections, with the goals as lines."""
    ticks: dict[float, str] = {}
    place = 0.0
    for kind, servers in kilobytes.items():
        first = place
        for name, value in servers.items():
            axes.bar(place, value, 0.8, color=COLOURS[name])
            above = {"xytext": (0, 2), "textcoords": "offset points", "ha": "center"}
            axes.annotate(f"{value:.1f}", (place, value), fontsize=7, **above)
            ticks[place] = NAMES.get(name, name).replace(" on ", "\non ")
            place += 1
        axes.hlines(goals[kind], first - 0.5, place - 0.5, colors="#222222", linestyles=":")
        axes.annotate(f" goal for\n {kind}", (place - 0.5, goals[kind]), fontsize=7, va="center")
        place += 1
    axes.set_xticks(list(ticks), list(ticks.values()), fontsize=7)
    axes.set_title("Memory of an idle connection in KB", fontsize=10, loc="left")


def machine(facts: Report) -> str:
    """Where and when it was seen, and how busy the machine was."""
    return (
        f"{facts['cpus']} cores of {facts['cpu']}, {facts['os'].partition(',')[0]}, "
        f"Python {facts['python']}, trio {facts['trio']}; {facts['date'][:10]}, "
        f"load average {facts['load_average'][0]:.1f} at the end"
    )


def picture(
    ratios: dict[str, Rows], thrift: dict[str, Rows], idle: Report | None, foot: str
) -> Figure:
    """One panel for each kind of ratio, and one for memory."""
    panels = len(ratios) + (idle is not None)
    figure = Figure(figsize=(10, 3.1 * panels + 0.4), layout="constrained")
    parts = list(figure.subplots(panels, squeeze=False)[:, 0])
    for axes, (head, rows) in zip(parts, ratios.items(), strict=False):
        bars(axes, rows, thrift[head], f"{head}: how many times {PEER}'s")
    if idle:
        memory(parts[-1], idle_kb(idle), idle["goal_kb"])
    for axes in parts:
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(axis="y", labelsize=7)
    figure.supxlabel(foot, fontsize=7.5)
    return figure


def main() -> None:
    parser = argparse.ArgumentParser(description="The table and the picture of a run.")
    parser.add_argument("folder", type=Path, help="where the JSON is")
    parser.add_argument("--into", type=Path, default=Path("docs/figures"), metavar="FOLDER")
    given = parser.parse_args()
    turns, ws = read(given.folder, "turns"), read(given.folder, "ws")
    idle = read(given.folder, "idle_connections")
    ratios, thrift = {}, {}
    if turns:
        ratios["Turns over HTTP"] = http_rows(turns, "over_peer")
        thrift["Turns over HTTP"] = http_rows(turns, "thrift")
    if ws:
        ratios["WebSockets"] = ws_rows(ws, WS_CASES)
        thrift["WebSockets"] = ws_rows(ws, WS_THRIFT)
    last = idle or ws or turns
    if last is None:
        raise SystemExit(f"Nothing to draw is in {given.folder}: run benchmarks/suite.py first.")
    rooms = read(given.folder, "rooms")
    told = ratios | ({"Rooms, 5 users": room_rows(rooms)} if rooms else {})
    told |= {f"{head}, by the server's processor time": rows for head, rows in thrift.items()}
    print("\n".join(tables(told, turns, idle)))
    mpl.rcParams["svg.hashsalt"] = "nexus-trio"  # the same figures give the same file
    figure = picture(ratios, thrift, idle, machine(last["environment"]))
    given.into.mkdir(parents=True, exist_ok=True)
    figure.savefig(given.into / "benchmarks.png", dpi=150)
    figure.savefig(given.into / "benchmarks.svg", metadata={"Date": None})
    print(f"The picture: {given.into / 'benchmarks.png'} and .svg")


if __name__ == "__main__":
    main()
