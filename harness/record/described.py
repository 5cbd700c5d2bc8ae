"""Which answer over REST describes a service or a model, and is none to an inference: by its address and its members.

An answer may be that of another request on a connection that is out of step: what it was asked for alone says nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from harness.record.exchange import Exchange

# Below whatever prefix; a model may be called as its endpoint likes.
_PATH = re.compile(
    r"\A(?:/[^/]{1,200}){0,8}/v2/?"
    r"(?:/(?:health/(?:live|ready)|models|models/stats|models/[^/]+(?:/versions/[^/]+)?(?:/ready|/stats)?))?"
)
_METRICS = "/metrics"
_TEXTS = frozenset({"text/plain", "application/openmetrics-text"})
# Members of what describes, by where they stand; those of an inference are others.
_MEMBERS = frozenset(
    {"name", "version", "versions", "extensions", "platform", "properties", "inputs", "outputs", "parameters", "live",
     "ready", "status", "state", "reason", "models", "model_stats"}
)  # fmt: skip
_OF_TENSOR = frozenset({"name", "datatype", "shape", "tags", "parameters"})
# Members that hold values, wherever they stand.
_VALUES = re.compile(
    r"\A(?:.*[_.-])?(?:data|contents?|values?|predictions?|text_output|results?|answers?|instances?|choices)", re.DOTALL
)
_SAMPLE = re.compile(
    r"\A[A-Za-z_:][\w:]{0,200}(?:\{[^\n]*\})?[ \t]+(?:[+-]?[\d.]{1,40}(?:[eE][+-]?\d{1,4})?|[+-]?Inf|NaN)"
    r"(?:[ \t]+-?[\d.]{1,30})?(?: # [^\n]*)?[ \t]*"
)

Pairs = list[tuple[str, Any]]


def is_description(exchange: Exchange, metrics: str | None) -> bool:
    """Whether an exchange asked for what describes, and the answer is such.

    Args:
        metrics: the URL of metrics of the policy.
    """
    if exchange.method not in ("GET", "HEAD") or exchange.request_body:
        return False
    is_metrics = asks_for_metrics(exchange.url, metrics)
    if not (is_metrics or asks_for_description(exchange.url)):
        return False
    return not exchange.response_body or _is_told(exchange, is_metrics=is_metrics)


def _is_told(exchange: Exchange, *, is_metrics: bool) -> bool:
    """Whether a body is what was asked for: metrics, or a description."""
    if exchange.truncated or exchange.header("content-encoding") is not None:
        return False
    try:
        text = exchange.response_body.decode()
    except ValueError:
        return False
    if is_metrics:
        return exchange.media_type in _TEXTS and all(map(_of_metrics, text.splitlines()))
    return exchange.media_type in (None, "application/json") and _describes(text)


def asks_for_description(url: str) -> bool:
    """Whether a URL is that of health, metadata or statistics."""
    path = _path(url)
    return path is not None and _PATH.fullmatch(path) is not None


def asks_for_metrics(url: str, metrics: str | None) -> bool:
    """Whether a URL is that of metrics, at the endpoint or as the policy names it."""
    if metrics is not None and url in (metrics, metrics.removesuffix("/") + _METRICS):
        return True
    path = _path(url)
    return path is not None and path.endswith(_METRICS) and "/models/" not in path


def _path(url: str) -> str | None:
    """The path of a URL; None where more than a path is asked for."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return None if parts.query or parts.fragment else parts.path


def _describes(text: str) -> bool:
    """Whether a JSON text is an object whose every member is one of a description."""
    try:
        # Every member counts, also one that stands there twice.
        value = json.loads(text, object_pairs_hook=_Object)
    except (ValueError, RecursionError):
        return False
    if not isinstance(value, _Object) or not {name for name, _ in value.pairs} <= _MEMBERS:
        return False
    tensors = [each for name, held in value.pairs if name in ("inputs", "outputs") for each in _listed(held)]
    whole = all(isinstance(each, _Object) and {name for name, _ in each.pairs} <= _OF_TENSOR for each in tensors)
    return whole and not any(_VALUES.fullmatch(name.lower()) for name in _names(value))


class _Object:
    """An object of JSON with all its members."""

    def __init__(self, pairs: Pairs) -> None:
        self.pairs = pairs


def _listed(held: Any) -> list[Any]:  # noqa: ANN401 -- values of JSON
    return held if isinstance(held, list) else [held]


def _names(value: Any) -> Iterator[str]:  # noqa: ANN401 -- values of JSON
    """The name of every member, at any depth."""
    left = [value]
    while left:
        each = left.pop()
        if isinstance(each, _Object):
            for name, held in each.pairs:
                yield name
                left.append(held)
        elif isinstance(each, list):
            left.extend(each)


def _of_metrics(line: str) -> bool:
    """Whether a line is one of the text format of Prometheus: a remark, or a name and a number."""
    return not line.strip() or line.startswith("#") or _SAMPLE.fullmatch(line) is not None
