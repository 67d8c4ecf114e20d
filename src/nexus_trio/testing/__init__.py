"""Tools for tests of trio programs: a schedule that the test chooses, step by step.

Here is the stepper. The search of schedules, replay and all else are modules of their own,
imported by those who use them: see docs/testing.md.
"""

from nexus_trio.testing.ending import StillRunning
from nexus_trio.testing.operation import Operation, OperationCancelled, OperationNotDone
from nexus_trio.testing.schedule import StepLimitExceeded, Stepper
from nexus_trio.testing.trio_internals import TrioChanged

__all__ = [
    "Operation",
    "OperationCancelled",
    "OperationNotDone",
    "StepLimitExceeded",
    "Stepper",
    "StillRunning",
    "TrioChanged",
]
