"""Models that take nothing outside of a sequence (extension sequence): how that shows, and a request for them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from harness.record.exchange import Exchange
from harness.wire.messages import InferRequest
from harness.wire.varied import vary

# A whole sequence of one step: it begins anew each time, so that what was sent before changes nothing.
ONE_STEP: Mapping[str, Any] = {"sequence_id": 150_715_071, "sequence_start": True, "sequence_end": True}
_WORDS = re.compile(r"sequence|correlation[ _-]?id", re.IGNORECASE)


def asks_for_sequence(refusals: Iterable[Exchange]) -> bool:
    """Whether a refusal of a valid request speaks of sequences."""
    return any(_WORDS.search(_said(exchange)) for exchange in refusals)


def in_sequence(requests: Iterable[InferRequest]) -> Iterator[InferRequest]:
    """The requests, each as a sequence of its own; what a request says of sequences itself stays."""
    for request in requests:
        yield vary(request, parameters={**ONE_STEP, **(request.parameters or {})})


def advice(model: str) -> str:
    """What to do about a model that takes nothing outside of a sequence."""
    return (
        f"model {model!r} takes nothing outside of a sequence: give requests in the policy, [samples.{model}], "
        "with the parameters sequence_id, sequence_start and sequence_end"
    )


def _said(exchange: Exchange) -> str:
    if exchange.rpc is not None:
        return exchange.rpc.details
    return exchange.response_body[:2000].decode("utf-8", "replace")
