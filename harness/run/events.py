"""What goes into the journal: the shape of its events, and text that can be stored."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Literal

from harness.bundle.events import IncidentSeen, ModelSeen, SuspectSeen, TargetSeen
from harness.bundle.parts import TensorView
from harness.endpoint.bounds import SHOWN
from harness.endpoint.endpoint import Endpoint
from harness.endpoint.models import ModelUnderTest
from harness.incident import Incident
from harness.wire.messages import TensorMetadata

# Of what a list of the endpoint's has more of, only so many are written down; the exchange holds all of it.
MOST = 1000
# Characters of a text in the journal, and of one in the description of a server or a model, of which there may be many.
TEXT, DESCRIBED = 8192, 512


def target_event(endpoint: Endpoint) -> TargetSeen:
    """What the server says of itself."""
    server = endpoint.server
    if server is None:
        return TargetSeen()
    extensions = list(server.extensions[:MOST])
    return TargetSeen(server_name=server.name, server_version=server.version, extensions=extensions)


def model_event(model: ModelUnderTest) -> ModelSeen:
    """A model as its metadata describes it."""
    name, version, metadata = model.id, model.version or model.address, model.metadata
    if metadata is None:
        return ModelSeen(name=name, version=version)
    shown = SHOWN if model.beyond else None
    return ModelSeen(
        name=name,
        version=version,
        versions=list(metadata.versions[:MOST]),
        platform=metadata.platform,
        tensors=[*_tensors(metadata.inputs[:shown], "input"), *_tensors(metadata.outputs[:shown], "output")],
        properties=dict(islice(metadata.properties.items(), MOST)),
    )


def _tensors(listed: Iterable[TensorMetadata], side: Literal["input", "output"]) -> Iterator[TensorView]:
    for each in listed:
        yield TensorView(name=each.name, datatype=each.datatype, shape=list(each.shape), side=side)


def incident_event(incident: Incident) -> IncidentSeen:
    """An endpoint that was away, with the requests that may have done it."""
    return IncidentSeen(
        kind=incident.kind,
        at=incident.at,
        address=incident.address,
        check=incident.check,
        back_after_s=incident.back_after_s,
        text=incident.text,
        suspects=[
            SuspectSeen(
                sha256=each.sha256, what=each.what, check=each.check, under_way=each.under_way, k=each.k, n=each.n
            )
            for each in incident.suspects
        ],
    )


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
