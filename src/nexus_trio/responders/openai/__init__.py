"""The `openai` responder: any server of the chat completions wire, near or far."""

from nexus_trio.responders.openai.address import Address, parse_address
from nexus_trio.responders.openai.responder import OpenAIResponder, Statistics
from nexus_trio.responders.openai.upstream import Terms

__all__ = ["Address", "OpenAIResponder", "Statistics", "Terms", "parse_address"]
