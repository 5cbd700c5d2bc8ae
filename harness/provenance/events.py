"""CloudEvents of inferences: what a delivery holds, and the entries of a log that requests and responses make.

Sources: CloudEvents 1.0.2 (core, JSON format, HTTP protocol binding). KServe ``pkg/logger``: request and response of
one inference have the same event id and are told apart by their types; a response that is not 200 has no event.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice, zip_longest
from typing import Any
from urllib.parse import unquote

import msgspec

STRUCTURED, BATCH = "application/cloudevents+json", "application/cloudevents-batch+json"
SIDES = {
    "org.kubeflow.serving.inference.request": "request",
    "org.kubeflow.serving.inference.response": "response",
}
# Of an event these are kept: its own, and those that KServe adds.
REQUIRED = ("id", "source", "type", "specversion")
KEPT = (*REQUIRED, "time", "subject", "inferenceservicename", "namespace", "component", "endpoint")
# Events of one delivery, and characters of one attribute.
MOST, LONG = 10_000, 256
OF_JSON = "json:"


class NoEvent(ValueError):
    """A delivery that is no CloudEvent; the message says why."""


class _Envelope(msgspec.Struct):
    data: msgspec.Raw = msgspec.Raw()
    data_base64: str | None = None


class _Body(msgspec.Struct):
    id: Any = None
    model_name: Any = None
    model_version: Any = None


@dataclass(frozen=True, slots=True)
class InferenceEvent:
    """One event: its attributes, and of its data the digest and what a body of OIP names itself by."""

    attributes: Mapping[str, str]
    digest: str
    named: Mapping[str, str]

    @property
    def side(self) -> str:
        """``request`` or ``response``; empty for an event of another type."""
        return SIDES.get(self.attributes["type"], "")


def events_in(headers: Mapping[str, str], body: bytes) -> Iterator[InferenceEvent]:
    """The events of one delivery, in whichever of the three modes.

    Args:
        headers: by name in small letters.

    Raises:
        NoEvent: it is none.
    """
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        if kind == BATCH:
            yield from (_structured(each) for each in islice(msgspec.json.decode(body, type=list[msgspec.Raw]), MOST))
        elif kind == STRUCTURED:
            yield _structured(msgspec.Raw(body))
        else:
            attributes = {name: unquote(headers[f"ce-{name}"]) for name in KEPT if f"ce-{name}" in headers}
            yield _event(attributes, body, digest_of(body))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, binascii.Error) as error:
        raise NoEvent(f"what is delivered cannot be read: {str(error)[:200]}") from None


def _structured(raw: msgspec.Raw) -> InferenceEvent:
    members: Any = msgspec.json.decode(raw)
    if not isinstance(members, dict):
        raise NoEvent("an event is a JSON object")
    attributes = {name: members[name] for name in KEPT if isinstance(members.get(name), str)}
    envelope = msgspec.json.decode(raw, type=_Envelope)
    if envelope.data_base64 is not None:
        data = base64.b64decode(envelope.data_base64, validate=True)
        return _event(attributes, data, digest_of(data))
    data = bytes(envelope.data)
    return _event(attributes, data, digest_of_json(data) if data else digest_of(b""))


def _event(attributes: dict[str, str], data: bytes, digest: str) -> InferenceEvent:
    missing = [name for name in REQUIRED if not attributes.get(name)]
    if missing:
        raise NoEvent(f"an event has {', '.join(missing)}, which this one has not")
    return InferenceEvent({name: value[:LONG] for name, value in attributes.items()}, digest, _named(data))


def _named(data: bytes) -> dict[str, str]:
    """What a body of OIP in JSON says of itself; nothing of any other."""
    try:
        body = msgspec.json.decode(data, type=_Body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    given = {"id": body.id, "model_name": body.model_name, "model_version": body.model_version}
    return {name: value[:LONG] for name, value in given.items() if isinstance(value, str) and value}


def digest_of(data: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(data).hexdigest()


def digest_of_json(data: bytes) -> str:
    """A digest of what a JSON text says: data within an event is written anew on its way, in another order and form.

    Numbers are equal as doubles: many writers have no others.
    """
    try:
        said = msgspec.json.encode(_plain(msgspec.json.decode(data)), order="deterministic")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return digest_of(data)
    return OF_JSON + digest_of(said)


def _plain(value: Any) -> Any:  # noqa: ANN401 -- a value of JSON
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return repr(float(value)) if isinstance(value, int | float) and not isinstance(value, bool) else value


@dataclass(slots=True)
class _Inference:
    request: dict[str, InferenceEvent] = field(default_factory=dict)
    response: dict[str, InferenceEvent] = field(default_factory=dict)


@dataclass(slots=True)
class EventLog:
    """Events as they come, of which those of one id are one inference.

    The same event may be delivered again (CloudEvents, "source" and "id"): it counts once. Another event of the same id
    and type is another entry.

    Attributes:
        again: deliveries of events that were there already.
        others: events of other types.
    """

    again: int = 0
    others: int = 0
    kept: int = 0
    _by_id: dict[str, _Inference] = field(default_factory=dict)

    def add(self, event: InferenceEvent) -> None:
        """Keep one event."""
        if not event.side:
            self.others += 1
            return
        held = getattr(self._by_id.setdefault(event.attributes["id"], _Inference()), event.side)
        key = f"{event.attributes['source']} {event.digest}"
        self.again += key in held
        self.kept += key not in held
        held[key] = event

    def rows(self) -> Iterable[dict[str, str]]:
        """The entries, by names of columns: attributes of the events, digests, and what the bodies say."""
        for identity, each in list(self._by_id.items()):
            for request, response in zip_longest(list(each.request.values()), list(each.response.values())):
                row: dict[str, str] = {}
                for side, event in (("response", response), ("request", request)):
                    if event is not None:
                        row |= {**event.attributes, **event.named, f"{side}_sha256": event.digest}
                row["event_id"] = identity
                row["id"] = next((event.named["id"] for event in (request, response)
                                  if event is not None and "id" in event.named), identity)  # fmt: skip
                if response is not None and "model_version" in response.named:
                    row["model_version"] = response.named["model_version"]
                yield row
