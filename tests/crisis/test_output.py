"""What is released of a reply: tables of sentences, and what holds of every text in any pieces."""

import itertools
import re
import tomllib
from collections.abc import Iterator
from importlib import resources

import output_sentences as said
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nexus_trio.crisis import output
from nexus_trio.crisis.glance import Glance, harmless
from nexus_trio.crisis.guidance import for_friend, guidance, instead
from nexus_trio.crisis.output import BOOK, HELD, OutputScreen

HARM = (*said.METHOD, *said.DOSE, *said.INSTRUCTION, *said.ENCOURAGEMENT)


def screened(text: str, *, careful: bool = False) -> tuple[str, str | None]:
    screen = OutputScreen(careful=careful)
    released = screen.feed(text) + screen.finish()
    return released, screen.withheld


# --- tables ---


@pytest.mark.parametrize("text", HARM)
@pytest.mark.parametrize("before", ["", "I hear you. ", "Well, "])
def test_harm_is_withheld_with_all_that_follows(text: str, before: str) -> None:
    released, withheld = screened(f"{before}{text} And then the weather was fine.")
    assert withheld in BOOK.entries
    assert f"{before}{text}".startswith(released)
    assert "weather" not in released


@pytest.mark.parametrize("text", said.IN_CONTEXT)
def test_some_words_are_withheld_where_the_talk_is_of_it(text: str) -> None:
    assert screened(text) == (text, None)
    assert screened(text, careful=True)[1] is not None
    assert screened(f"So you think of killing yourself. {text}")[1] is not None


@pytest.mark.parametrize("text", said.CARE)
@pytest.mark.parametrize("careful", [False, True])
def test_care_passes(text: str, careful: bool) -> None:
    assert screened(text, careful=careful) == (text, None)


@pytest.mark.parametrize("text", said.BENIGN)
def test_what_only_looks_like_it_passes(text: str) -> None:
    assert screened(text) == (text, None)


def test_there_are_as_many_sentences_that_pass() -> None:
    assert len(said.CARE) + len(said.BENIGN) >= len(HARM)


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for inner in value.values() if isinstance(value, dict) else ():
        yield from _strings(inner)
    for inner in value if isinstance(value, list) else ():
        yield from _strings(inner)


@pytest.mark.parametrize(
    "path",
    ["world/default.toml", "responders/scripted/lines.toml", "responders/scripted/care.toml"],
)
def test_no_line_of_our_own_is_withheld(path: str) -> None:
    table = tomllib.loads((resources.files("nexus_trio") / path).read_text("utf-8"))
    lines = list(_strings(table))
    assert len(lines) > 20
    for line in lines:
        assert screened(line, careful=True) == (line, None)


@pytest.mark.parametrize("locale", ["en-US", "en-GB", "it-IT", ""])
def test_no_guidance_is_withheld(locale: str) -> None:
    notices = (guidance(level, locale, n) for level in ("crisis", "imminent") for n in (0, 1))
    for words in (*notices, for_friend(locale), instead(locale)):
        assert screened(words.text, careful=True) == (words.text, None)


def test_every_entry_that_withholds_is_met_by_a_sentence() -> None:
    cues = {entry.id for entry in BOOK.entries.values() if entry.kind == "cue"}
    met = {screened(text)[1] for text in HARM}
    assert cues == met | {screened(text, careful=True)[1] for text in said.IN_CONTEXT}


@pytest.mark.parametrize("locale", ["en-US", "de-AT", "it-IT", "\ud800"])
def test_what_stands_instead_names_the_lines_of_the_notice(locale: str) -> None:
    lines = [row for row in guidance("crisis", locale).text.split("\n") if row.startswith("- ")]
    words = instead(locale)
    assert [row for row in words.text.split("\n") if row.startswith("- ")] == lines
    assert words.resources == guidance("crisis", locale).resources
    assert "AI" in words.text
    assert "trust" in words.text


# --- holding back ---


def test_words_that_begin_nothing_are_released_as_they_come() -> None:
    screen = OutputScreen()
    for piece in ("Ra", "in", " falls on", " slate", " ", "mar", "bles."):
        assert screen.feed(piece) == piece.rstrip(".")
    assert screen.finish() == "."


def test_the_beginning_of_a_phrase_waits_until_it_is_none() -> None:
    screen = OutputScreen()
    assert screen.feed("the world would ") == "the"
    assert screen.held == 2
    assert screen.feed("and ").startswith(" world would")


def test_a_stretched_phrase_is_caught_although_its_first_words_are_gone() -> None:
    screen = OutputScreen()
    released, most = screen.feed("you "), 0
    for _ in range(3 * HELD):
        released += screen.feed("really ")
        most = max(most, screen.held)
    assert most == HELD - 1  # and room for a word that is being written
    released += screen.feed("should kill yourself, and so on")
    assert screen.withheld == "encourage.suicide"
    assert released.startswith("you really")
    assert "should" not in released


# --- what holds of every text ---

WORDS = sorted({*BOOK.cues, *BOOK.guards} - {"^", "$", "*", "#"})
SALAD = st.lists(
    st.sampled_from(
        [*WORDS, *HARM, *said.CARE, "self", "12", "of", ".", ",", "\n", "really", "  "]
    ),
    max_size=30,
).map(" ".join)
TEXTS = SALAD | st.text(st.characters(), max_size=300) | st.sampled_from(HARM)


def _pieces(text: str, cuts: list[int]) -> list[str]:
    places = [0, *sorted(cut % (len(text) + 1) for cut in cuts), len(text)]
    return [text[a:b] for a, b in itertools.pairwise(places)]


def _words(text: str) -> int:
    """How many words a text has, as the screen counts them."""
    return sum(len(run) // 64 + 1 for run in re.findall(r"[\S\x1c-\x1f]+", text))


@given(TEXTS, st.lists(st.integers(0, 10_000), max_size=40), st.booleans())
@example("marble,kill yourself now", list(range(25)), False)
@example(" " * 500 + "kill" + "\t" * 130 + "yourself" + "x" * 200, list(range(0, 900, 7)), True)
def test_any_pieces_release_the_same(text: str, cuts: list[int], careful: bool) -> None:
    whole, withheld = screened(text, careful=careful)
    screen = OutputScreen(careful=careful)
    released = ""
    fed = 0
    for piece in _pieces(text, cuts):
        before = screen.withheld
        told = screen.feed(piece)
        assert not (before and told)  # nothing behind the point
        released += told
        fed += len(piece)
        assert text.startswith(released)
        if screen.withheld is None:
            assert screen.held <= HELD
            assert _words(text[len(released) : fed]) <= HELD
    released += screen.finish()
    assert (released, screen.withheld) == (whole, withheld)
    if withheld is None:
        assert released == text
    assert screen.feed("And more. ") == "" or withheld is None


@given(SALAD, st.sampled_from(HARM), SALAD)
def test_nothing_is_released_behind_harm(before: str, harm: str, after: str) -> None:
    released, withheld = screened(f"{before}. \n{harm} {after}")
    # What stands before may be a guard of the same words, but not over a sentence's end.
    assert withheld is not None
    assert len(released) < len(f"{before}. \n{harm}")


@given(st.text(st.sampled_from("aAbkKlL''\u2019.,;:!?"), min_size=1, max_size=12))
def test_the_short_way_reads_as_the_long_one(word: str) -> None:
    assert output.tokens(word) == list(output._strange(word))


@pytest.mark.parametrize(
    "piece",
    [
        "you ",
        "you you should ",
        "take 2 2 ",
        "the ",
        "no one ",
        ", ",
        ",",
        "x",
        " ",
        ". ",
        "not a b ",
    ],
)
def test_work_and_memory_stay_bounded(piece: str) -> None:
    """Counted, not timed: phrases under way and words held do not grow with the text."""
    screen = OutputScreen()
    most = 0
    for _ in range(3000):
        screen.feed(piece)
        most = max(most, len(screen._ways) + len(screen._guards))
        assert screen.held <= HELD
        assert len(screen._growing) + sum(map(len, screen._held)) <= 128 * (HELD + 1)
    assert most <= 200


# --- a glance at a whole reply ---


@given(TEXTS)
@example("w/o you. The world would be better")
def test_a_glance_lets_nothing_pass_that_is_withheld(text: str) -> None:
    if harmless(text):
        assert screened(text, careful=True) == (text, None)


@pytest.mark.parametrize("text", [*HARM, *said.IN_CONTEXT])
@pytest.mark.parametrize(
    "around", ["{}", "Rain falls. {} It is late.", "\u201c{}\u201d and 2 more"]
)
def test_a_glance_sees_every_sentence_of_harm(text: str, around: str) -> None:
    assert not harmless(around.format(text))


@given(st.sampled_from(HARM), st.integers(0, 40), st.sampled_from(["\u200b", "-", "\t", "  ", "'"]))
def test_a_glance_is_not_deceived_by_how_harm_is_written(text: str, at: int, mark: str) -> None:
    written = text[:at] + mark + text[at:].upper()
    if harmless(written):
        assert screened(written, careful=True)[1] is None


OWN = (
    "Far off, a grey line that may be the sea; nearer, washing.",
    "What do you like to do when it rains?",
    "You can do it! Why not now?",
    "The rope hangs by the well. Do not go there... or do!",
    "Come in, {name}, and sit down.",
    *HARM[:6],
)
PARTS = st.sampled_from(
    (*OWN, *HARM, "It is late.", "you said: nothing", "no. 7", "\u201cOh\u201d", "")
)


@given(st.lists(PARTS, max_size=6), st.sampled_from([" ", "  ", "", "\n", "! "]))
@example(["You can do it!", "no. 7"], "")
def test_to_know_the_own_lines_changes_no_verdict(parts: list[str], between: str) -> None:
    reply = between.join(parts)
    glance = Glance(OWN)
    for _ in range(2):  # the second time it has read its own
        assert glance.harmless(reply) == harmless(reply)


def test_of_what_is_said_only_the_own_lines_are_kept() -> None:
    glance = Glance(OWN)
    for line in OWN:
        glance.harmless(f"{line} My friend Zebulon went. {line}")
    assert len(glance._passed) > 5
    assert glance._passed <= {part.strip() for line in OWN for part in re.split("[.;!?]", line)}


def test_an_own_line_that_harms_is_seen_again_and_again() -> None:
    glance = Glance(HARM)
    assert [glance.harmless(f"Yes. {line}") for line in HARM * 2] == [False] * 2 * len(HARM)


def test_most_lines_of_our_own_pass_at_a_glance() -> None:
    table = (resources.files("nexus_trio") / "world/default.toml").read_text("utf-8")
    lines = [line for line in _strings(tomllib.loads(table)) if " " in line]
    assert sum(map(harmless, lines)) > 0.8 * len(lines)
