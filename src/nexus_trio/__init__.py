"""People and AI personas in shared rooms, each session isolated.

    async with open_hub(Settings()) as hub:
        reply = await hub.ask("ada", "hello")

`create_app` gives the web application over an open hub, `serve` runs the whole
server inside the caller's nursery.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nexus_trio.errors import NexusError
    from nexus_trio.server import open_hub, serve
    from nexus_trio.settings import Settings
    from nexus_trio.web.app import create_app

__version__ = "0.1.0"

__all__ = ["NexusError", "Settings", "__version__", "create_app", "open_hub", "serve"]

# Where the public names live. They are imported when first asked for (PEP 562),
# so that the pure parts, `nexus_trio.crisis` above all, load without the web stack.
_HOMES = {
    "NexusError": "nexus_trio.errors",
    "Settings": "nexus_trio.settings",
    "create_app": "nexus_trio.web.app",
    "open_hub": "nexus_trio.server",
    "serve": "nexus_trio.server",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'nexus_trio' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
