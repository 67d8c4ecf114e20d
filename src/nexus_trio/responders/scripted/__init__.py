"""The scripted responder: a persona's replies from its room's lines, with no model and no network.

It is the default, so that a server answers the moment it is installed. A reply
is a pure function of the seed and the prompt, and nothing is kept between
calls but tables made from the room itself. No user's words are cached: what
is erased must be gone here too.

How a reply is made, top to bottom: `reading` takes the first 500 characters;
`care` answers at `concern` and above, else `topics` chooses what to speak of
(with `recall`, `games` and `subject`); `voice` takes a line that the recent
replies have not used and fills its slots; and `reply` says back a label that
the user asked to have kept.
"""

from __future__ import annotations

from nexus_trio.responders.scripted.responder import ScriptedResponder

__all__ = ["ScriptedResponder"]
