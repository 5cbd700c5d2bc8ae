"""Disclosure in both directions: every pattern takes its own texts and leaves those that look alike."""

from __future__ import annotations

import pytest

from harness.oracles.disclosure import (
    EVERYTHING,
    INSIDE,
    LIMIT,
    SECRETS,
    Pattern,
    disclosures,
    markup_echoed,
    words_of,
)

# What well-behaved servers answer to mistakes; words in them resemble what is looked for.
CLEAN = (
    '{"error":"Model no-such-model-7f3a with version  not found"}',
    "{\"error\":\"[request id: 1] unexpected shape for input 'x' for model 'iris'. Expected [-1,4], got [1,5]\"}",
    '{"error":"failed to parse the request JSON buffer: Invalid value. at 12"}',
    '{"detail":[{"type":"missing","loc":["body","inputs"],"msg":"Field required","url":"https://errors.pydantic.dev/2.9/v/missing"}]}',
    '{"error":"Internal server error, see the log of the server (id 10.2.3)"}',
    '{"error":"no route for GET /v2/models/a/b/infer; see /docs/index.html"}',
    '{"error":"element 3 at position (4:7) is no number: 1e400"}',
    '{"error":"the password must be given in the header Authorization: Bearer"}',
    '{"error":"expected a token, e.g. Authorization: Bearer <token>"}',
)
IDENTIFIED = [pytest.param(pattern, id=f"{pattern.category}-{pattern.name}") for pattern in EVERYTHING]


@pytest.mark.parametrize("pattern", IDENTIFIED)
def test_takes_its_own(pattern: Pattern) -> None:
    for text in pattern.takes:
        assert disclosures(f'{{"error":"{text}"}}', [pattern]), text
        assert disclosures(text, [pattern]), text


@pytest.mark.parametrize("pattern", IDENTIFIED)
def test_leaves_what_looks_alike(pattern: Pattern) -> None:
    for text in pattern.leaves:
        assert not disclosures(text, [pattern]), text


@pytest.mark.parametrize("pattern", IDENTIFIED)
def test_signs_are_in_whatever_it_takes(pattern: Pattern) -> None:
    assert pattern.signs
    assert all(any(sign in text.lower() for sign in pattern.signs) for text in pattern.takes)


@pytest.mark.parametrize("text", CLEAN)
def test_clean_errors_are_left(text: str) -> None:
    assert disclosures(text, EVERYTHING) == []


def test_an_echo_is_no_disclosure() -> None:
    path = "/opt/models/iris/model.pkl"
    assert disclosures(f"no model {path}", INSIDE)
    assert disclosures(f"no model {path}", INSIDE, sent=f"GET {path}") == []


def test_the_address_that_was_asked_is_no_disclosure() -> None:
    assert disclosures("no route at 10.1.2.3:8080", INSIDE)
    assert disclosures("no route at 10.1.2.3:8080", INSIDE, known=["10.1.2.3"]) == []


def test_numbers_that_are_no_address() -> None:
    assert disclosures("shape 10.300.1.2", INSIDE) == []


@pytest.mark.parametrize("pattern", [pytest.param(each, id=each.name) for each in SECRETS])
def test_a_secret_is_not_shown(pattern: Pattern) -> None:
    for text in pattern.takes:
        found = disclosures(text, [pattern])[0]
        assert found.value not in found.text
        assert len(found.text) < 60


def test_one_of_each_pattern() -> None:
    found = disclosures("/opt/a/b.py and /opt/a/c.py", INSIDE)
    assert [each.name for each in found] == ["absolute path"]


def test_only_so_far() -> None:
    assert disclosures("x" * LIMIT + " /opt/a/b.py", INSIDE) == []


@pytest.mark.parametrize(
    ("body", "media_type", "expected"),
    [
        ("<p>no <b>x</b></p>", "text/html", True),
        ("<p>no <b>x</b></p>", None, True),
        ("<p>no &lt;b&gt;x</p>", "text/html", False),
        ('{"error": "no <b>x</b>"}', "application/json", False),
        ("no <b>x</b>", "text/plain", False),
    ],
)
def test_markup(body: str, media_type: str | None, expected: bool) -> None:
    assert markup_echoed(body, media_type, "<b>x</b>") is expected


def test_words_of_json() -> None:
    text = words_of({"error": "a\nFile", "details": [{"db_password": "hunter2hunter2x"}, 3]})
    assert text == "error: a\nFile\ndb_password: hunter2hunter2x\ndetails: 3"
    assert disclosures(text, SECRETS)
