"""Elements that a datatype cannot hold, and telling another value in their place from an honest one."""

from __future__ import annotations

import json
import math

import pytest

from harness.generate.campaign import search
from harness.generate.unholdable import Token, Unholdable, limited, unholdable
from harness.wire.datatypes import DATATYPES, round_to
from harness.wire.messages import InferRequest
from harness.wire.tensor import Tensor

LIMITED = [each for each in DATATYPES if limited(each)]


def base(datatype: str) -> InferRequest:
    element = {"bytes": "a", "float": 1.0}.get(DATATYPES[datatype].kind, 1)
    return InferRequest((Tensor("b", "BOOL", (1,), (True,)), Tensor("x", datatype, (3,), (element,) * 3)))


@pytest.mark.parametrize("datatype", LIMITED)
def test_no_datatype_holds_what_is_drawn(datatype: str) -> None:
    entry = DATATYPES[datatype]
    seen: set[str] = set()

    def holds(drawn: Unholdable) -> bool:
        assert (drawn.name, drawn.datatype) == ("x", datatype)
        assert drawn.token.text in drawn.body
        assert len(drawn.body) < 1000
        assert drawn.why
        seen.add(drawn.token.kind)
        sent = drawn.token.sent
        if entry.kind == "float":
            assert isinstance(sent, float)
            assert not math.isfinite(round_to(datatype, sent))
        elif entry.kind == "bytes":
            assert isinstance(sent, bytes)
            with pytest.raises(UnicodeDecodeError):
                sent.decode()
        else:
            assert isinstance(sent, int)
            assert entry.minimum is not None
            assert entry.maximum is not None
            assert not entry.minimum <= sent <= entry.maximum
        return True

    assert search(unholdable(base(datatype), ["x"]), holds, examples=60, seed=1) is None
    assert seen == {"bytes": {"no text"}, "float": {"beyond the range", "not finite"}}.get(
        entry.kind, {"beyond the range"}
    )


def test_the_rest_of_the_request_stays_valid() -> None:
    def holds(drawn: Unholdable) -> bool:
        value = json.loads(drawn.body)
        entry = value["inputs"][1]
        return len(entry["data"]) == 3 and sum(each == 1 for each in entry["data"]) == 2

    assert search(unholdable(base("INT8"), ["x"]), holds, examples=40, seed=2) is None


def test_bool_holds_every_number() -> None:
    assert not limited("BOOL")
    assert not limited("STRING")


HALF, STRAY = b"\xed\xa0\x80", b"\xff"


@pytest.mark.parametrize(
    ("sent", "returned", "changed"),
    [
        (300, 300, False),
        (300, 300.0, False),
        (300, 44, True),
        (300, 255, True),
        (10**400, 10**400, False),
        (10**400, math.inf, False),
        (1e39, math.inf, False),
        (1e39, 3.4028235e38, True),
        (1e39, None, False),
        (1e39, "1e39", False),
        (math.nan, None, False),
        (math.nan, math.nan, False),
        (math.nan, 0.0, True),
        (math.inf, 3.4028235e38, True),
        (math.inf, True, False),
        (HALF, "\ud800", False),
        (HALF, "?", True),
        (HALF, "\ufffd", True),
        (HALF, None, False),
        (STRAY, "\udcff", False),
        (STRAY, STRAY, False),
        (STRAY, "\ufffd", True),
        (STRAY, "\u00ff", True),
    ],
)
def test_another_value_is_told_from_an_honest_one(sent: float | bytes, returned: object, changed: bool) -> None:
    drawn = Unholdable("x", "FP32", 0, Token("beyond the range", b"", sent), b"")
    assert (drawn.changed(returned) is not None) is changed
