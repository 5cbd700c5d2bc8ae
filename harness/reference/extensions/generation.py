"""Text generation: whole, or as a stream of server-sent events.

Source: ``generate_rest.yaml`` of the Open Inference Protocol; the member ``id`` is Triton's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from harness.reference.models.textgen import Generated, Options, Token
from harness.reference.protocol.errors import Refusal


@dataclass(frozen=True, slots=True)
class GenerateRequest:
    """A request that was understood; ``id`` is None if it has none."""

    text: str
    options: Options
    details: bool
    id: str | None


def _refused(message: str) -> Refusal:
    return Refusal(message, kind="generate", status=422)


def read_generate(document: Any) -> GenerateRequest:
    """Check a generation request; members and parameters that are not known are passed over.

    Raises:
        Refusal: 422; no ``text_input``, a parameter outside of its limits, an id that is no string.
    """
    if not isinstance(document, dict):
        raise _refused("the request is no JSON object")
    if not isinstance(document.get("text_input"), str):
        raise _refused("the request has no string 'text_input'")
    if not isinstance(document.get("id", ""), str):
        raise _refused("member 'id' is no string")
    parameters = document.get("parameters", {})
    if not isinstance(parameters, dict):
        raise _refused("member 'parameters' is no object")
    details = parameters.get("details", False)
    if not isinstance(details, bool):
        raise _refused("parameter 'details' is neither true nor false")
    return GenerateRequest(document["text_input"], _options(parameters), details, document.get("id") or None)


def _options(parameters: Mapping[str, Any]) -> Options:
    temperature, top_p = parameters.get("temperature", 1), parameters.get("top_p", 1)
    if not _is_number(temperature) or temperature < 0:
        raise _refused("parameter 'temperature' is no number from 0")
    if not _is_number(top_p) or not 0 <= top_p <= 1:
        raise _refused("parameter 'top_p' is no number from 0 to 1")
    most = parameters.get("max_tokens", 20)
    if type(most) is not int or most < 1:
        raise _refused("parameter 'max_tokens' is no integer from 1")
    stop = parameters.get("stop", [])
    if not isinstance(stop, list) or not all(isinstance(each, str) for each in stop):
        raise _refused("parameter 'stop' is no array of strings")
    return Options(temperature=temperature, top_p=top_p, max_tokens=most, stop=tuple(stop))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def whole(request: GenerateRequest, made: Generated, model: Mapping[str, str]) -> dict[str, Any]:
    """The answer in one piece; ``model`` holds model_name and, unless there are none, model_version."""
    document: dict[str, Any] = {} if request.id is None else {"id": request.id}
    document |= {"text_output": made.text, **model}
    if request.details:
        tokens = [_token(token) for token in made.tokens]
        document["details"] = {"finish_reason": made.reason, "logprobs": tokens}
    return document


def streamed(request: GenerateRequest, made: Generated, model: Mapping[str, str]) -> list[dict[str, Any]]:
    """The events: one per token with the text that it adds; only the last has a finish_reason."""
    events = []
    for token, piece in zip(made.tokens, made.pieces, strict=True):
        document: dict[str, Any] = {} if request.id is None else {"id": request.id}
        document |= {"text_output": piece, **model}
        if request.details:
            document["details"] = {"token": _token(token)}
        events.append(document)
    if request.details:
        events[-1]["details"]["finish_reason"] = made.reason
    return events


def _token(token: Token) -> dict[str, Any]:
    return asdict(token)
