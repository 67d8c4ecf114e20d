"""A model server for tests, with a will of its own: it speaks the chat completions wire and
misbehaves when told. `python -m nexus_trio.testing.model_server --port 0` runs one."""

from nexus_trio.testing.model_server.process import Running, running
from nexus_trio.testing.model_server.server import ModelServer

__all__ = ["ModelServer", "Running", "running"]
