"""What goes into the journal: the shape of its events, and text that can be stored."""

from __future__ import annotations

import hashlib
from itertools import islice
from typing import Any

from harness.endpoint.bounds import SHOWN
from harness.endpoint.models import ModelUnderTest
from harness.endpoint.target import Target
from harness.incident import Incident

# Of what a list of the endpoint's has more of, only so many are written down; the exchange holds all of it.
MOST = 1000
# Characters of a text in the journal, and of one in the description of a server or a model, of which there may be many.
TEXT, DESCRIBED = 8192, 512
# Members of an exchange's line that stand there whatever they are.
_ALWAYS = ("n", "sha256", "method", "url", "sent", "received", "check")


def exchange_event(told: dict[str, Any]) -> dict[str, Any]:
    """The line of an exchange; what is nothing is left out, and what the record says alone, such as its times.

    Of a campaign of 100,000 these lines were most of the bundle.
    """
    line = {name: value for name, value in told.items() if value or name in _ALWAYS}
    line["elapsed_s"] = round(told["elapsed_s"], 6)
    del line["started"]
    return line


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


def storable(value: Any, most: int = TEXT) -> Any:  # noqa: ANN401 - the shape of the argument is that of the result
    """JSON data whose text UTF-8 can hold: a lone surrogate, which JSON can spell, is written as its escape.

    Args:
        most: characters of one text; a longer one, without secrets by now, is cut, with its length and digest.
    """
    if isinstance(value, str):
        return shortened(value.encode("utf-8", "backslashreplace").decode("utf-8"), most)
    if isinstance(value, dict):
        return {storable(key, most): storable(each, most) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [storable(each, most) for each in value]
    return value


def shortened(text: str, most: int) -> str:
    """A text, or the beginning of one that is too long, with its length and digest: the exchange holds all of it."""
    if len(text) <= most:
        return text
    return f"{text[:most]}… ({len(text)} characters, SHA-256 {hashlib.sha256(text.encode()).hexdigest()[:16]}…)"
