"""Whether something that clients make up becomes a label of a metric: its series then grow with what they send."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping

from harness.criteria import Advice
from harness.endpoint.route import with_id
from harness.probing.probe import Probe
from harness.probing.telemetry.exposition import samples
from harness.record.exchange import Exchange
from harness.record.intent import meant
from harness.wire.rest import RestClient

CLAUSE = Advice.BOUNDED_LABELS.clause
ROOT = "client-made-label"
# Of each kind so many are sent; a name that is kept for a while, and then another, is told apart from a pile of them.
EACH = 3
# Headers that servers and what stands before them know.
HEADERS = ("User-Agent", "X-Request-Id", "X-Correlation-Id")


def labels_bounded(probe: Probe, client: RestClient, path: str) -> None:
    """A case for each kind of what clients make up; what is found is looked for with others once more."""
    if not _has_samples(client.send("GET", path)):
        probe.not_applicable(f"no metrics stand at {path}")
    found, shown = _found(probe, client, path, 0)
    again = _found(probe, client, path, 1)[0] if any(found.values()) else found
    for kind, where in found.items():
        grown = where if where and again[kind] else ""
        probe.holds(not grown, clause=CLAUSE, expected=f"no label whose values are what clients send as {kind}",
                    observed=grown or f"{EACH} values of {kind}: none in a label", exchange=shown,
                    root=f"{ROOT}:{kind}")  # fmt: skip


def _has_samples(exchange: Exchange) -> bool:
    return exchange.ok and any(samples(exchange.response_body.decode("utf-8", "replace")))


def _found(probe: Probe, client: RestClient, path: str, part: int) -> tuple[dict[str, str], Exchange]:
    """By kind, where values of it stand (empty for nowhere), and the exchange that shows it."""
    marks: dict[str, str] = {}
    for kind, send in _kinds(probe).items():
        for number in range(EACH):
            mark = _mark(probe, kind, f"{part}.{number}")
            marks[mark] = kind
            with meant("neither"):
                send(mark)
    exchange = client.send("GET", path)
    places: dict[str, dict[str, str]] = {kind: {} for kind in marks.values()}
    for each in samples(exchange.response_body.decode("utf-8", "replace")):
        for label, value in each.labels.items():
            for mark, kind in marks.items():
                if mark in value.lower():
                    places[kind].setdefault(mark, f"label {label} of {each.name}")
    words = {kind: ", ".join(dict.fromkeys(held.values())) for kind, held in places.items()}
    return {kind: f"{len(held)} of {EACH} values of {kind} stand in {words[kind]}" if held else ""
            for kind, held in places.items()}, exchange  # fmt: skip


def _kinds(probe: Probe) -> Mapping[str, Callable[[str], Exchange]]:
    client, route = probe.client, probe.model.rest
    request, body, name = route.accepted().request, route.body_of(route.accepted().request), probe.model.name

    def with_headers(mark: str) -> Exchange:
        path = client.model_path(name, probe.model.address, "infer")
        return client.send("POST", path, body, [(each, mark) for each in HEADERS])

    return {
        "request id": lambda mark: route.ask(with_id(request, mark)),
        "header": with_headers,
        "model name": lambda mark: client.infer(mark, body),
        "version": lambda mark: client.infer(name, body, mark),
        "path": lambda mark: client.send("GET", f"/{mark}"),
    }


def _mark(probe: Probe, kind: str, number: str) -> str:
    """A word that nobody else sends, the same for the same seed."""
    return "art15" + hashlib.sha256(f"{probe.endpoint.seed} {kind} {number}".encode()).hexdigest()[:12]
