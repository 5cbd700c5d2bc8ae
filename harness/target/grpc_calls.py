"""Messages of gRPC calls for checks that send them in ways of their own; needs the extra ``grpc``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.check import Untestable
from harness.wire import protobuf

if TYPE_CHECKING:
    from harness.target.models import ModelUnderTest


def named(method: str, name: str, version: str | None = None) -> Any:  # noqa: ANN401 -- a generated message
    """A request of a call about a model (``ModelReady``, ``ModelMetadata``, ``RepositoryModelLoad``)."""
    made = protobuf.message(method, "Request")
    if method.startswith("Repository"):
        made.model_name = name
    else:
        made.name = name
        made.version = version or ""
    return made


def infer_message(model: ModelUnderTest) -> Any:  # noqa: ANN401 -- a generated message
    """The ModelInferRequest that the model is known to accept.

    Raises:
        Untestable: none is known.
    """
    if model.grpc is None:
        raise Untestable("no gRPC address was given (--oip-grpc HOST:PORT)")
    accepted = model.grpc.accepted()
    return protobuf.infer_message(model.grpc.name, model.grpc.version, accepted.request, accepted.form)
