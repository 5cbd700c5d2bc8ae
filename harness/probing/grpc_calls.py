"""Messages of gRPC calls for checks that send them in ways of their own; needs the extra ``grpc``."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import DecodeError
from google.protobuf.unknown_fields import UnknownFieldSet

from harness.probing.probe import UNKNOWN_MODEL
from harness.record.exchange import Exchange
from harness.wire import protobuf
from harness.wire.protoscan import refuse_too_much
from harness.wire.reading import TooMuch

if TYPE_CHECKING:
    from harness.endpoint.models import ModelUnderTest

NO_MESSAGE = b"\xff\xff\xff"
# Wire type of texts, bytes and messages; fields of an entry of a map; no description is nested more deeply.
BYTES_ON_THE_WIRE, MAP_ENTRY, DEEPEST = 2, 2, 8


def named(method: str, name: str, version: str | None = None) -> Any:  # noqa: ANN401 -- a generated message
    """A request of a call about a model (``ModelReady``, ``ModelMetadata``, ``RepositoryModelLoad``)."""
    made = protobuf.message(method, "Request")
    if method.startswith("Repository"):
        made.model_name = name
    else:
        made.name = name
        made.version = version or ""
    return made


def texts_of(data: bytes, depth: int = 0) -> str:
    """The texts in a message of whatever layout, a line each; an entry of a map as ``key: value``.

    What holds a text may as well hold a message, which the bytes do not say: both are read.

    Raises:
        TooMuch: the message has more fields than are read. Of a part of it, a text is what it is taken for: two bytes
            of one can be a field, and a long one would be millions of them.
    """
    try:
        refuse_too_much(data, Empty.DESCRIPTOR)
        fields = UnknownFieldSet(Empty.FromString(data))
    except TooMuch:
        if not depth:
            raise
        return ""
    except DecodeError:
        return ""
    texts, deeper = [], []
    for field in fields:
        if field.wire_type != BYTES_ON_THE_WIRE:
            continue
        with contextlib.suppress(UnicodeDecodeError):
            texts.append(field.data.decode())
        if depth < DEEPEST:
            deeper.append(texts_of(field.data, depth + 1))
    lines = [": ".join(texts)] if len(texts) == len(fields) == MAP_ENTRY else texts
    return "\n".join(line for line in (*lines, *deeper) if line)


def fields_of(data: bytes) -> frozenset[int]:
    """The numbers of the fields in a message of whatever layout; none where it is no message.

    Raises:
        TooMuch: the message has more fields than are read.
    """
    refuse_too_much(data, Empty.DESCRIPTOR)
    try:
        return frozenset(field.field_number for field in UnknownFieldSet(Empty.FromString(data)))
    except DecodeError:
        return frozenset()


def index_names(exchange: Exchange) -> frozenset[str]:
    """The names in a RepositoryIndex in the layout of Triton and MLServer; empty where it is not, or cannot be read.

    KServe's layout has no RepositoryIndex, and other fields in load and unload. Rows without a name, or with fields
    that the layout does not have, show that it is another one.
    """
    if not exchange.ok:
        return frozenset()
    try:
        found = protobuf.parsed("RepositoryIndex", exchange.response_body)
    except protobuf.NotAMessage:
        return frozenset()
    strange = [part for part in (found, *found.models) if len(UnknownFieldSet(part))]
    if strange or not all(row.name for row in found.models):
        return frozenset()
    return frozenset(row.name for row in found.models)


def load_of_nobody(index: Exchange) -> Any:  # noqa: ANN401 -- bytes, or a generated message
    """The message of a load or unload that cannot change anything: of a model that, by the index, nobody has.

    Where the index does not say so, bytes that are no message in any layout.
    """
    names = index_names(index)
    return named("RepositoryModelLoad", UNKNOWN_MODEL) if names and UNKNOWN_MODEL not in names else NO_MESSAGE


def infer_message(model: ModelUnderTest) -> Any:  # noqa: ANN401 -- a generated message
    """The ModelInferRequest that the model is known to accept.

    Raises:
        Untestable: none is known.
    """
    accepted = model.grpc.accepted()
    return model.grpc.message(accepted.request, accepted.form)
