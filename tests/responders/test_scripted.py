"""The scripted responder: a pure function of seed and prompt, and decent company."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import replace
from importlib import resources

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import MockClock

from nexus_trio.model.world import Persona, Room, parse_world
from nexus_trio.responders.base import Exchange, Prompt
from nexus_trio.responders.scripted import ScriptedResponder
from nexus_trio.responders.scripted.reply import REPLY_CHARS
from nexus_trio.responders.scripted.words import CARE, COMMON

WORLD = parse_world(
    (resources.files("nexus_trio") / "world" / "default.toml").read_text("utf-8"), "default.toml"
)
BARE = Room("Hall", "The Hall", "Walls.", {}, Persona("Bo", "Someone."))
ROOMS = [*WORLD.rooms.values(), BARE]
LEVELS = ("none", "concern", "crisis", "imminent")

every_room = pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
rooms = st.sampled_from(ROOMS)
texts = st.text(max_size=700) | st.text("my I lke tea.?'-{}09af\n\0 is called", max_size=700)
exchanges = st.builds(Exchange, texts, texts)
prompts = st.builds(
    Prompt,
    user_id=st.from_regex(r"[a-z][a-z0-9._-]{0,20}", fullmatch=True),
    username=st.none() | st.text(min_size=1, max_size=64),
    room=rooms,
    turn=st.integers(1, 50),
    message=texts,
    crisis_level=st.sampled_from(LEVELS),
    history=st.lists(exchanges, max_size=20).map(tuple),
)


def reply(prompt: Prompt, seed: int = 0) -> str:
    text = ScriptedResponder(seed).ready(prompt)
    assert text is not None
    return text


def ask(
    room: Room, message: str, *told: str, username: str | None = None, level: str = "none"
) -> str:
    """The reply to `message` behind a conversation in which the user said `told`."""
    history = converse(room, told, username)
    prompt = Prompt("ada", username, room, len(told) + 1, message, level, history)
    return reply(prompt)


def converse(
    room: Room, messages: Iterable[str], username: str | None = None, seed: int = 0
) -> tuple[Exchange, ...]:
    history: list[Exchange] = []
    for turn, message in enumerate(messages, 1):
        prompt = Prompt("ada", username, room, turn, message, "none", tuple(history[-20:]))
        history.append(Exchange(message, reply(prompt, seed)))
    return tuple(history)


# ------------------------------------------------------------------ a pure function


@given(prompts, st.integers(0, 9))
def test_any_prompt_has_one_bounded_reply(prompt: Prompt, seed: int) -> None:
    responder = ScriptedResponder(seed)
    first = responder.ready(prompt)
    assert first is not None
    assert 1 <= len(first) <= REPLY_CHARS
    first.encode("utf-8")  # no lone surrogate found its way from the message
    assert first.isprintable()
    assert responder.ready(prompt) == first == ScriptedResponder(seed).ready(prompt)


@given(prompts, prompts)
def test_an_earlier_prompt_changes_nothing(prompt: Prompt, other: Prompt) -> None:
    responder = ScriptedResponder()
    responder.ready(other)
    assert responder.ready(prompt) == reply(prompt)


@given(prompts)
def test_the_user_id_changes_nothing(prompt: Prompt) -> None:
    assert reply(prompt) == reply(replace(prompt, user_id="somebody-else"))


@given(prompts)
def test_an_equal_room_gives_the_same_reply(prompt: Prompt) -> None:
    assert reply(prompt) == reply(replace(prompt, room=replace(prompt.room)))


def test_only_the_first_500_characters_count() -> None:
    message = "My bicycle has a flat tyre. " * 20
    one, two = message[:500] + "tell me a joke", message[:500] + "are you real?"
    assert ask(BARE, one, "hi") == ask(BARE, two, "hi")


def test_the_seed_varies_the_lines() -> None:
    prompt = Prompt("ada", None, WORLD.rooms["Tower"], 2, "tell me a joke")
    assert len({reply(prompt, seed) for seed in range(20)}) > 1


TRACE = """
from tests_scripted import ROOMS, SCRIPT, converse
import hashlib
parts = [e.response for room in ROOMS for e in converse(room, SCRIPT, "Ada")]
print(hashlib.sha256("\\n".join(parts).encode()).hexdigest())
"""


@pytest.mark.parametrize("hash_seed", ["0", "1", "4242"])
def test_a_fresh_process_gives_the_same_replies(hash_seed: str) -> None:
    import hashlib

    here = [each.response for room in ROOMS for each in converse(room, SCRIPT, "Ada")]
    expected = hashlib.sha256("\n".join(here).encode()).hexdigest()
    code = (
        "import importlib.util, sys\n"
        f"spec = importlib.util.spec_from_file_location('tests_scripted', {__file__!r})\n"
        "module = importlib.util.module_from_spec(spec)\n"
        "sys.modules['tests_scripted'] = module\n"
        "spec.loader.exec_module(module)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code + TRACE],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == expected


# ------------------------------------------------------------------ streaming


async def test_a_pace_streams_word_by_word(autojump_clock: MockClock) -> None:
    paced = ScriptedResponder(pace_s=0.5)
    prompt = Prompt("ada", "Ada", WORLD.rooms["Garden"], 1, "hello")
    assert paced.ready(prompt) is None
    start = trio.current_time()
    async with paced.stream(prompt) as pieces:
        seen = [piece async for piece in pieces]
    assert "".join(seen) == reply(prompt)
    assert len(seen) == len(reply(prompt).split())
    # Virtual time: one pause between two words, none before the first.
    assert trio.current_time() - start == pytest.approx(0.5 * (len(seen) - 1))


@pytest.mark.parametrize("pace", [-0.1, float("nan")])
def test_a_pace_that_is_no_pace_is_refused(pace: float) -> None:
    with pytest.raises(ValueError, match="give 0 or more seconds"):
        ScriptedResponder(pace_s=pace)


# ------------------------------------------------------------------ honesty

AI_QUESTIONS = (
    "are you real?", "are you human", "Are you an AI?", "are you a bot", "is this a bot?",
    "am I talking to a real person?", "am I speaking with a machine", "are you a person?",
    "be honest, are you a robot", "you're not a real person, are you?", "are you ChatGPT?",
    "what are you?", "r u real", "do you have feelings?", "is there a human here?",
    "Is this automated?", "hello! are you alive", "I want to know who I am talking to: are you AI?",
    "do you sleep?", "who made you?", "so you\u2019re just a program?", "are you a real woman",
)  # fmt: skip


@every_room
@pytest.mark.parametrize("question", AI_QUESTIONS)
def test_it_admits_to_being_an_ai(room: Room, question: str) -> None:
    for level in LEVELS:
        assert "AI" in ask(room, question, level=level)
        assert "AI" in ask(room, question, "hi", "My day was long.", level=level)


@every_room
def test_the_first_reply_names_the_persona_and_says_ai(room: Room) -> None:
    for message in ("hi", "My train was late.", "tell me a story", "I live in Leeds"):
        said = ask(room, message)
        assert room.persona.name in said
        assert "AI" in said


def test_a_new_persona_introduces_itself() -> None:
    tower, garden = WORLD.rooms["Tower"], WORLD.rooms["Garden"]
    before = converse(tower, ["hi", "my train was late"])
    said = reply(Prompt("ada", None, garden, 3, "My train was late again.", "none", before))
    assert "Fernby" in said
    assert "AI" in said


# ------------------------------------------------------------------ labels


@given(
    prompts,
    st.from_regex(r"[A-Za-z]{1,12}(-u[0-9])?-[0-9a-f]{6,32}", fullmatch=True),
    st.sampled_from(
        ["{}", "hello {}", "please keep {}.", "({}) my dog is ill", "{}: are you real?"]
    ),
)
def test_a_label_is_said_back_word_for_word(prompt: Prompt, label: str, frame: str) -> None:
    assert label in reply(replace(prompt, message=frame.format(label)))


@given(prompts)
def test_no_label_is_said_that_the_user_never_wrote(prompt: Prompt) -> None:
    assert "canary-" not in reply(prompt)


def test_a_label_is_remembered() -> None:
    said = ask(BARE, "what did I tell you?", "please keep order-3f9a12 for me", "nice")
    assert "order-3f9a12" in said


# ------------------------------------------------------------------ memory

TOLD = (
    (("my name is Ada",), "do you remember my name?", "Ada"),
    (("call me Bea", "I like walking"), "what's my name?", "Bea"),
    (("my name is Ada", "actually, my name is Zoe"), "what is my name?", "Zoe"),
    (("call me Ada", "my name is Zoe"), "what is my name?", "Zoe"),
    (("my name is Ada", "call me Zoe"), "what is my name?", "Zoe"),
    (("I like tea", "I like rain", "I like maps"), "what do I like?", "you like rain"),
    (("I like green tea.",), "what do I like?", "green tea"),
    (("I live in New York, by the park",), "where do I live?", "New York"),
    (("I work as a nurse",), "what did I tell you?", "a nurse"),
    (("my dog is called Rex",), "do you remember my dog's name?", "Rex"),
    (("I have a cat named Tom and a cold",), "what do you know about me?", "Tom"),
    (("my sister's name is Eva",), "do you remember my sister?", "Eva"),
    (("I love my garden",), "what did I tell you", "you love your garden"),
)


@every_room
@pytest.mark.parametrize(("told", "question", "expected"), TOLD)
def test_what_was_told_is_remembered(
    room: Room, told: tuple[str, ...], question: str, expected: str
) -> None:
    assert expected in ask(room, question, *told, "it was a long day")


def test_what_was_not_told_is_not_made_up() -> None:
    said = ask(BARE, "where do I live?", "I like tea")
    assert "tea" not in said
    assert any(word in said for word in ("haven't", "nothing on", "don't find"))


def test_the_username_is_known() -> None:
    assert "Ada" in ask(BARE, "what is my name?", "hi", username="Ada")


def test_what_was_told_comes_up_again_unasked() -> None:
    later = ["The week was long.", "Nothing much happened here.", "There were some clouds."] * 6
    history = converse(WORLD.rooms["Tower"], ["my dog is called Rex", *later])
    assert any("Rex" in each.response for each in history[1:])


@pytest.mark.parametrize("words", ["I love you", "I like hurting things", "my name is not known"])
def test_what_should_not_be_kept_is_not_kept(words: str) -> None:
    said = ask(BARE, "what did I tell you?", words)
    assert any(word in said for word in ("haven't", "nothing on", "don't find"))


# ------------------------------------------------------------------ games and talk


@every_room
def test_a_riddle_is_kept_open_until_its_answer(room: Room) -> None:
    history = converse(room, ["hi", "tell me a riddle"])
    question = history[-1].response
    answers = {
        line.partition(" => ")[0]: line.partition(" => ")[2]
        for line in room.persona.lines.get("riddle", ())
    }
    wrong = ask(room, "a teapot", "hi", "tell me a riddle")
    given_up = ask(room, "what is the answer?", "hi", "tell me a riddle", "a teapot")
    assert "answer" in wrong or "the word" in wrong
    if answers:
        right = answers[question]
        assert right.lower() in given_up.lower()
        solved = ask(room, f"is it {right}?", "hi", "tell me a riddle").lower()
        assert right.lower() in solved


def test_another_one_is_another_of_the_same() -> None:
    tower = WORLD.rooms["Tower"]
    said = ask(tower, "and another", "hi", "tell me a story")
    assert any(said.startswith(story) for story in tower.persona.lines["story"])


def test_no_open_riddle_is_said_plainly() -> None:
    assert "riddle" in ask(BARE, "what is the answer?", "hi")


@pytest.mark.parametrize(
    ("sum_", "result"),
    [
        ("what is 12 * 7?", "84"),
        ("3+4", "7"),
        ("How much is 9 divided by 2", "4.5"),
        ("5-8=", "-3"),
    ],
)
def test_small_sums(sum_: str, result: str) -> None:
    assert result in ask(BARE, sum_, "hi")


def test_a_division_by_nothing_has_no_answer() -> None:
    assert "no answer" in ask(BARE, "what is 3 / 0?", "hi")


@pytest.mark.parametrize(
    ("message", "topic"),
    [
        ("tell me a story", "story"), ("I'm so tired", "tired"), ("I feel sad today", "sad"),
        ("I am not happy", "sad"), ("I'm a bit anxious", "anxious"), ("thank you!", "thanks"),
        ("good night", "goodbye"), ("got a joke?", "joke"), ("who are you?", "who"),
        ("where am I?", "place"), ("how are you?", "howareyou"), ("I'm so happy", "happy"),
        ("that's lovely", "praise"), ("my grandmother died", "grief"), ("shut up", "insult"),
        ("why is the sky up there?", "why"), ("should I go to Rome?", "should"),
        ("I take care of my mother", "person"), ("I have a meeting tomorrow morning", "reflect"),
    ],
)  # fmt: skip
def test_what_a_message_calls_for(message: str, topic: str) -> None:
    mark = f"<{topic}>"
    topics = {name: (f"<{name}>",) for name in TOPICS}
    room = Room("Hall", "The Hall", "Walls.", {}, Persona("Bo", "Someone.", topics))
    assert ask(room, message, "hi").startswith(mark)


TOPICS = [
    "story", "tired", "sad", "anxious", "thanks", "goodbye", "joke", "who", "place", "howareyou",
    "happy", "praise", "grief", "insult", "why", "should", "person", "reflect", "listen",
    "greeting", "ask", "what", "how",
]  # fmt: skip


def test_a_person_who_died_is_not_asked_after_cheerfully() -> None:
    said = ask(BARE, "I think of my grandmother.", "my grandmother died in May", "yes")
    assert any(word in said for word in ("sorry", "carry", "miss", "loss"))


def test_a_neighbouring_room_is_pointed_out() -> None:
    assert "the Garden" in ask(WORLD.rooms["Library"], "where is the garden?", "hi").replace(
        "The Garden", "the Garden"
    )


@pytest.mark.parametrize("word", ["killing", "suicide", "knife", "fucking"])
def test_harmful_words_are_not_said_back(word: str) -> None:
    for turn in range(2, 12):
        prompt = Prompt("ada", None, BARE, turn, f"I saw the {word} and {word} about my {word}")
        assert word not in reply(prompt)


def test_no_topic_runs_out_at_once_in_a_world_without_lines() -> None:
    fewer = {"intro", "arrive", "story", "poem", "no_sum", "no_riddle"}
    for topic, lines in (COMMON | CARE).items():
        plain = [line for line in lines if "{topic}" not in line] or lines
        assert len(plain) >= (1 if topic in fewer else 2 if "callback" in topic else 3), topic


# ------------------------------------------------------------------ care

NAMES = st.sampled_from([None, "Ada"])


@given(prompts, st.sampled_from(["crisis", "imminent"]))
def test_in_a_crisis_it_turns_to_people_and_plays_nothing(prompt: Prompt, level: str) -> None:
    prompt = replace(prompt, crisis_level=level, message="tell me a riddle or a joke", turn=2)
    assert reply(prompt) in CARE[level]


@given(prompts)
def test_concern_is_answered_shortly_with_an_open_question(prompt: Prompt) -> None:
    said = reply(replace(prompt, crisis_level="concern", message="it is all too much", turn=2))
    assert said.endswith("?")
    assert len(said) <= 200


def test_after_a_crisis_the_jokes_stop_for_a_while() -> None:
    garden = WORLD.rooms["Garden"]
    told = (Exchange("I want to die", f"I'm Fernby, an AI. {CARE['crisis'][0]}"),)
    said = reply(Prompt("ada", None, garden, 2, "thanks for staying", "none", told))
    assert said in ("You're welcome.", "Gladly.", "Any time.")


def test_an_unknown_level_is_treated_as_a_crisis() -> None:
    prompt = Prompt("ada", None, BARE, 2, "tell me a joke", "unheard-of")
    assert reply(prompt) in CARE["crisis"]


def test_care_does_not_depend_on_the_world() -> None:
    lines = {"crisis": ("Cheer up.",), "concern": ("Oh well.",), "imminent": ("Hm.",)}
    room = replace(BARE, persona=replace(BARE.persona, lines=lines))
    for level in ("concern", "crisis", "imminent"):
        assert ask(room, "I can't any more", "hi", level=level) not in lines[level]


def test_the_world_cannot_deny_that_it_is_an_ai_in_words_of_care() -> None:
    lines = {"ai_care": ("Guess.",), "ai_crisis": ("Guess.",)}
    room = replace(BARE, persona=replace(BARE.persona, lines=lines))
    for level in ("concern", "crisis", "imminent"):
        assert "AI" in ask(room, "are you real?", "hi", level=level)


# ------------------------------------------------------------------ variety

SCRIPT = (
    "hi", "my name is Ada", "I had a long day at the office", "my boss moved the deadline again",
    "what do you think?", "tell me a story", "that's lovely", "another story please",
    "I like the sound of rain", "are you human?", "tell me a riddle", "no idea", "haha",
    "my sister is coming on Friday", "we want to bake a cake", "I'm a little tired", "yes",
    "what should I read next?", "do you like music?", "why is the sea salty?", "ok",
    "I feel much better now", "where can I go from here?", "who are you?", "tell me a joke",
    "another joke", "my dog is called Rex", "he sleeps on the sofa", "thank you", "good night",
)  # fmt: skip


@every_room
@pytest.mark.parametrize("seed", range(5))
def test_thirty_turns_without_an_immediate_repetition(room: Room, seed: int) -> None:
    said = [each.response for each in converse(room, SCRIPT, "Ada", seed)]
    assert len(said) == 30
    for place, line in enumerate(said):
        assert line not in said[max(place - 8, 0) : place]


@every_room
@pytest.mark.parametrize(
    "message",
    [
        "hi",
        "ok",
        "yes",
        "asdf",
        "tell me a joke",
        "are you real?",
        "my boss is late",
        "why?",
        "sad",
    ],
)
def test_the_same_message_again_and_again_gets_other_words(room: Room, message: str) -> None:
    said = [each.response for each in converse(room, ["hi", *[message] * 20])]
    for place in range(1, len(said)):
        assert said[place] not in said[max(place - 2, 0) : place]


@pytest.mark.parametrize("level", ["concern", "crisis", "imminent"])
def test_care_does_not_repeat_itself_at_once(level: str) -> None:
    history: list[Exchange] = []
    for turn in range(1, 13):
        prompt = Prompt("ada", None, BARE, turn, "I can't", level, tuple(history))
        history.append(Exchange("I can't", reply(prompt)))
        assert all(history[-1].response != each.response for each in history[-4:-1])


OTHERS = st.builds(Exchange, texts, texts, speaker=st.sampled_from(["Bob", "Guest"]))


@given(prompts, st.lists(st.tuples(st.integers(0, 20), OTHERS), max_size=9))
def test_what_others_said_aloud_is_not_said_back_to_whoever_asks(
    prompt: Prompt, others: list[tuple[int, Exchange]]
) -> None:
    alone = replace(prompt, crisis_level="none", aloud=True)
    history = list(alone.history)
    for place, other in others:
        history.insert(place, other)
    assert reply(replace(alone, history=tuple(history))) == reply(alone)


def test_a_persona_does_not_take_one_for_another() -> None:
    mine = Exchange("I like tea.", "Good to know.")
    bobs = Exchange("My name is Bob and I like gin.", "Hello, Bob.", speaker="Bob")
    for message in ("what do you know about me?", "what is my name?", "what do I like?"):
        for history in ((mine, bobs), (bobs, mine), (bobs,)):
            prompt = Prompt("persona:Bo", None, BARE, 2, message, history=history, aloud=True)
            assert "Bob" not in reply(prompt)
            assert "gin" not in reply(prompt)
