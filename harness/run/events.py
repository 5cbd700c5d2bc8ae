"""What goes into the journal: the shape of its events, and text that can be stored."""

from __future__ import annotations

from itertools import islice
from typing import Any

from harness.incident import Incident
from harness.target.bounds import SHOWN
from harness.target.models import ModelUnderTest
from harness.target.target import Target

# Of what a list of the endpoint's has more of, only so many are written down; the exchange holds all of it.
MOST = 1000


def target_event(target: Target) -> dict[str, Any]:
    """What the server says of itself."""
    server = target.server
    return {
        "server_name": server.name if server else None,
        "server_version": server.version if server else None,
        "extensions": list(server.extensions[:MOST]) if server else [],
    }


def model_event(model: ModelUnderTest) -> dict[str, Any]:
    """A model as its metadata describes it."""
    metadata = model.metadata
    tensors = []
    if metadata is not None:
        sides = [("input", metadata.inputs), ("output", metadata.outputs)]
        tensors = [
            {"name": tensor.name, "datatype": tensor.datatype, "shape": list(tensor.shape), "side": side}
            for side, listed in sides
            for tensor in listed[: SHOWN if model.beyond else None]
        ]
    return {
        "name": model.id,
        "version": model.version or model.address,
        "versions": list(metadata.versions[:MOST]) if metadata else [],
        "platform": metadata.platform if metadata else None,
        "tensors": tensors,
        "properties": dict(islice(metadata.properties.items(), MOST)) if metadata else {},
    }


def incident_event(incident: Incident) -> dict[str, Any]:
    """An endpoint that was away, with the requests that may have done it."""
    return {
        "kind": incident.kind,
        "at": incident.at,
        "address": incident.address,
        "check": incident.check,
        "back_after_s": incident.back_after_s,
        "text": incident.text,
        "suspects": [
            {
                "sha256": each.sha256,
                "what": each.what,
                "check": each.check,
                "under_way": each.under_way,
                "k": each.k,
                "n": each.n,
            }
            for each in incident.suspects
        ],
    }


def storable(value: Any) -> Any:  # noqa: ANN401 - the shape of the argument is the shape of the result
    """JSON data whose text UTF-8 can hold: a lone surrogate, which JSON can spell, is written as its escape."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, dict):
        return {storable(key): storable(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [storable(each) for each in value]
    return value
