"""Baselines: what is known, what occurs no more, and of what nothing can be said."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest
from msgspec.structs import replace

from harness.run.accepting.baseline import (
    Baseline,
    KnownFinding,
    Looked,
    ProfileName,
    compare,
    identity_of,
    load_baseline,
    most_thorough,
)
from harness.run.bundles.baselining import text_of
from harness.run.options import PROFILES
from harness.tables import TableError

ENTRY = KnownFinding(check="rest-x", model="m", cause="id-not-returned", clause="REST-RESP-04")
FOUND, OTHER = frozenset({ENTRY.identity}), frozenset({replace(ENTRY, cause="another").identity})
AWAY = KnownFinding(cause="endpoint-crashes:shape", clause="policy:no-crash")


def where(entry: KnownFinding, *looked: Looked, reached: bool = True) -> str:
    """Among what the entry is: seen, stale or unseen."""
    held = compare(Baseline(version=1, findings=[entry]), looked, reached=reached)
    [name] = [name for name in ("seen", "stale", "unseen") if getattr(held, name)]
    return name


@pytest.mark.parametrize(
    ("looked", "name"),
    [
        (Looked("rest-x", "m", whole=True, failed=FOUND), "seen"),
        (Looked("rest-x", "m", whole=False, failed=FOUND), "seen"),
        (Looked("rest-x", "m", whole=True, failed=OTHER), "stale"),
        (Looked("rest-x", "m", whole=True, failed=frozenset()), "stale"),
        (Looked("rest-x", "m", whole=False, failed=frozenset()), "unseen"),
        (Looked("rest-x", "other", whole=True, failed=frozenset()), "unseen"),
        (Looked("rest-x", None, whole=True, failed=frozenset()), "unseen"),
        (Looked("rest-y", "m", whole=True, failed=frozenset()), "unseen"),
    ],
)
def test_an_entry_is_missed_only_where_its_check_came_to_its_end(looked: Looked, name: str) -> None:
    assert where(ENTRY, looked) == name


def test_that_the_endpoint_goes_away_is_known_whichever_check_notices_it() -> None:
    noticed = identity_of("rest-x", "m", "endpoint-gone:shape", "policy:no-crash")
    assert noticed == identity_of("rest-y", None, "endpoint-gone:shape", "policy:no-crash") == AWAY.identity
    assert noticed != identity_of("rest-x", "m", "endpoint-gone:data", "policy:no-crash")
    assert where(AWAY, Looked("rest-y", "m", whole=True, failed=frozenset({noticed}))) == "seen"
    assert where(AWAY, Looked("rest-y", "m", whole=True, failed=frozenset())) == "unseen"


def test_nothing_is_missed_by_a_run_that_tries_less_or_that_occurs_only_sometimes() -> None:
    nothing = Looked("rest-x", "m", whole=True, failed=frozenset())
    assert where(ENTRY, nothing, reached=False) == "unseen"
    assert where(replace(ENTRY, sometimes=True), nothing) == "unseen"
    assert where(ENTRY) == "unseen"


def test_a_run_reaches_a_baseline_of_a_lesser_profile_and_fewer_permissions() -> None:
    known = Baseline(version=1, profile="standard", allow=["stress"])
    assert known.is_reached_by("standard", ["repository", "stress"])
    assert known.is_reached_by("deep", ["stress"])
    assert not known.is_reached_by("quick", ["stress"])
    assert not known.is_reached_by("deep", ["repository"])


def test_profiles_stand_in_the_order_of_what_they_try() -> None:
    assert get_args(ProfileName) == tuple(PROFILES)
    assert most_thorough(["deep", "quick"]) == "deep"


def test_whatever_an_endpoint_is_called_is_read_back(tmp_path: Path) -> None:
    names = ['a"b\\', "line\nbreak\r\t", "del\x7f\x00\x1b[31m", "\u202egnp\U0001f600", "''' # = [x]"]
    entries = [replace(ENTRY, model=name, title=name, reason=name, sometimes=bool(name[0])) for name in names]
    path = tmp_path / "baseline.toml"
    path.write_text(text_of(Baseline(version=1, allow=["stress"], findings=entries)), "utf-8")
    read, _ = load_baseline(path)
    assert [(each.model, each.reason) for each in read.findings] == [(name, name) for name in names]
    assert not any(sign in path.read_text("utf-8") for sign in ("\x7f", "\x1b", "\x00", "\u202e"))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", r"missing required field `version`"),
        (b"version = 2", "version"),
        (b"version = 1\n[[finding]]", r"no table \[finding\]"),
        (b'version = 1\n[[findings]]\ncheck = "a"', "missing required field `cause`"),
        (b'version = 1\n[[findings]]\ncheck = 1\ncause = "a"\nclause = "b"', "Expected `str . null`"),
        (b'version = 1\nprofile = "quik"', "quik"),
        (b"version = 1\n" + 2 * b'[[findings]]\ncheck = "a"\ncause = "b"\nclause = "c"\n', "stands in it twice"),
        (b"version = \n", "is not TOML"),
        (b"\x00\xff", "is not TOML"),
        (b"a = " + b"[" * 5000, "cannot be read|is not TOML"),
        (b"a." * 2000 + b"b = 1", "such long keys"),
        (b"#" * (3 << 20), "has more than"),
        (b"#" * (5 << 20), "larger|bytes"),
    ],
)
def test_a_file_that_is_no_baseline_is_refused_in_words(content: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "baseline.toml"
    path.write_bytes(content)
    with pytest.raises(TableError, match=words) as refused:
        load_baseline(path)
    assert str(path) in str(refused.value)
    with pytest.raises(TableError, match="No such file"):
        load_baseline(tmp_path / "none.toml")
