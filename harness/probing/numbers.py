"""The server's own numbers: metrics in the text format of Prometheus, and the counts of the extension statistics.

Which names mean what is data (``numbers.toml``). Source of the format: Prometheus, "Exposition formats", version 0.0.4.
"""

from __future__ import annotations

import functools
import math
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from harness.probing.probe import Probe
from harness.probing.replies import object_or_none
from harness.record.exchange import Exchange
from harness.wire.access import Access
from harness.wire.rest import RestClient

Role = Literal["success", "failure", "requests"]
# The counts of the extension statistics, called as in its documents.
SUCCESS: tuple[Role, str] = ("success", "inference_stats.success")
FAILURE: tuple[Role, str] = ("failure", "inference_stats.fail")
DATA = Path(__file__).parent / "numbers.toml"
# Lines of an exposition that are read, and characters of one.
LINES, WIDTH = 20_000, 2_000
_OF_INFERENCES = re.compile("infer|predict")
_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
# A name begins where none goes on, and gives nothing back: the time is in proportion to the text, whatever it is.
_LABEL = re.compile(r'(?<![a-zA-Z0-9_])([a-zA-Z_][a-zA-Z0-9_]*+)="((?:[^"\\]|\\.)*+)"')


@dataclass(frozen=True, slots=True)
class Numbers:
    """One reading.

    Attributes:
        counted: counters of inferences by role and name.
        resources: memory in bytes, open files and threads, by name.
    """

    exchange: Exchange
    counted: Mapping[tuple[Role, str], float] = field(default_factory=dict)
    resources: Mapping[str, float] = field(default_factory=dict)


@functools.cache
def _names() -> Mapping[str, Any]:
    return tomllib.loads(DATA.read_text())


def counts_failures(name: str) -> bool:
    """Whether a counter of failures also counts what is refused before it reaches a model."""
    return not any(re.fullmatch(each, name) for each in _names()["failure"]["of_models_only"])


def unit_of(name: str) -> str:
    """What a number of resources counts: ``memory``, ``files`` or ``threads``."""
    return str(next(unit for unit, patterns in _names()["resources"].items() if _fits(name, patterns)))


def metrics_client(probe: Probe) -> tuple[RestClient, str]:
    """The client for metrics and their path: at the policy's address, without credentials, else at the endpoint."""
    given = probe.endpoint.policy.endpoint.metrics
    if given is None:
        return probe.client, "/metrics"
    access = Access(given)
    path = access.address.path or "/metrics"
    own = Access(given.removesuffix("/").removesuffix(access.address.path))
    return RestClient(own, probe.client.recorder, probe.client.budget), path


def read_metrics(client: RestClient, path: str, model: str, *, fresh: bool = False) -> Numbers | None:
    """What the metrics say of a model and of the process; None where nothing of either stands there."""
    exchange = client.send("GET", path, fresh=fresh)
    if not exchange.ok or exchange.media_type in ("text/html", "application/json"):
        return None
    counted: dict[tuple[Role, str], float] = {}
    resources: dict[str, float] = {}
    for name, labels, value in _samples(exchange.response_body.decode("utf-8", "replace")):
        if any(_fits(name, patterns) for patterns in _names()["resources"].values()):
            resources[name] = resources.get(name, 0.0) + value
            continue
        role = _role(name, labels, model)
        if role is not None:
            counted[role, name] = counted.get((role, name), 0.0) + value
    return Numbers(exchange, counted, resources) if counted or resources else None


def read_statistics(probe: Probe) -> Numbers | None:
    """What the extension statistics says of the model, over its versions."""
    path = probe.client.model_path(probe.model.name, probe.model.address, "stats")
    exchange = probe.client.send("GET", path)
    entries = (object_or_none(exchange) or {}).get("model_stats") if exchange.ok else None
    counted: dict[tuple[Role, str], float] = {}
    for entry in entries if isinstance(entries, list) else ():
        stats = entry.get("inference_stats") if isinstance(entry, dict) else None
        for key in (SUCCESS, FAILURE):
            held = stats.get(key[1].rpartition(".")[2]) if isinstance(stats, dict) else None
            count = held.get("count") if isinstance(held, dict) else None
            if isinstance(count, int) and isinstance(entry, dict) and entry.get("name") == probe.model.name:
                counted[key] = counted.get(key, 0.0) + count
    return Numbers(exchange, counted) if counted else None


def read_grpc_statistics(probe: Probe) -> Numbers | None:
    """What ModelStatistics says of the model, over its versions; None where it is not offered."""
    from harness.probing.grpc_calls import named  # noqa: PLC0415 -- needs the extra grpc
    from harness.wire.protobuf import NotAMessage, parsed  # noqa: PLC0415

    method = "ModelStatistics"
    exchange = probe.grpc.call(method, named(method, probe.model.name, probe.model.grpc.version))
    counted: dict[tuple[Role, str], float] = {}
    try:
        entries = parsed(method, exchange.response_body).model_stats if exchange.ok else ()
    except NotAMessage:
        entries = ()
    for entry in entries:
        if entry.name == probe.model.name and entry.HasField("inference_stats"):
            for key, held in ((SUCCESS, entry.inference_stats.success), (FAILURE, entry.inference_stats.fail)):
                counted[key] = counted.get(key, 0.0) + held.count
    return Numbers(exchange, counted) if counted else None


def _samples(text: str) -> list[tuple[str, dict[str, str], float]]:
    lines = (line.strip() for line in text.splitlines()[:LINES])
    return [found for line in lines if len(line) <= WIDTH and (found := _sample(line)) is not None]


def _sample(line: str) -> tuple[str, dict[str, str], float] | None:
    """Name, labels and value of one line of Prometheus's text format; None for any other line."""
    name, brace, rest = line.partition("{")
    labels, closing, tail = rest.rpartition("}") if brace else ("", "", "")
    if not brace:
        name, _, tail = line.partition(" ")
    values = tail.split()
    if bool(brace) != bool(closing) or not _NAME.fullmatch(name) or len(values) not in (1, 2):
        return None
    try:
        value = float(values[0])
    except ValueError:
        return None
    return (name, dict(_LABEL.findall(labels)), value) if math.isfinite(value) else None


def _role(name: str, labels: Mapping[str, str], model: str) -> Role | None:
    """Whether a sample counts inferences of the model, all or those that ended well or did not; None for others."""
    data = _names()
    if name.endswith(("_bucket", "_sum", "_created")):
        return None
    told = {*data["labels"]["model"], *data["labels"]["path"]} & labels.keys()
    # Without a label for either, it counts those of all models, where its name says that it counts inferences.
    if not (_is_of(labels, model) if told else _OF_INFERENCES.search(name)):
        return None
    status = next((labels[label] for label in data["labels"]["status"] if label in labels), None)
    if status is not None:
        return "success" if re.fullmatch(r"2\w\w|OK|ok|success|succeeded|0", status) else "failure"
    roles: tuple[Role, ...] = ("success", "failure", "requests")
    return next((role for role in roles if _fits(name, data[role]["names"])), None)


def _is_of(labels: Mapping[str, str], model: str) -> bool:
    """Whether the labels name the model, and no path but that of an inference."""
    data = _names()["labels"]
    named = [value for label, value in labels.items() if label in data["model"]]
    paths = [value for label, value in labels.items() if label in data["path"]]
    if paths and not any("infer" in each.lower() for each in paths):
        return False
    return model in named if named else any(model in each for each in paths)


def _fits(name: str, patterns: list[str]) -> bool:
    return any(re.fullmatch(each, name) for each in patterns)
