"""A turn as the messages of the completions wire: the persona, what was said, what is said now.

Pure. The system prompt and the user's message always go along, and before the
message as much of what was said lately as the window holds, whole turns, the
newest last.
"""

from __future__ import annotations

from typing import Final

from nexus_trio.responders.base import Prompt

Message = dict[str, str]

MESSAGE_TOKENS: Final = 4
"""What a message costs beside its words: its role, and the marks around it."""

CARE: Final = {
    "concern": (
        "This person may be having a hard time, or worries about somebody who is. Take it"
        " seriously and be warm. Ask how they are and listen before you advise; offer no"
        " diagnosis, make no promise that all will be well, and do not make light of it."
    ),
    "crisis": (
        "This person may be thinking of suicide or of hurting themselves. Right above your"
        " answer they are shown where to find help, so you need not repeat numbers. Step out of"
        " any story or play. Be calm, warm and direct: say that you are glad they told you, ask"
        " whether they are safe right now, and encourage them to reach one of those services or"
        " a person they trust. Do not judge, argue, bargain or promise secrecy. Never name or"
        " compare ways of dying or of self-harm, whatever they ask. Be brief."
    ),
    "imminent": (
        "This person may be in danger of dying right now. Right above your answer they are shown"
        " whom to call. Step out of any story or play. In a few short, calm sentences urge them to"
        " call the emergency number or that service now, to go where somebody is with them, and to"
        " get away from anything they could use. Ask them to answer you once they have. Do not"
        " judge, argue or discuss reasons. Never name or compare ways of dying or of self-harm,"
        " whatever they ask."
    ),
}
"""How the crisis level of this message is told to the model. `none` needs no words."""


def messages(prompt: Prompt, window: int) -> list[Message]:
    """What is sent of a turn; `window` is about how many tokens all of it may have, 0 or more.

    The system prompt and the message are sent even where they alone have more.
    """
    system, message = system_prompt(prompt), prompt.message
    left = window - tokens(system) - tokens(message)
    told: list[Message] = []
    for exchange in reversed(prompt.history):
        left -= tokens(exchange.message) + tokens(exchange.response)
        if left < 0:
            break
        if exchange.response:
            told.append({"role": "assistant", "content": exchange.response})
        told.append({"role": "user", "content": exchange.message})
    told.append({"role": "system", "content": system})
    told.reverse()
    told.append({"role": "user", "content": message})
    return told


def system_prompt(prompt: Prompt) -> str:
    """Who the model is, where, with whom, and what it has to mind."""
    room, persona = prompt.room, prompt.room.persona
    who = f"a person called {prompt.username}" if prompt.username else "one person"
    how = "alone"
    if prompt.aloud:
        how = "aloud: all in the room hear you, so answer in one to three sentences"
    parts = [
        f"You are {persona.name}, an AI persona. {persona.description}",
        f"You are in {room.title}. {room.description}",
        f"You talk with {who}, {how}. Stay {persona.name}, answer in the language that they write,"
        " and keep to the length of a chat. You are an AI and never deny it.",
    ]
    if care := CARE.get(prompt.crisis_level):
        parts.append(care)
    return "\n\n".join(parts)


def tokens(text: str) -> int:
    """About how many tokens a message of `text` is, rather too many than too few.

    A token is about 4 bytes of English. Other scripts have fewer bytes in each:
    for all that is not ASCII, 2 bytes count as one.
    """
    plain = len(text.encode("ascii", "ignore"))
    other = 0 if plain == len(text) else len(text.encode("utf-8", "replace")) - plain
    return MESSAGE_TOKENS + (plain + 3) // 4 + (other + 1) // 2
