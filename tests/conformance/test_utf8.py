"""Text is UTF-8 (RFC 3629), whole or cut anywhere; else 1007, at the first byte that can't be."""

from __future__ import annotations

import pytest
from bridge_process import Bridge
from expected import BAD_FRAME, NO_UTF8, alive, answered, ping, refused
from raw_socket import MASK, RawSocket, cut, fragments, frame, header, masked, welcomed

# Each is said as a `ref`, and comes back in the pong.
VALID = {
    "two bytes": "κόσμε",
    "the first of each length": "\x7f\u0080\u0800\U00010000",
    "the last of each length": "\x7f\u07ff\uffff\U0010ffff",
    "beside the surrogates": "\ud7ff\ue000",
    "no characters, and yet code points": "\ufffe\uffff\ufdd0\U0001fffe\U0010fffe",
    "the replacement character": "\ufffd",
    "a byte order mark within": "a\ufeffb",
    "emoji joined": "\U0001f469\u200d\U0001f469\u200d\U0001f467",
}

INVALID = {
    "a continuation byte alone": b"\x80",
    "the last continuation byte alone": b"\xbf",
    "six continuation bytes": b"\x80\xbf\x80\xbf\x80\xbf",
    "every continuation byte": bytes(range(0x80, 0xC0)),
    "two starts of two bytes": b"\xc2\xc3",
    "a start of two bytes alone": b"\xc2",
    "a start of three bytes alone": b"\xe1",
    "a start of four bytes alone": b"\xf1",
    "three bytes without the last": b"\xe2\x82",
    "four bytes without the last": b"\xf0\x9f\x98",
    "kosme, and half of a letter": "κόσμ".encode() + b"\xce",
    "0xfe": b"\xfe",
    "0xff": b"\xff",
    "0xfe and 0xff": b"\xfe\xfe\xff\xff",
    "overlong in two bytes": b"\xc0\xaf",
    "overlong in three bytes": b"\xe0\x80\xaf",
    "overlong in four bytes": b"\xf0\x80\x80\xaf",
    "overlong in five bytes": b"\xf8\x80\x80\x80\xaf",
    "overlong in six bytes": b"\xfc\x80\x80\x80\x80\xaf",
    "the largest overlong in two bytes": b"\xc1\xbf",
    "the largest overlong in three bytes": b"\xe0\x9f\xbf",
    "the largest overlong in four bytes": b"\xf0\x8f\xbf\xbf",
    "zero in two bytes": b"\xc0\x80",
    "zero in three bytes": b"\xe0\x80\x80",
    "the first high surrogate": b"\xed\xa0\x80",
    "the last high surrogate": b"\xed\xaf\xbf",
    "the first low surrogate": b"\xed\xb0\x80",
    "the last low surrogate": b"\xed\xbf\xbf",
    "a pair of surrogates": b"\xed\xa0\x80\xed\xb0\x80",
    "the last pair of surrogates": b"\xed\xaf\xbf\xed\xbf\xbf",
    "U+110000": b"\xf4\x90\x80\x80",
    "U+13FFFF": b"\xf4\xbf\xbf\xbf",
    "a start of U+140000": b"\xf5\x80\x80\x80",
    "five bytes": b"\xf8\x88\x80\x80\x80",
    "six bytes": b"\xfc\x84\x80\x80\x80\x80",
    "kosme, a surrogate, kosme": "κόσμε".encode() + b"\xed\xa0\x80" + "κόσμε".encode(),
}


def around(wrong: bytes) -> bytes:
    """A ping in JSON whose ref holds these bytes."""
    return ping("REF").replace(b"REF", wrong)


@pytest.fixture
def raw(server: Bridge) -> RawSocket:
    return welcomed(server.port)


@pytest.mark.parametrize("way", ["whole", "in writes of a byte", "in fragments of a byte"])
@pytest.mark.parametrize("ref", VALID.values(), ids=VALID)
def test_what_is_text_is_read_and_comes_back(raw: RawSocket, ref: str, way: str) -> None:
    with raw:
        text = ping(ref)
        raw.send(
            *fragments(cut(text, 1) if way.startswith("in fragments") else [text]),
            chop=1 if way.startswith("in writes") else None,
        )
        answered(raw, ref)
        alive(raw)


@pytest.mark.parametrize("way", ["whole", "in fragments of a byte"])
@pytest.mark.parametrize("wrong", INVALID.values(), ids=INVALID)
def test_what_is_no_text_is_refused(raw: RawSocket, wrong: bytes, way: str) -> None:
    with raw:
        text = around(wrong)
        raw.send(*fragments([text] if way == "whole" else cut(text, 1)))
        refused(raw, NO_UTF8)


@pytest.mark.parametrize("wrong", INVALID.values(), ids=INVALID)
def test_it_is_refused_before_its_frame_is_whole(raw: RawSocket, wrong: bytes) -> None:
    """Up to the byte behind it, of a frame that announces 1,000; the rest never comes."""
    begun = around(wrong).partition(wrong)[0] + wrong + b'"'
    with raw:
        raw.send(header(1000, 1) + MASK + masked(begun), chop=1)
        refused(raw, NO_UTF8)


@pytest.mark.parametrize("wrong", INVALID.values(), ids=INVALID)
def test_it_is_refused_before_its_message_is_whole(raw: RawSocket, wrong: bytes) -> None:
    """In a first fragment; a second never comes."""
    begun = around(wrong).partition(wrong)[0] + wrong + b'"'
    with raw:
        raw.send(frame(begun, fin=False))
        refused(raw, NO_UTF8)


@pytest.mark.parametrize("half", ["κ".encode()[:1], "€".encode()[:2], "😀".encode()[:3]], ids=len)
def test_a_message_that_ends_within_a_letter(raw: RawSocket, half: bytes) -> None:
    with raw:
        raw.send(frame(ping() + half))
        refused(raw, NO_UTF8)


@pytest.mark.parametrize("text", ["\ufeff" + ping().decode(), "\ufeff", "\x00"], ids=ascii)
def test_text_that_is_utf8_and_no_json(raw: RawSocket, text: str) -> None:
    """A byte order mark is text, and no part of JSON (RFC 8259, section 8.1)."""
    with raw:
        raw.send(frame(text.encode()))
        refused(raw, BAD_FRAME)


def test_a_lone_surrogate_as_an_escape_is_utf8_and_no_text(raw: RawSocket) -> None:
    with raw:
        raw.send(frame(ping("\\ud800")))
        refused(raw, BAD_FRAME)
