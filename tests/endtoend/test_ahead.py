"""Of a slow endpoint independent requests are asked side by side: the same requests and verdicts in fewer turns."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from harness.bundle.exchange import decode
from harness.bundle.store import store_of
from harness.run.embedded import EmbeddedServer
from tests.endtoend.running import Ran, probe

pytestmark = pytest.mark.slow

CHECKS = "rest-error-object or rest-infer-echoes-id or adversarial-valid-answered or leaves-server-usable"
PREPARED = "rest-infer-answers-200 or rest-server-ready"


def test_a_slow_endpoint_is_asked_the_same_in_fewer_turns(tmp_path: Path) -> None:
    quick = _run(tmp_path / "quick")
    slow = _run(tmp_path / "slow", "--variant", "slow-150ms")
    assert slow.verdicts == quick.verdicts
    assert set(slow.verdicts.values()) == {"pass"}
    # The same bytes, whatever order they went out in.
    assert _sent(slow) == _sent(quick)
    turns = _turns(slow)
    for check in ("rest-error-object[pair]", "rest-infer-echoes-id[pair]", "adversarial-valid-answered[pair]"):
        requests = sum(count for (of, *_), count in _sent(slow).items() if of == check)
        assert turns[check] <= requests * 0.7, (check, turns[check], requests)
    # Where it matters what came before, nothing is beside anything.
    for check in ("rest-error-leaves-server-usable[pair]", "grpc-error-leaves-server-usable[pair]"):
        assert turns[check] == sum(count for (of, *_), count in _sent(slow).items() if of == check)
    said = [each["data"]["text"] for each in _journal(slow) if each["kind"] == "deviation"]
    assert sum("over up to 4 connections" in text for text in said) == 1


def _run(folder: Path, *server: str) -> Ran:
    with EmbeddedServer([*server, "--models", "pair"]) as endpoint:
        options = ("--oip-profile", "quick", "--oip-time-budget", "none", "--oip-grpc", str(endpoint.grpc), "-q")
        ran = probe(endpoint.url, folder, "-k", f"{CHECKS} or {PREPARED}", *options)
    assert ran.code == 0, ran.output
    return ran


def _journal(ran: Ran) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (ran.folder / "journal.jsonl").read_text().splitlines()]


def _exchanges(ran: Ran) -> list[dict[str, Any]]:
    """Lines of the journal, with what the record alone says: when the request began."""
    store, found = store_of(ran.folder), []
    for each in (each["data"] for each in _journal(ran) if each["kind"] == "exchange"):
        timing = decode(store.get(each["sha256"], "json")).timing
        assert timing is not None
        found.append(each | {"started": timing.started})
    return found


def _sent(ran: Ran) -> Counter[tuple[str, str, str, int]]:
    """How often each check sent what; how long a gRPC call is depends on what its connection has carried before."""
    return Counter(
        (each["check"], each["method"], urlsplit(each["url"]).path, 0 if each.get("rpc") else each["sent"])
        for each in _exchanges(ran)
        if each["check"]
    )


def _turns(ran: Ran) -> Counter[str]:
    """By check, requests that were sent while none of it was under way: so often was an answer waited for."""
    turns: Counter[str] = Counter()
    until: dict[str, datetime] = {}
    for each in sorted((each for each in _exchanges(ran) if each["check"]), key=lambda each: str(each["started"])):
        begin = datetime.fromisoformat(each["started"])
        check = each["check"]
        if check not in until or begin >= until[check]:
            turns[check] += 1
            until[check] = begin + timedelta(seconds=each["elapsed_s"])
    return turns
