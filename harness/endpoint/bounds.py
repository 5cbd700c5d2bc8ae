"""How much of what an endpoint lists and describes is probed: everything that it counts has a bound, and words.

What is beyond a bound is not probed and not judged either: its checks are untestable, with the setting that raises the
bound. A bound is never a statement about the endpoint.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

import msgspec

from harness.declared.running import LimitsTable
from harness.endpoint.models import ModelUnderTest
from harness.generate.inputs import fewest
from harness.record.exchange import Exchange, Failure
from harness.wire.binary import EXTENSION
from harness.wire.messages import ModelMetadata

SURROGATE = re.compile("[\ud800-\udfff]")
# What is cut from the description of a model that is not probed.
SHOWN = 20


def beyond(model: ModelUnderTest, limits: LimitsTable, *, raw: bool) -> tuple[str, str]:
    """Why a model is not probed, and the line for ``[limits]`` that would allow it; empty if it is.

    Each transport describes it; the first description that is too much counts.

    Args:
        raw: whether values can be sent as raw bytes, over any transport.
    """
    for route in model.routes.values():
        for text, name, wanted in _excesses(route.metadata, limits, raw=raw) if route.metadata is not None else ():
            if not name or not _can_be_set(name, wanted):
                return text, ""
            return f"{text}: raise it with [limits] {name} in the policy", f"[limits]\n{name} = {_digits(wanted)}"
    return "", ""


def _excesses(metadata: ModelMetadata, limits: LimitsTable, *, raw: bool) -> Iterable[tuple[str, str, int]]:
    """What is too much, the setting that bounds it (none where nothing helps), and how much there is.

    In this order, so that each look is bounded by the one before.
    """
    sides = (("inputs", metadata.inputs, limits.inputs), ("outputs", metadata.outputs, limits.outputs))
    for side, tensors, most in sides:
        if len(tensors) > most:
            yield f"it describes {len(tensors)} {side}, and {most} are the limit", side, len(tensors)
            return
        rank = max((len(tensor.shape) for tensor in tensors), default=0)
        if rank > limits.rank:
            yield f"one of its {side} has {rank} dimensions, and {limits.rank} are the limit", "rank", rank
            return
        words = [text for tensor in tensors for text in (tensor.name, tensor.datatype)]
        if any(map(SURROGATE.search, words)):
            yield f"a name among its {side} holds half a surrogate pair, which no request can hold", "", 0
        longest = max(map(length, words), default=0)
        if longest > limits.name_bytes:
            text = f"a name among its {side} has {longest} bytes, and {limits.name_bytes} are the limit"
            yield text, "name_bytes", longest
    count, name = fewest(metadata.inputs), "raw_elements" if raw else "elements"
    most = most_elements(metadata, limits) if raw else limits.elements
    if count > most:
        text = f"one request would have {_digits(count)} elements over all inputs, and {most} are the limit"
        text += "" if raw else f" where values cannot be sent as raw bytes ({EXTENSION}, gRPC)"
        yield text, name, count


def _can_be_set(name: str, wanted: int) -> bool:
    """Whether the policy takes the value: what it does not take is no advice."""
    try:
        msgspec.convert({name: wanted}, LimitsTable)
    except msgspec.ValidationError:
        return False
    return True


def trimmed(metadata: ModelMetadata | None, limits: LimitsTable) -> ModelMetadata | None:
    """The same with as many versions as are looked at, the last ones, and of those only what a path can hold."""
    if metadata is None:
        return None
    kept = [each for each in metadata.versions if sendable(each, limits)]
    return replace(metadata, versions=tuple(kept[-limits.versions :]))


def sendable(text: str, limits: LimitsTable) -> bool:
    """Whether a name or a version can stand in a path."""
    return not SURROGATE.search(text) and length(text) <= limits.name_bytes


def most_elements(metadata: ModelMetadata | None, limits: LimitsTable) -> int:
    """How many elements a request to a model may have: more only where its smallest one needs more."""
    is_large = metadata is not None and fewest(metadata.inputs) > limits.elements
    return max(limits.elements, limits.raw_elements) if is_large else limits.elements


def length(text: str) -> int:
    """Bytes of a name, whatever it holds."""
    return len(text.encode("utf-8", "surrogatepass"))


def unsendable(name: str, limits: LimitsTable) -> tuple[str, str]:
    """Why no path can hold a name, and a line for the policy that would help; empty if it can be sent."""
    if SURROGATE.search(name):
        return "its name holds half a surrogate pair, which UTF-8 and so no path and no message can hold", ""
    if (size := length(name)) > limits.name_bytes:
        said = f"its name has {size} bytes, and {limits.name_bytes} are the limit"
        if not _can_be_set("name_bytes", size):
            return said, ""
        return f"{said}: raise it with [limits] name_bytes in the policy", f"[limits]\nname_bytes = {size}"
    return "", ""


def not_probed(called: str, why: str, paste: str, *, named: bool = False) -> ModelUnderTest:
    """What stands in the run for a model, or for many, that nothing is sent to."""
    model = ModelUnderTest(called, None, named=named)
    model.beyond, model.mend = why, paste
    return model


def name_of(name: str, taken: Iterable[str]) -> str:
    """What a model is called whose name cannot be sent: none of its words where they are many, and nobody else's."""
    text = name.encode("utf-8", "backslashreplace").decode() if len(name) <= SHOWN * 10 else "model with a long name"
    called, number, known = text, 2, {*taken}
    while called in known:
        called, number = f"{text} ({number})", number + 1
    return called


def _digits(number: int) -> str:
    """A number in words that are no longer than a line, however long it is."""
    return str(number) if number.bit_length() < 200 else f"more than 10^{int((number.bit_length() - 1) * 0.30102)}"


NOTHING = Exchange(
    n=0,
    method="GET",
    url="",
    http_version="HTTP/1.1",
    request_headers=(),
    request_body=b"",
    status=None,
    reason="",
    response_http_version=None,
    response_headers=(),
    response_body=b"",
    truncated=False,
    error=Failure("connect", "nothing was sent"),
    started="",
    start_ns=0,
    headers_ns=None,
    end_ns=0,
    connection=None,
)
"""Stands where an answer would, if nothing was sent."""
