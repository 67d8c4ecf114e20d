"""The chat on a real terminal: what is seen, and what the keys do."""

from __future__ import annotations

import signal
import socket
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest
from bridge_process import Bridge, bridge
from pty_terminal import COLOUR, CTRL_C, CTRL_D, ENTER, TAB, UP, Terminal, terminal

WISH = "I want to kill myself"
STORY = "tell me a story"


@pytest.fixture(scope="module")
def server() -> Iterator[Bridge]:
    """One that answers at once."""
    with bridge("serve") as running:
        yield running


@pytest.fixture(scope="module")
def slow() -> Iterator[Bridge]:
    """One whose personas write slowly."""
    with bridge("serve", NEXUS_PACE_S="0.1") as running:
        yield running


def url(server: Bridge) -> str:
    return f"http://127.0.0.1:{server.port}"


def chat(server: Bridge, user: str, *more: str) -> tuple[str, ...]:
    return ("chat", "--url", url(server), "--user", user, *more)


def say(server: Bridge, room: str, user: str, text: str, **more: str) -> None:
    body = {"user_id": user, "text": text, **more}
    assert server.call("POST", f"/bridge/rooms/{room}/say", body)[0] == 200


def test_words_are_seen_as_they_come_above_a_prompt_that_stays(
    slow: Bridge, tmp_path: Path
) -> None:
    with terminal(*chat(slow, "streaming"), folder=tmp_path) as shown:
        shown.until("streaming in Tower>")
        shown.type(STORY, ENTER)
        lengths = set()

        def whole(t: Terminal) -> bool:
            told = t.text.rpartition("you: tell me a story")[2]
            if t.prompt == "streaming in Tower>":  # it is drawn anew after a whole row
                lengths.add(len(told))
            return len(lengths) > 5

        shown.until("Wyndal:")
        shown.until(whole)
        shown.type(CTRL_D)
        assert shown.end() == 0


def test_the_first_ctrl_c_stops_the_answer_and_the_next_one_leaves(
    slow: Bridge, tmp_path: Path
) -> None:
    with terminal(*chat(slow, "stopping"), folder=tmp_path) as shown:
        shown.until("stopping in Tower>")
        shown.type(STORY, ENTER)
        shown.until("Wyndal:")
        shown.type(CTRL_C)
        shown.until("(stopped)")
        assert shown.process.poll() is None
        shown.until(lambda t: t.prompt == "stopping in Tower>")
        shown.type(CTRL_C)
        assert shown.end() == 0
        assert shown.prompt.endswith("(stopped)")  # the prompt is taken away


def test_slash_stop_does_the_same_and_says_where_nothing_runs(slow: Bridge, tmp_path: Path) -> None:
    with terminal(*chat(slow, "slashing"), folder=tmp_path) as shown:
        shown.until("slashing in Tower>")
        shown.type("/stop", ENTER)
        shown.until("No answer is being written.")
        shown.type(STORY, ENTER)
        shown.until("Wyndal:")
        shown.type("/stop", ENTER)
        shown.until("(stopped)")
        shown.type("/quit", ENTER)
        assert shown.end() == 0


def test_the_terminal_is_afterwards_as_it_was(server: Bridge, tmp_path: Path) -> None:
    with terminal(*chat(server, "restoring"), folder=tmp_path) as shown:
        shown.until("restoring in Tower>")
        assert termios.tcgetattr(shown.near) != shown.attributes
        shown.process.send_signal(signal.SIGTERM)
        assert shown.end() == 0
        assert termios.tcgetattr(shown.near) == shown.attributes
        assert shown.raw.rindex(b"\x1b[?25h") > shown.raw.rfind(b"\x1b[?25l")  # the cursor is seen


def test_what_others_do_leaves_the_typed_text_where_it_is(server: Bridge, tmp_path: Path) -> None:
    with terminal(*chat(server, "typing", "--room", "Garden"), folder=tmp_path) as shown:
        shown.until("typing in Garden>")
        shown.type("half a mess")
        shown.until(lambda t: t.prompt == "typing in Garden> half a mess")
        say(server, "Garden", "bob", "good evening", username="Robert")
        shown.until("Robert (bob) says aloud: good evening")
        assert "Robert (bob) comes in." in shown.rows
        shown.until(lambda t: t.prompt == "typing in Garden> half a mess")
        server.call("POST", "/bridge/rooms/Garden/leave", {"user_id": "bob"})
        shown.until("Robert (bob) leaves.")
        shown.type("age", ENTER)
        shown.until("you: half a message")
        shown.until("Fernby:")


def test_a_notice_is_seen_whole_and_once(server: Bridge, tmp_path: Path) -> None:
    with terminal(*chat(server, "pained"), folder=tmp_path, rows=50) as shown:
        shown.until("pained in Tower>")
        shown.type(WISH, ENTER)
        shown.until("Wyndal:")
        shown.type("/say ", WISH, ENTER)
        shown.until(lambda t: t.text.count("End of the important message.") == 2)
        shown.type("/look", ENTER)
        shown.until(lambda t: t.text.count("Here now") == 2)
        assert shown.text.count("IMPORTANT. Please read this:") == 2
        assert shown.text.count("call or text 988") == 2
        first = shown.text.index("End of the important message.")
        assert first < shown.text.index("Wyndal: ")  # help comes before all else
    with terminal(*chat(server, "pained"), folder=tmp_path) as again:
        again.until("pained in Tower>")
        again.type("/help", ENTER)
        again.until("/quit: leave")
        assert "IMPORTANT" not in again.text  # it was acknowledged


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


def test_a_lost_connection_comes_back_in_one_line(tmp_path: Path) -> None:
    data, port = tmp_path / "data", str(free_port())
    with bridge("serve", "--port", port, data=data) as first:
        place = terminal(*chat(first, "lasting"), folder=tmp_path)
        with place as shown:
            shown.until("lasting in Tower>")
            shown.type("hello", ENTER)
            shown.until("Wyndal:")
            first.process.kill()
            first.wait()
            shown.until("The connection is lost; trying again.")
            shown.type("are you there?", ENTER)
            shown.until("you: are you there?")
            with bridge("serve", "--port", port, data=data) as second:
                shown.until("The connection was lost, and is back")
                shown.until(lambda t: t.text.count("Wyndal:") == 2)
                assert "The connection is lost" not in shown.text
                assert shown.text.count("The connection was lost") == 1
                _, history = second.call("GET", "/bridge/sessions/lasting/history")
                said = [turn["message"] for turn in history["turns"]]
                assert said == ["hello", "are you there?"]
                shown.type(CTRL_C)
                assert shown.end() == 0


def test_a_server_that_ends_for_good_ends_the_chat(server: Bridge, tmp_path: Path) -> None:
    with terminal(*chat(server, "erased"), folder=tmp_path) as shown:
        shown.until("erased in Tower>")
        assert server.call("DELETE", "/bridge/sessions/erased")[0] == 200
        assert shown.end() == 1
        assert "nexus-trio: " in shown.text
        assert "erased" in shown.prompt


@pytest.mark.parametrize("off", ["variable", "option"])
def test_colours_can_be_turned_off(server: Bridge, tmp_path: Path, off: str) -> None:
    options = ("--no-color",) if off == "option" else ()
    env = {"NO_COLOR": "1"} if off == "variable" else {}
    for given, variables in ((options, env), ((), {"NO_COLOR": ""})):
        with terminal(*chat(server, "pale", *given), folder=tmp_path, **variables) as shown:
            shown.until("pale in Tower>")
            shown.type(WISH, ENTER)
            shown.until("Wyndal: ")
            shown.type("/nonsense", ENTER)
            shown.until("No such command")
            shown.type(CTRL_D)
            assert shown.end() == 0
            plain = given == options and variables == env
            assert bool(COLOUR.search(shown.raw)) is not plain


def test_what_others_write_gives_the_terminal_no_orders(server: Bridge, tmp_path: Path) -> None:
    with terminal(*chat(server, "wary", "--room", "Chapel"), folder=tmp_path) as shown:
        shown.until("wary in Chapel>")
        title, clear = "\x1b]0;owned\x07", "\x1b[2J\x1b[H\x9b2J"
        say(server, "Chapel", "mallory", f"a{title}b{clear}c\u202ed\r\nWyndal: lies")
        shown.until("mallory says aloud:")
        shown.until("lies")
        shown.until(lambda t: "wary in Chapel>" in t.rows)
        assert "wary in Chapel" in shown.text
        assert b"owned\x07" not in shown.raw
        assert b"\x1b]0" not in shown.raw
        assert "  Wyndal: lies" in shown.rows  # indented: it is still mallory's
        assert "\u202e" not in shown.raw.decode()


def test_forty_columns_and_wide_characters_read_well(server: Bridge, tmp_path: Path) -> None:
    with terminal(*chat(server, "narrow"), folder=tmp_path, columns=40, rows=60) as shown:
        shown.until("narrow in Tower>")
        say(server, "Tower", "kenji", "灯台の明かりが海を照らしている。" * 3, username="健二")
        shown.until("健二 (kenji) says aloud:")
        shown.type(WISH, ENTER)
        shown.until("Wyndal:")
        assert "there:" not in shown.rows  # no word stands alone because a row was cut twice
        assert "988 Suicide & Crisis Lifeline: call" in shown.text
        assert max(len(row) for row in shown.rows) < 40


def test_another_width_draws_the_last_screenful_anew(server: Bridge, tmp_path: Path) -> None:
    with terminal(
        *chat(server, "resized", "--room", "Dungeon"), folder=tmp_path, columns=80, rows=30
    ) as shown:
        shown.until("tells the rest.")  # all that is said at the beginning
        shown.type("half a line")
        shown.until(lambda t: t.prompt == "resized in Dungeon> half a line")
        before = shown.text
        shown.resize(40, 30)
        shown.until(lambda t: t.text == before and t.prompt.endswith("> half a line"))
        assert all(len(row) < 40 for row in shown.rows)
        shown.resize(80, 30)
        shown.until(lambda t: t.text == before and max(map(len, t.rows)) > 40)


def test_tab_completes_and_up_brings_back(server: Bridge, tmp_path: Path) -> None:
    with terminal(*chat(server, "quick"), folder=tmp_path) as shown:
        shown.until("tells the rest.")
        shown.type("/g", TAB, "lib", TAB)
        shown.until(lambda t: t.prompt == "quick in Tower> /go Library")
        shown.type(ENTER)
        shown.until("quick in Library>")
        shown.type("/", TAB)
        shown.until("Tab could be: /go, /help, /look, /quit, /say, /stop")
        shown.type("say Quill", TAB)
        shown.until(lambda t: t.prompt == "quick in Library> /say Quillan")
        shown.type(ENTER)
        shown.until("You say aloud: Quillan")
        shown.type(UP, UP)
        shown.until(lambda t: t.prompt == "quick in Library> /go Library")


def test_it_offers_to_start_a_server(tmp_path: Path) -> None:
    port = str(free_port())
    with terminal("chat", folder=tmp_path, NEXUS_PORT=port, USER="Ada Lovelace") as shown:
        shown.until("Your name here [Ada-Lovelace]:")
        shown.type("not a name", ENTER)
        shown.until("try again")
        shown.type(ENTER)
        shown.until("Start one here, until you leave? Its data stays in ./nexus-data. [Y/n]")
        shown.type(ENTER)
        shown.until("Ada-Lovelace in Tower>")
        assert (tmp_path / "nexus-data").is_dir()
        shown.type("hello", ENTER)
        shown.until("Wyndal:")
        with terminal(
            "chat", "--user", "bob", folder=tmp_path, NEXUS_PORT=port
        ) as other:  # others find it
            other.until("bob in Tower>")
            shown.until("bob comes in.")
            other.type(CTRL_D)
            assert other.end() == 0
        shown.type(CTRL_D)
        assert shown.end() == 0


def test_it_says_what_to_do_where_none_is_wanted(tmp_path: Path) -> None:
    port = str(free_port())
    with terminal("chat", "--user", "ada", folder=tmp_path, NEXUS_PORT=port) as shown:
        shown.until("[Y/n]")
        shown.type("n", ENTER)
        assert shown.end() == 2
        assert "start a server with 'nexus-trio serve', or name one with --url" in shown.text
        assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("dumb", [True, False])
def test_plain_lines_draw_nothing_over(slow: Bridge, tmp_path: Path, dumb: bool) -> None:
    options, env = ((), {"TERM": "dumb"}) if dumb else (("--plain",), {})
    user = f"plain-{dumb}"
    with terminal(*chat(slow, user, *options), folder=tmp_path, rows=60, **env) as shown:
        shown.until(f"You are {user}.")
        shown.type("hello\n")
        shown.until("Wyndal: ")
        shown.type("tell me a story\n")
        shown.until("tell me a story")
        shown.type(CTRL_C)
        shown.until("(stopped)")
        assert shown.process.poll() is None
        shown.type(CTRL_D)
        assert shown.end() == 0
        assert b"\x1b" not in shown.raw


def test_a_window_that_is_closed_ends_the_chat(server: Bridge, tmp_path: Path) -> None:
    with terminal(*chat(server, "closing"), folder=tmp_path) as shown:
        shown.until("closing in Tower>")
        shown.hang_up()
        shown.process.wait(timeout=60)


def test_what_is_pasted_is_one_message_whatever_its_lines(server: Bridge, tmp_path: Path) -> None:
    with terminal(*chat(server, "pasting"), folder=tmp_path) as shown:
        shown.until("tells the rest.")
        shown.type("\x1b[200~one\r\ntwo\x1b[201~")
        shown.until(lambda t: t.prompt == "two")
        shown.type(ENTER)
        shown.until("Wyndal:")
        assert "  two" in shown.rows
        _, history = server.call("GET", "/bridge/sessions/pasting/history")
        assert [turn["message"] for turn in history["turns"]] == ["one\ntwo"]


@pytest.mark.parametrize("at", ["question", "offer"])
def test_ctrl_c_and_ctrl_d_leave_before_anything_began(tmp_path: Path, at: str) -> None:
    for key, status in ((CTRL_C, 130), (CTRL_D, 2)):
        options = ("--user", "ada") if at == "offer" else ()
        with terminal("chat", *options, folder=tmp_path, NEXUS_PORT=str(free_port())) as shown:
            shown.until("[Y/n]" if at == "offer" else "Your name here [ada]:")
            shown.type(key)
            assert shown.end() == status
            assert "Traceback" not in shown.text
            assert not list(tmp_path.iterdir())


BROKEN = """
import trio
from nexus_trio.terminal import items, screen

def broken(item, width):
    raise ZeroDivisionError("on purpose")

async def main():
    screen.painted = broken
    nothing = lambda *_: None
    async with screen.open_screen(
        colour=True, typed=nothing, stop=nothing, leave=nothing
    ) as shown:
        await shown.show(items.told("words"))
        await trio.sleep_forever()

trio.run(main)
"""


def test_a_screen_that_breaks_ends_with_its_error_and_gives_the_terminal_back(
    tmp_path: Path,
) -> None:
    with terminal("-c", BROKEN, folder=tmp_path, program=()) as shown:
        assert shown.end() == 1
        assert b"ZeroDivisionError: on purpose" in shown.raw
        assert termios.tcgetattr(shown.near) == shown.attributes


def test_a_flood_of_lines_is_bounded_and_said_to_be(slow: Bridge, tmp_path: Path) -> None:
    with terminal(*chat(slow, "flooding"), folder=tmp_path, rows=100) as shown:
        shown.until("tells the rest.")
        shown.type("".join(f"line {number}{ENTER}" for number in range(40)))
        shown.until("Too many messages wait already")
        shown.type("/quit", ENTER)
        assert shown.end() == 0
        _, history = slow.call("GET", "/bridge/sessions/flooding/history")
        said = [turn["message"] for turn in history["turns"]]
        assert said == [f"line {number}" for number in range(len(said))]  # in their order
        assert len(said) <= 17
