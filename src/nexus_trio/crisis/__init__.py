"""Crisis care: screening, one session's watch, and the words that are shown.

Pure values and functions on the standard library alone. The package's data is
read once, at import; nothing does I/O after that.

`screen` is the function here. The module of that name is still reached by
`from nexus_trio.crisis.screen import …`, which looks modules up by full name.
"""

from nexus_trio.crisis.guidance import (
    DEFAULT_COUNTRY,
    RESOURCES,
    Guidance,
    Resource,
    for_friend,
    guidance,
)
from nexus_trio.crisis.levels import LEVELS, Level, at_least, highest
from nexus_trio.crisis.normalise import normalise
from nexus_trio.crisis.screen import Verdict, screen
from nexus_trio.crisis.version import LEXICON
from nexus_trio.crisis.watch import Assessment, Watch, fold

__all__ = [
    "DEFAULT_COUNTRY",
    "LEVELS",
    "LEXICON",
    "RESOURCES",
    "Assessment",
    "Guidance",
    "Level",
    "Resource",
    "Verdict",
    "Watch",
    "at_least",
    "fold",
    "for_friend",
    "guidance",
    "highest",
    "normalise",
    "screen",
]
