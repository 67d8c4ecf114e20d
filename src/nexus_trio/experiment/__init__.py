"""The isolation experiment: many users at once, judged by what comes back over the wire."""

from nexus_trio.experiment.result import Result
from nexus_trio.experiment.run import run_experiment
from nexus_trio.experiment.wire import UnsupportedUrl, WireError

__all__ = ["Result", "UnsupportedUrl", "WireError", "run_experiment"]
