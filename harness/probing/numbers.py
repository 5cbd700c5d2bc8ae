"""The server's own numbers: counts in metrics of Prometheus, and the counts of the extension statistics.

Which names mean what is data (``numbers.toml``).
"""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from harness.probing.probe import Probe
from harness.probing.replies import object_or_none
from harness.probing.telemetry.exposition import Sample, samples
from harness.record.exchange import Exchange
from harness.wire.access import Access
from harness.wire.rest import RestClient

Role = Literal["success", "failure", "requests"]
# The counts of the extension statistics, called as in its documents.
SUCCESS: tuple[Role, str] = ("success", "inference_stats.success")
FAILURE: tuple[Role, str] = ("failure", "inference_stats.fail")
DATA = Path(__file__).parent / "numbers.toml"
_OF_INFERENCES = re.compile("infer|predict")
# A path of a framework's routes, which stands for those of all models.
_ROUTE = re.compile(r"/models/\{[^/{}]*\}(?:/versions/[^/]*)?/infer")


@dataclass(frozen=True, slots=True)
class Numbers:
    """One reading.

    Attributes:
        counted: counters of inferences by role and name, over all series of the name.
        own: the same by series, for those that name this model.
        resources: memory in bytes, open files and threads, by name.
    """

    exchange: Exchange
    counted: Mapping[tuple[Role, str], float] = field(default_factory=dict)
    own: Mapping[tuple[Role, str, str], float] = field(default_factory=dict)
    resources: Mapping[str, float] = field(default_factory=dict)


@functools.cache
def names() -> Mapping[str, Any]:
    """Which names mean what."""
    return tomllib.loads(DATA.read_text())


def counts_failures(name: str) -> bool:
    """Whether a counter of failures also counts what is refused before it reaches a model."""
    return not any(re.fullmatch(each, name) for each in names()["failure"]["of_models_only"])


def unit_of(name: str) -> str:
    """What a number of resources counts: ``memory``, ``files`` or ``threads``."""
    return str(next(unit for unit, patterns in names()["resources"].items() if fits(name, patterns)))


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
    own: dict[tuple[Role, str, str], float] = {}
    resources: dict[str, float] = {}
    for each in samples(exchange.response_body.decode("utf-8", "replace")):
        if any(fits(each.name, patterns) for patterns in names()["resources"].values()):
            resources[each.name] = resources.get(each.name, 0.0) + each.value
            continue
        role = _role(each, model)
        if role is not None:
            counted[role, each.name] = counted.get((role, each.name), 0.0) + each.value
            if is_of(each.labels, model):
                own[role, each.name, each.series] = each.value
    return Numbers(exchange, counted, own, resources) if counted or resources else None


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


def _role(sample: Sample, model: str) -> Role | None:
    """Whether a sample counts inferences of the model, all or those that ended well or did not; None for others."""
    data, name = names(), sample.name
    if name.endswith(("_bucket", "_sum", "_created")) or not of_inferences(sample, model):
        return None
    status = status_in(sample.labels)
    if status is not None:
        return "success" if ended_well(status) else "failure"
    roles: tuple[Role, ...] = ("success", "failure", "requests")
    return next((role for role in roles if fits(name, data[role]["names"])), None)


def of_inferences(sample: Sample, model: str) -> bool:
    """Whether a sample is about inferences of the model, or of all models, by labels or else by name."""
    data = names()["labels"]
    paths = [value for label, value in sample.labels.items() if label in data["path"]]
    if any(_ROUTE.search(each) for each in paths) and not set(data["model"]) & sample.labels.keys():
        return True
    # Without a label for either, it counts those of all models, where its name says that it counts inferences.
    told = {*data["model"], *data["path"]} & sample.labels.keys()
    return is_of(sample.labels, model) if told else bool(_OF_INFERENCES.search(sample.name))


def status_in(labels: Mapping[str, str]) -> str | None:
    """What a label says of how requests ended, if one does."""
    return next((labels[label] for label in names()["labels"]["status"] if label in labels), None)


def ended_well(status: str) -> bool:
    """Whether a label says that requests were answered."""
    return re.fullmatch(r"2\w\w|OK|ok|success|succeeded|0", status) is not None


def is_of(labels: Mapping[str, str], model: str) -> bool:
    """Whether the labels name the model, and no path but that of an inference."""
    data = names()["labels"]
    named = [value for label, value in labels.items() if label in data["model"]]
    paths = [value for label, value in labels.items() if label in data["path"]]
    if paths and not any("infer" in each.lower() for each in paths):
        return False
    return model in named if named else any(model in each for each in paths)


def fits(name: str, patterns: Sequence[str]) -> bool:
    """Whether a name is one of those that a table of ``numbers.toml`` describes."""
    return any(re.fullmatch(each, name) for each in patterns)
