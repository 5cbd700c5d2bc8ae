"""The strict reader against the standard one, and against a corpus of what is wrong with JSON in the wild."""

from __future__ import annotations

import json
import math
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.wire import jsonscan
from harness.wire.strictjson import MAX_DEPTH, MAX_DIGITS, JsonNumber, NegativeZero, NotJson, TooMuch, parse

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
    max_leaves=20,
)

PROBLEMS = {
    b'{"a":1,"a":2}': "duplicate-key",
    b'{"a":{"b":1,"b":1}}': "duplicate-key",
    b"[NaN]": "nan-token",
    b"[Infinity]": "infinity-token",
    b"[-Infinity]": "infinity-token",
    b'"\xff"': "invalid-utf8",
    b'"\xed\xa0\x80"': "invalid-utf8",
    b'"\xc0\x80"': "invalid-utf8",
    b"\xef\xbb\xbf{}": "byte-order-mark",
    b"{} {}": "trailing-data",
    b"{}\x00": "trailing-data",
    b"01": "trailing-data",
    b'"\\ud800"': "lone-surrogate",
    b'{"\\udc00":1}': "lone-surrogate",
    b'"\\udc00\\ud800"': "lone-surrogate",
    b"1e400": "huge-number",
    b"-1e400": "huge-number",
    b"9" * 5000: "huge-number",
    b'"a\nb"': "control-character",
    b'"a\x00b"': "control-character",
    b'["\t"]': "control-character",
    b"[" * 100_000 + b"]" * 100_000: "too-deep",
    b'{"a":' * 10_000 + b"1" + b"}" * 10_000: "too-deep",
}

NOT_JSON = [
    b"",
    b" \n",
    b"{",
    b"[1,]",
    b"{'a':1}",
    b'{"a":1,}',
    b"[1 2]",
    b"+1",
    b".5",
    b"-",
    b"nul",
    b"True",
    b'"abc',
    b'"\\x"',
    b'"\\u12"',
    b"\xff\xfe{\x00}\x00",
    b"<html>",
    b"\xc2\xa0{}",
    b"// comment\n{}",
    b"[" * 90,
    b"{1:2}",
]


@given(VALUES)
def test_reads_what_the_standard_reader_reads(value: object) -> None:
    document = parse(json.dumps(value).encode())
    assert document.value == value
    assert document.problems == ()


@given(VALUES)
def test_reads_unescaped_text_and_white_space(value: object) -> None:
    text = json.dumps(value, ensure_ascii=False, indent=2).encode("utf-8", "surrogatepass")
    assert parse(b"\r\n\t " + text + b"\n").value == value


@pytest.mark.parametrize(("body", "kind"), PROBLEMS.items(), ids=lambda each: repr(each)[:30])
def test_names_every_problem(body: bytes, kind: str) -> None:
    assert {problem.kind for problem in parse(body).problems} == {kind}


@pytest.mark.parametrize("body", NOT_JSON, ids=lambda each: repr(each)[:30])
def test_says_where_there_is_no_value(body: bytes) -> None:
    with pytest.raises(NotJson) as refusal:
        parse(body)
    assert refusal.value.reason
    assert 0 <= refusal.value.offset <= len(body)


@given(st.binary(max_size=200))
def test_never_raises_anything_else(body: bytes) -> None:
    try:
        parse(body)
    except NotJson:
        return


@given(st.text(alphabet='[]{}",:\\ueE+-.0123456789dDNaIntfi \n\x00\ud800', max_size=60))
def test_never_raises_anything_else_near_json(text: str) -> None:
    try:
        parse(text.encode("utf-8", "surrogatepass"))
    except NotJson:
        return


def test_numbers_keep_what_was_written() -> None:
    value = parse(b"[1.10, 1E400, -0, -0.0, 18446744073709551615, 0]").value
    assert type(value[0]) is float
    assert isinstance(value[1], JsonNumber)
    assert value[1].lexeme == "1E400"
    assert isinstance(value[2], NegativeZero)
    assert value[2] == 0
    assert math.copysign(1, float(value[2])) == -1
    assert math.copysign(1, value[3]) == -1
    assert value[4] == 2**64 - 1
    assert type(value[5]) is int


@pytest.mark.parametrize("digits", [MAX_DIGITS - 1, MAX_DIGITS, MAX_DIGITS + 1, 400, 4200, 5000, 100_000])
def test_every_number_is_a_double_for_who_computes_with_it(digits: int) -> None:
    for lexeme in ("9" * digits, "-" + "9" * digits):
        value = parse(lexeme.encode()).value
        assert abs(float(value)) > 1e306


def test_more_values_than_memory_is_allowed_for_are_not_built() -> None:
    body = b"[" + b"[]," * 2_000_000 + b"[]]"
    with pytest.raises(TooMuch, match="at least 2000001 JSON values"):
        parse(body)
    # What comes after the value is never built.
    assert [problem.kind for problem in parse(b"[]," * 2_000_000).problems] == ["trailing-data"]
    assert parse(json.dumps("[]," * 2_000_000).encode()).problems == ()


@given(st.text(alphabet='\\\\""[]{},a ', max_size=80), st.integers(1, 9))
def test_the_scan_sees_what_the_reader_builds(text: str, piece: int) -> None:
    before = jsonscan.PIECE
    body = json.dumps([[text, {text: [text]}], text]).encode()
    jsonscan.PIECE = piece
    try:
        found = jsonscan.scan(body)
    finally:
        jsonscan.PIECE = before
    assert found.depth == 4
    assert found.values >= 3


def test_a_pair_of_surrogates_is_one_character() -> None:
    assert parse(b'"\\ud83d\\ude00 \\\\ud800"').value == "\U0001f600 \\ud800"
    assert parse(b'"\\ud83d\\ude00 \\\\ud800"').problems == ()


def test_depth_up_to_the_limit_is_read() -> None:
    deep = b"[" * MAX_DEPTH + b"]" * MAX_DEPTH
    assert parse(deep).problems == ()
    assert [problem.kind for problem in parse(b"[" + deep + b"]").problems] == ["too-deep"]
    brackets_in_text = json.dumps(["[{" * 2000]).encode()
    assert parse(brackets_in_text).problems == ()


def test_a_caller_deep_in_the_stack_gets_a_problem_and_no_crash() -> None:
    body = b"[" * MAX_DEPTH + b"]" * MAX_DEPTH

    def deeper(left: int) -> set[str]:
        if left:
            return deeper(left - 1)
        return {problem.kind for problem in parse(body).problems}

    depth = 0
    frame = sys._getframe()
    while frame.f_back is not None:
        depth, frame = depth + 1, frame.f_back
    assert deeper(sys.getrecursionlimit() - depth - 50) == {"too-deep"}


def test_many_problems_stay_few() -> None:
    assert len(parse(b"[" + b"NaN," * 10_000 + b"NaN]").problems) == 100
