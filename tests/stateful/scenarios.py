"""Small scenes on the real hub, each a race that once could go wrong, with its checks by number.

A scene is a list of operations, plain lists that a saved failure can hold and that shrinking
may shorten; the words in front are the methods `do_…` of `Scene`. What is checked besides is
the oracle's, which also judges the machine.
"""

from __future__ import annotations

from typing import Any, Final

from scene_life import Operations, Scene

from nexus_trio.testing import Stepper
from nexus_trio.testing.program import Checks


def scene(stepper: Stepper, operations: Operations, **bounds: Any) -> Checks:
    """The program that all scenes are."""
    return Scene(stepper, operations, bounds).checks


SCENES: Final[dict[str, dict[str, Any]]] = {
    # I2, I9, I10: one reference, the same words twice and other words once.
    "two posts with one reference": {
        "operations": [
            ["ask", "ada", "none", "stream", 1, "r1"],
            ["ask", "ada", "none", "stream", 1, "r1"],
            ["ask", "ada", "none", "ready", 2, "r1"],
        ]
    },
    # I3, I4: two sessions of their own.
    "two sessions side by side": {
        "operations": [
            ["ask", "ada", "concern", "stream", 1],
            ["ask", "bob", "none", "ready", 1],
            ["ask", "ada", "crisis", "ready", 2],
        ]
    },
    # I13, I14, I16: linearizable looks.
    "two users come, speak and go": {
        "operations": [
            ["listen", "cyd", "Tower"],
            ["join", "ada", "Tower"],
            ["join", "bob", "Tower"],
            ["join", "ada", "Garden"],
            ["say", "bob", "Tower", "none", 1],
            ["leave", "bob", "Tower"],
            ["look", "Tower"],
        ]
    },
    # I9, I11: stop, the reply, and the caller's own going away.
    "stop against the reply": {
        "operations": [
            ["ask", "ada", "none", "stream", 1, "r1"],
            ["ask", "ada", "none", "stream", 2],
            ["stop", "ada", "r1"],
            ["cancel", "ada:ask"],
        ]
    },
    # I9, I18: gone and back while a turn runs.
    "back while a turn runs": {
        "operations": [
            ["device", "ada"],
            ["send", "ada", "none", "long", 1],
            ["drop", "ada", "Delta"],
            ["return", "ada"],
        ]
    },
    # I5, I16, I19.
    "erasure against a turn": {
        "operations": [
            ["listen", "ada", "Tower"],
            ["ask", "ada", "none", "stream", 1],
            ["erase", "ada"],
            ["say", "bob", "Tower", "none", 1],
        ]
    },
    # I14, I18, I20: evicted, and back from where it was.
    "a slow consumer comes back": {
        "operations": [
            ["device", "ada", False],
            ["send", "ada", "none", "long", 1],
            ["say", "bob", "Tower", "none", 1],
            ["say", "bob", "Tower", "none", 2],
            ["read", "ada"],
            ["return", "ada"],
        ],
        "outbox_frames": 2,
    },
    # I9, I15, I17, I18, I21.
    "restart on the same store": {
        "operations": [
            ["device", "bob"],
            ["persist", "ada", "none", "stream", 1, "r1"],
            ["restart"],
            ["return", "bob"],
        ]
    },
    # I23, I24.
    "a crisis notice against stop and disconnect": {
        "operations": [
            ["device", "ada"],
            ["send", "ada", "crisis", "hang", 1],
            ["stop_sent", "ada", 1, "Noticed"],
            ["drop", "ada", "Noticed"],
            ["return", "ada"],
        ]
    },
    # I23, I24: the server ends before a notice was acknowledged, and takes a turn's end with it.
    "a crash behind a crisis notice": {
        "operations": [
            ["device", "ada"],
            ["send", "ada", "crisis", "hang", 1],
            ["restart", True],
            ["return", "ada"],
        ]
    },
    # I21: a disk that hangs does not hold up the end.
    "the disk hangs at the end": {
        "operations": [
            ["say", "ada", "Tower", "none", 1],
            ["command", "ada", "look"],
            ["restart", True, False],
        ],
        "grace_s": 4,
    },
    # I24: acknowledged, or told again.
    "an acknowledgement against a disconnect": {
        "operations": [
            ["device", "ada"],
            ["send", "ada", "crisis", "ready", 1],
            ["acknowledge", "ada", "Noticed"],
            ["drop", "ada", "Noticed"],
            ["return", "ada"],
        ]
    },
    # I10, I23: words of need, sent twice under one reference.
    "a crisis sent twice": {
        "operations": [
            ["ask", "ada", "crisis", "fail", 1, "slow"],
            ["ask", "ada", "crisis", "fail", 1, "slow"],
            ["ask", "ada", "crisis", "ready", 2, "quick"],
        ]
    },
    # I9, I18: all of a turn is missed, and some of the room.
    "away for a whole turn": {
        "operations": [
            ["device", "ada"],
            ["send", "ada", "none", "fail", 1],
            ["drop", "ada", "Heard"],
            ["say", "bob", "Tower", "none", 1],
            ["return", "ada", 5, True],
        ]
    },
    # I14, I18: back when the room's memory has let go of what was missed.
    "away for longer than a room remembers": {
        "operations": [
            ["device", "ada"],
            ["device", "ada/2"],
            ["drop", "ada/2", "Heard"],
            ["say", "bob", "Tower", "none", 1],
            ["say", "bob", "Tower", "none", 2, "", 660],
            ["return", "ada/2", 700],
        ]
    },
    # I13, I17: nobody knows whether it was stored.
    "a room's commit in doubt": {
        "operations": [
            ["listen", "ada", "Tower"],
            ["hold", 15],
            ["say", "ada", "Tower", "none", 1],
            ["say", "ada", "Tower", "none", 2],
        ]
    },
    # I13, I15: the grace of one who called once is over while another command comes.
    "grace against the next call": {
        "operations": [
            ["command", "ada", "/go Garden"],
            ["wait", 61],
            ["look", "Garden"],
            ["ask", "bob", "none", "ready", 1],
        ]
    },
    # I1, I14, I16: who asked a persona aloud goes before it has answered.
    "a persona answers one who leaves": {
        "operations": [
            ["listen", "bob", "Tower"],
            ["say", "ada", "Tower", "none", 1, "Iris,"],
            ["leave", "ada", "Tower"],
            ["unlisten", "bob"],
        ],
        "persona_aloud": "on",
    },
    # I5, I8, I11: the mailbox is full, and a responder hangs in front of it.
    "a full mailbox": {
        "operations": [
            ["ask", "ada", "none", "hang", 1, "r1"],
            ["ask", "ada", "crisis", "ready", 2],
            ["ask", "ada", "none", "ready", 3],
            ["stop", "ada", "r1"],
        ],
        "mailbox": 1,
    },
}
