"""Which version answered each inference of a run, whichever check sent it: as answers name it.

Nothing is sent here: the recorder shows each exchange, and what is seen is kept for the checks that ask for it.
"""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import unquote

from harness.judging.passive.fair import SERVICE, is_grpc
from harness.probing.replicas.glances import version_of
from harness.record.exchange import Exchange, Transport
from harness.wire.strictjson import TooMuch

# Bytes of an answer that is looked at, and of a request that is kept; versions, and models with versions, that are.
LARGEST_ANSWER, LARGEST, VERSIONS, WAYS = 1 << 20, 64 * 1024, 20, 2000
CHECKS = 20
_TOLD = re.compile(rb'"model_version"\s*:\s*"([^"\\]{0,80})"')
# Loading and unloading may change which version answers, and the tester has asked for it.
_MANAGED = ("/load", "/unload", "/RepositoryModelLoad", "/RepositoryModelUnload")
# Where a state, not the request, may say which version answers.
_ELSEWHERE = (b"sequence_", b"correlation")


class AskedWay(NamedTuple):
    """Where an inference was sent, and what it asked for: a model, and a version of it or none."""

    transport: Transport
    base: str
    model: str
    asked: str | None


@dataclass(slots=True)
class VersionSeen:
    """Answers of one way that name one version.

    Attributes:
        first: the first such exchange that can be sent again.
        count: such answers.
        checks: ids of the checks that met it.
    """

    first: Exchange | None = None
    count: int = 0
    checks: dict[str | None, None] = field(default_factory=dict)


@dataclass(slots=True)
class _Told:
    versions: dict[str, VersionSeen] = field(default_factory=dict)
    last: str = ""
    turns: int = 0


class ToldVersions:
    """Keeps what versions answers name. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._told: dict[AskedWay, _Told] = {}
        self._managed = False

    def look(self, exchange: Exchange, check: str | None) -> None:
        """Look at one exchange; never raises."""
        if exchange.ok and exchange.method == "POST" and exchange.url.endswith(_MANAGED):
            self._managed = True
        way = _way(exchange)
        if way is None or (self._managed and way.asked is None):
            return
        with self._lock:
            told = self._told.get(way)
            version = _version(exchange, told.versions if told is not None else {})
            if not version:
                return
            if told is None:
                if len(self._told) >= WAYS:
                    return
                told = self._told[way] = _Told()
            _add(told, version, exchange, check)

    def of(self, way: AskedWay) -> dict[str, VersionSeen]:
        """By version, what was seen of it so far, in the order of first sight."""
        with self._lock:
            told = self._told.get(way)
            return dict(told.versions) if told is not None else {}

    def turns(self, way: AskedWay) -> int:
        """How often another version answered than the time before."""
        with self._lock:
            told = self._told.get(way)
            return told.turns if told is not None else 0


def _add(told: _Told, version: str, exchange: Exchange, check: str | None) -> None:
    seen = told.versions.get(version)
    if seen is None:
        if len(told.versions) >= VERSIONS:
            return
        seen = told.versions[version] = VersionSeen()
    seen.count += 1
    if seen.first is None and len(exchange.request_body) <= LARGEST:
        seen.first = exchange
    if len(seen.checks) < CHECKS:
        seen.checks[check] = None
    told.turns += bool(told.last) and told.last != version
    told.last = version


def _way(exchange: Exchange) -> AskedWay | None:
    """Where an answered inference was sent; None for everything else."""
    if not exchange.ok or len(exchange.response_body) > LARGEST_ANSWER:
        return None
    if any(word in exchange.request_body[:LARGEST] for word in _ELSEWHERE):
        return None
    if is_grpc(exchange):
        base, method, more = exchange.url.partition(f"{SERVICE}ModelInfer")
        names = _first_texts(exchange.request_body)
        return AskedWay("grpc", base, names[0], names[1] or None) if method and not more and names[0] else None
    return _rest_way(exchange.url) if exchange.method == "POST" and exchange.http_version == "HTTP/1.1" else None


def _rest_way(url: str) -> AskedWay | None:
    base, _, path = url.partition("/v2/models/")
    match path.split("/"):
        case [model, "infer"]:
            return AskedWay("rest", base, unquote(model), None)
        case [model, "versions", asked, "infer"]:
            return AskedWay("rest", base, unquote(model), unquote(asked))
    return None


def _version(exchange: Exchange, known: dict[str, VersionSeen]) -> str:
    """The version that an answer names; empty for none. Read in full where it is not one that is known."""
    if is_grpc(exchange):
        return _first_texts(exchange.response_body)[1]
    told: list[bytes] = _TOLD.findall(exchange.response_body)
    alone = told[0].decode("utf-8", "replace") if len(told) == 1 else ""
    if alone in known:
        return alone
    try:
        return (version_of(exchange) or "") if told else ""
    except TooMuch:
        return ""  # larger than anything is read: a check that asks for it says so


def _first_texts(message: bytes) -> tuple[str, str]:
    """Fields 1 and 2 of a message of protobuf: the names of model and version, of requests and of answers alike.

    Only where they stand first and are short, as libraries write them; otherwise empty.
    """
    found, position = ["", ""], 0
    for place, tag in enumerate((0x0A, 0x12)):
        if len(message) > position + 1 and message[position] == tag and message[position + 1] < 0x80:
            end = position + 2 + message[position + 1]
            found[place] = message[position + 2 : end].decode("utf-8", "replace")
            position = end
    return found[0], found[1]
