"""The event stream reader against the examples and rules of the standard."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.wire.events import Event, parse_events

# No line breaks and no null: what a field can hold.
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\0"), max_size=20)


def data_of(body: bytes) -> list[str]:
    return [event.data for event in parse_events(body).events]


def test_data_lines_are_joined() -> None:
    # The standard's own example.
    assert data_of(b"data: YHOO\ndata: +2\ndata: 10\n\n") == ["YHOO\n+2\n10"]


def test_comments_ids_and_one_leading_space() -> None:
    body = b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n"
    assert parse_events(body).events == (
        Event("first event", last_id="1"),
        Event("second event"),
        Event(" third event"),
    )


def test_empty_data() -> None:
    # The standard's own example: two events, and a last block that is dropped for want of a blank line.
    stream = parse_events(b"data\n\ndata\ndata\n\ndata:")
    assert [event.data for event in stream.events] == ["", "\n"]
    assert stream.unfinished == "data:"


def test_space_after_the_colon_is_optional() -> None:
    assert data_of(b"data:test\n\ndata: test\n\n") == ["test", "test"]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_every_line_end(end: bytes) -> None:
    body = b"event: add" + end + b"data: 1" + end + b"data: 2" + end + end + b"data: 3" + end + end
    assert parse_events(body).events == (Event("1\n2", "add"), Event("3"))


def test_mixed_line_ends() -> None:
    assert data_of(b"data: 1\r\ndata: 2\rdata: 3\n\r\ndata: 4\r\r") == ["1\n2\n3", "4"]


def test_other_separators_of_unicode_end_no_line() -> None:
    # str.splitlines would break at each of them.
    text = "a\u2028b\u2029c\x85d\x0be\x0cf\x1cg"
    assert data_of(f"data: {text}\n\n".encode()) == [text]


def test_one_byte_order_mark_is_dropped() -> None:
    assert data_of(b"\xef\xbb\xbfdata: x\n\n") == ["x"]
    again = parse_events(b"\xef\xbb\xbf\xef\xbb\xbfdata: x\n\n")
    assert again.events == ()
    assert again.unknown == ("\ufeffdata: x",)


def test_what_is_not_utf8_is_replaced() -> None:
    assert data_of(b"data: \xff\n\n") == ["\ufffd"]


def test_type_is_forgotten_with_its_event() -> None:
    assert parse_events(b"event: add\n\ndata: 1\n\n").events == (Event("1"),)


def test_id_stays_and_one_with_a_null_is_ignored() -> None:
    body = b"id: 7\ndata: 1\n\ndata: 2\n\nid: 8\0\ndata: 3\n\n"
    assert [event.last_id for event in parse_events(body).events] == ["7", "7", "7"]


def test_unknown_fields_are_ignored_and_named() -> None:
    stream = parse_events(b'{"a": 1}\nData: x\nretry: 10\ndata: 1\n\n')
    assert stream.events == (Event("1"),)
    assert stream.unknown == ('{"a": 1}', "Data: x")


@pytest.mark.parametrize(
    ("body", "unfinished"),
    [
        (b"data: 1\n\n", ""),
        (b"data: 1\n\n: end\n", ""),
        (b"data: 1\n\n: end", ""),
        (b"data: 1\n\ndata: 2\n", "2"),
        (b"data: 1\n\ndata: 2", "data: 2"),
        (b"data: 1\n\nda", "da"),
        (b"", ""),
    ],
)
def test_what_no_blank_line_ends_is_left(body: bytes, unfinished: str) -> None:
    assert parse_events(body).unfinished == unfinished


@given(st.binary(max_size=200))
def test_every_body_can_be_read(body: bytes) -> None:
    parse_events(body)


@given(st.lists(TEXTS, min_size=1, max_size=4), st.sampled_from(["\n", "\r\n", "\r"]))
def test_written_events_are_read(lines: list[str], end: str) -> None:
    body = "".join(f"data: {line}{end}" for line in lines) + end
    stream = parse_events(body.encode())
    assert [event.data for event in stream.events] == ["\n".join(lines)]
    assert stream.unfinished == ""
