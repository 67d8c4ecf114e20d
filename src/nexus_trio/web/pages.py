"""The pages for people: plain HTML without a script, readable with anything."""

from __future__ import annotations

from html import escape
from typing import Any

from markdown_it import MarkdownIt
from quart import request
from quart.wrappers import Response
from quart_trio import QuartTrio
from quart_trio.wrappers import TrioResponse

from nexus_trio.runtime.hub import Hub
from nexus_trio.web import codec, docs, rest
from nexus_trio.web.openapi import described, document

STYLE = """\
body{max-width:46rem;margin:2rem auto;padding:0 1rem;font:1.05rem/1.6 system-ui,sans-serif;
color:#1d2733;background:#fbfaf7}
h1,h2,h3{line-height:1.25}h2{margin-top:2.5rem}
a{color:#1d4f7c}code,pre{font-family:ui-monospace,monospace;font-size:.92em}
pre{padding:.8rem 1rem;background:#eeece5;border-radius:.4rem;overflow-x:auto}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;vertical-align:top;padding:.35rem .8rem .35rem 0;
border-bottom:1px solid #dcd8cc}
dt{font-weight:600}.path{overflow-wrap:anywhere}
@media (prefers-color-scheme:dark){body{color:#dfe3e8;background:#15191e}a{color:#8fc1ee}
pre{background:#20262d}th,td{border-color:#333b45}}
"""

HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    # No script, no frame, nothing from elsewhere: a page can only be read.
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none';"
        " frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class Pages:
    """The front page, the API description and its page."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._description: dict[str, Any] = {}
        self._json = b""
        self._docs = b""
        self._safety = _safety(hub.protocol()["protocol"])

    def register(self, app: QuartTrio) -> None:
        """Put the pages on `app`, as its last routes: the description is made of all of them."""
        app.get("/")(self.front)
        app.get("/safety")(self.safety)
        app.get("/docs")(self.docs)
        app.get("/openapi.json")(self.openapi)
        self._description = document(app)
        self._json = codec.encode(self._description)
        self._docs = page("The API of nexus-trio", docs.render(self._description))

    @described("text/html", "", tag="description")
    async def front(self) -> Response:
        """Read what runs here."""
        body = _front(self._hub, request.host_url.rstrip("/"))
        return TrioResponse(page("nexus-trio", body), 200, HEADERS)

    @described("text/html", "", tag="description")
    async def safety(self) -> Response:
        """Read the crisis protocol by which this server runs."""
        return TrioResponse(self._safety, 200, HEADERS)

    @described("text/html", "", tag="description")
    async def docs(self) -> Response:
        """Read this description as a page."""
        return TrioResponse(self._docs, 200, HEADERS)

    @described("application/json", "", tag="description")
    async def openapi(self) -> Response:
        """Get this description as OpenAPI 3.1."""
        return TrioResponse(self._json, 200, rest.HEADERS)


def page(title: str, body: str) -> bytes:
    """A whole page around `body`, which is HTML; `title` is text."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>\n"
        f"<body><main>\n<h1>{escape(title)}</h1>\n{body}\n</main></body></html>\n"
    ).encode()


def _safety(text: str) -> bytes:
    """The protocol's Markdown as a page of its own."""
    title, _, rest_of_it = text.removeprefix("# ").partition("\n")
    # Without HTML in it: a world's or an operator's words stay words.
    reader = MarkdownIt("commonmark", {"html": False}).enable("table")
    return page(title, str(reader.render(rest_of_it)))


def _front(hub: Hub, url: str) -> str:
    rooms = "\n".join(
        f"<tr><td>{escape(room.name)}</td><td>{escape(room.title)}</td>"
        f"<td>{escape(room.persona.name)}, an AI</td></tr>"
        for room in hub.world.rooms.values()
    )
    send = escape(
        f"curl -s {url}/bridge/chat \\\n"
        "  -H 'Content-Type: application/json' \\\n"
        '  -d \'{"user_id": "ada", "message": "Good evening. Who lives here?"}\''
    )
    return f"""\
<p>This server, version {escape(rest.VERSION)}, is a house of rooms. In each lives a persona to
talk with. Every persona is an AI, not a person; other people may be in the rooms, too.</p>
<p>If you are thinking about dying or about hurting yourself, write it: whatever persona you talk
with, the reply begins with where to find people who help. <a href="/safety">How this works</a>.</p>
<p>What you write to a persona is private to you. What you say aloud is heard by all in the
room, and by its persona, who may repeat it there.</p>
<h2>Rooms</h2>
<table><thead><tr><th scope="col">Room</th><th scope="col">Title</th>
<th scope="col">Who lives there</th></tr></thead><tbody>
{rooms}
</tbody></table>
<h2>A first message</h2>
<pre><code>{send}</code></pre>
<p>Write <code>look</code> to see the room, <code>/go ROOM</code> to go to another one,
<code>/say TEXT</code> to speak aloud, <code>help</code> for the rest.</p>
<h2>For programs</h2>
<p><a href="/docs">All calls</a>, and the same as <a href="/openapi.json">OpenAPI 3.1</a>.</p>
"""
