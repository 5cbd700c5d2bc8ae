"""Claims: how they are written, what contradicts what, and what a policy requires of them."""

from __future__ import annotations

import contextlib
import json
import re
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.policy import Policy
from harness.provenance.claims import Claim, claims_in, claims_in_headers, contradictions, fits, unmet
from harness.provenance.declared import ProvenanceTable
from harness.provenance.forms import Form, Malformed, before, read, same
from harness.provenance.kinds import claim_kinds

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "properties.md").read_text(encoding="utf-8")
NONE = ProvenanceTable()
SHA, OTHER = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"


def made(place: str = "the metadata", **values: str) -> list[Claim]:
    return claims_in({f"provenance.{name.replace('_', '.')}": value for name, value in values.items()}, place, NONE)


@pytest.mark.parametrize(
    ("form", "value"),
    [
        ("digest", SHA), ("digest", f"sha512:{'0' * 128}"), ("digest", "blake3:Zm9v"), ("digest", "md5+b64:Zm9v=="),
        ("uri", "models:/credit/7"), ("uri", "oci://r.example/credit@sha256:0"), ("uri", "urn:uuid:0"),
        ("text", "2026-11, after the spring"), ("text", "Größe 7"),
        ("commit", "0" * 40), ("commit", "f" * 64),
        ("moment", "2026-02-28"), ("moment", "2026-02-28T10:00:00Z"), ("moment", "2026-02-28t10:00:00.123456789z"),
        ("moment", "2016-12-31T23:59:60Z"), ("moment", "0001-01-02T00:00:00-23:59"),
    ],
)  # fmt: skip
def test_right_values(form: Form, value: str) -> None:
    read(form, value)


@pytest.mark.parametrize(
    ("form", "value"),
    [
        ("digest", "a" * 64), ("digest", "sha256:abc"), ("digest", f"sha256:{'A' * 64}"), ("digest", "sha256:"),
        ("digest", f"SHA256:{'a' * 64}"), ("digest", f" {SHA}"),
        ("uri", "credit/7"), ("uri", "models:/credit 7"), ("uri", ":x"), ("uri", "models:"),
        ("text", ""), ("text", "  "), ("text", "a\x00b"), ("text", "x" * 5000),
        ("commit", "main"), ("commit", "0" * 12), ("commit", "G" * 40),
        ("moment", "yesterday"), ("moment", "2026-02-30"), ("moment", "2026-W10-1"), ("moment", "20260228"),
        ("moment", "2026-02-28T10:00:00"), ("moment", "2026-02-28T25:00:00Z"), ("moment", "1793000000"),
        ("moment", "0001-01-01T00:00:00+14:00"),
    ],
)  # fmt: skip
def test_wrong_values(form: Form, value: str) -> None:
    with pytest.raises(Malformed):
        read(form, value)


@given(st.sampled_from([each.form for each in claim_kinds().values()]), st.text(max_size=60))
def test_any_text_is_read_or_malformed(form: Form, value: str) -> None:
    with contextlib.suppress(Malformed):
        assert same(read(form, value), read(form, value))


def test_dates_contradict_only_where_no_place_on_earth_has_both() -> None:
    day, later = read("moment", "2026-05-01"), read("moment", "2026-05-02T11:00:00Z")
    assert same(day, later)
    assert not before(day, later)
    assert before(day, read("moment", "2026-05-03T00:00:00Z"))
    assert same(read("moment", "2026-05-01T12:00:00+02:00"), read("moment", "2026-05-01T10:00:00Z"))
    assert not same(read("moment", "2026-05-01T12:00:00Z"), read("moment", "2026-05-01T13:00:00Z"))


def test_places_that_contradict_each_other() -> None:
    both = made(model_digest=SHA) + made("the answer", model_digest=OTHER)
    (found,) = contradictions(both)
    assert found.names == "model.digest"
    assert "the metadata" in found.words
    assert "the answer" in found.words
    assert not list(contradictions(made(model_digest=SHA) * 3))


def test_dates_in_an_order_that_cannot_be() -> None:
    (found,) = contradictions(made(trained="2026-05-01", signed="2026-04-01"))
    assert found.names == "trained and signed"
    assert not list(contradictions(made(trained="2026-05-01", signed="2026-05-01T00:00:00+09:00")))
    assert not list(contradictions(made(signed="2026-05-01", deployed="2026-04-01")))


def test_what_is_malformed_or_of_an_instance_contradicts_nothing() -> None:
    assert not list(contradictions(made(model_digest=SHA) + made("the answer", model_digest="sha256:aa")))
    assert not list(contradictions(made(image_digest=SHA) + made("the answer", image_digest=OTHER)))


def test_what_nobody_knows_is_passed_over() -> None:
    own: dict[str, Any] = {"digest": "v7", "trained": "last week", "provenance": "x", "provenance.model.size": "3"}
    assert claims_in(own, "the metadata", NONE) == []
    assert claims_in({"provenance.trained": 7, "provenance.signed": {"string_value": 8}}, "m", NONE) == []


def test_texts_of_a_configuration_and_keys_of_the_policy() -> None:
    table = ProvenanceTable(keys={"data.version": "acme/set"})
    members = {"provenance.model.digest": {"string_value": SHA}, "acme/set": "7"}
    assert [(each.kind.name, each.value) for each in claims_in(members, "c", table)] == [
        ("model.digest", SHA), ("data.version", "7"),
    ]  # fmt: skip


def test_headers_are_called_as_keys_are() -> None:
    headers = [("Provenance-Model-Digest", SHA), ("Server", "x"), ("provenance.model.digest", OTHER)]
    (found,) = claims_in_headers(headers, "headers", NONE)
    assert (found.kind.name, found.value) == ("model.digest", SHA)


def test_what_a_policy_requires() -> None:
    table = ProvenanceTable(
        required=["model.digest", "model.run"], expected={"model.registry": "models:/*/7", "data.version": "7"}
    )
    claims = made(model_digest="sha256:0", model_registry="models:/credit/8", data_version="7")
    assert dict(unmet(claims, table)).keys() == {"model.digest", "model.run", "model.registry"}
    right = made(model_digest=SHA, model_run="r1", model_registry="models:/credit/7", data_version="7")
    assert not list(unmet(right, table))


@pytest.mark.parametrize(
    ("value", "wanted", "right"),
    [
        ("models:/a/7", "models:/*/7", True), ("models:/a/8", "models:/*/7", False), ("aa", "a*a*a", False),
        ("aba", "a*a", True), ("a?b", "a?b", True), ("axb", "a?b", False), ("", "*", True), ("x[1]", "x[1]", True),
        ("a-b-c", "a*b*c", True), ("acb", "a*b*c", False), ("x", "", False),
    ],
)  # fmt: skip
def test_a_star_stands_for_any_text(value: str, wanted: str, right: bool) -> None:
    assert fits(value, wanted) is right


def test_a_claim_that_there_is_not_stops_the_policy() -> None:
    with pytest.raises(msgspec.ValidationError, match="no claim"):
        msgspec.convert({"provenance": {"required": ["model.digset"]}}, Policy)


def test_the_page_names_every_key_with_its_form_and_no_other() -> None:
    rows = dict(re.findall(r"^\| `provenance\.([\w.]+)` \| (\w+) \|", PAGE, re.MULTILINE))
    forms = {"moment": "date", "uri": "URI"}
    assert rows == {name: forms.get(each.form, each.form) for name, each in claim_kinds().items()}
    names = set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE))
    assert names == {field.name for field in msgspec.structs.fields(ProvenanceTable)}


def test_the_examples_of_the_page_are_right() -> None:
    document, policy = re.findall(r"(?:^    .*\n)+", PAGE, re.MULTILINE)[0::2]
    properties = json.loads(document.partition("\n")[2])["properties"]
    found = claims_in(properties, "the metadata", NONE)
    assert len(found) == len(properties)
    assert not [each.words for each in found if each.problem]
    assert not list(contradictions(found))
    lines = "\n".join(line[4:] for line in policy.splitlines())
    assert msgspec.convert(tomllib.loads(lines)["provenance"], ProvenanceTable).model_version == "model.run"
