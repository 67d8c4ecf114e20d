"""Plans that once broke something, cut down: each stands for a defect that was mended."""

from __future__ import annotations

from sim_plan import Life, Op, Plan

FOUND = {
    # I11: a client that went away in an answer, with more sent behind its request, stayed.
    "paused for ever": Plan(
        69815956289,
        (Life("sse", "bob-sse4", "bob", (Op("half", 6, "bob", seconds=70.0),), capacity=1024),),
        strategy="pos",
    ),
    # I5: a cut client, its sender cancelled as well: a 500 was tried behind half a head.
    "a 500 behind half a head": Plan(
        949212091941,
        (
            Life("sse", "ada-sse1", "ada", (), capacity=1024),
            Life("sse", "ada-sse4", "ada", (), resume=True, after="ada-sse1", capacity=1024),
            Life(
                "http",
                "ada-http9",
                "ada",
                (
                    Op("session", 7, "ada"),
                    Op("erase", 8, "ada"),
                    Op("close", 10, "ada", seconds=1.0),
                ),
                (1, 40),
            ),
            Life(
                "http",
                "bob-http14",
                "bob",
                (Op("leave", 11, "bob"), Op("chat", 12, "bob", room="")),
                (40, 1, 150),
            ),
        ),
        pushes=False,
        strategy="block",
        hurry=True,
    ),
    # I24: the connection that asked was gone when the turn began; its notice was not owed.
    "a notice to nobody": Plan(
        392565159183,
        (
            Life(
                "ws",
                "bob-ws25",
                "bob",
                (
                    Op("chat", 22, "bob", mode="stream", room=""),
                    Op("chat", 23, "bob", mode="slow", room="", wait=False),
                    Op("chat", 24, "bob", "crisis", "fail", room="", wait=False),
                    Op("reset", 26, "bob"),
                    Op("pause", 32, "bob", seconds=30.0),
                ),
                capacity=1024,
            ),
            Life(
                "ws",
                "bob-ws28",
                "bob",
                (Op("look", 27, "bob"),),
                resume=True,
                after="bob-ws25",
                capacity=1024,
            ),
            Life("ws", "bob-ws29", "bob", (Op("look", 31, "bob"),), after="bob-ws28"),
        ),
        strategy="block",
    ),
    # I24: a session crashed, or its store failed, after a notice; the next one did not owe it.
    "a notice that was not stored": Plan(
        557482955581,
        (
            Life(
                "ws",
                "ada-care6",
                "ada",
                (Op("chat", 1, "ada", "crisis", "crash", room="", wait=False),),
                capacity=1024,
            ),
            Life("ws", "ada-care20", "ada", (Op("ping", 17, "ada"),), (), after="ada-care6"),
        ),
    ),
    # I24: what one session could not store was forgotten once the next had stored a turn.
    "a notice owed by two sessions": Plan(
        912065467971,
        (
            Life("ws", "ada-1", "ada", (Op("chat", 1, "ada", "crisis", "crash", room=""),)),
            Life(
                "ws",
                "ada-2",
                "ada",
                (
                    Op("chat", 6, "ada", "crisis", "stream", room=""),
                    Op("chat", 7, "ada", mode="crash", room=""),
                ),
                resume=True,
                after="ada-1",
            ),
            Life("ws", "ada-3", "ada", (Op("look", 12, "ada"),), after="ada-2"),
        ),
        strategy="pct",
    ),
    # No defect of the server's: the client took an answer for one that nobody asked for, where
    # it had gone, and forgotten what it waited for, while the bytes were on their way to it.
    "an answer on its way to who has gone": Plan(
        809052465438,
        (
            Life(
                "http",
                "cyd-http4",
                "cyd",
                (Op("bad", 3, "cyd", wait=False), Op("reset", 5, "cyd")),
            ),
        ),
        strategy="pos",
    ),
    # I23: what was said aloud had its help with its answer, behind a slow disk.
    "in need behind a slow disk": Plan(
        631986405424,
        (
            Life("ws", "ada-ws7", "ada", (Op("say", 4, "ada", "crisis"),), capacity=1024),
            Life("operator", "operator", "-", (Op("slow", 16, "-"),)),
        ),
        responder="openai",
        transport="hypercorn",
        strategy="pos",
    ),
}
