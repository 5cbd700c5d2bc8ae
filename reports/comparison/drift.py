"""Whether the endpoint of two runs is the same one: what it says of itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reports.comparison.fingerprints import fingerprint_rows
from reports.document.excerpt import clip
from reports.evidence import Evidence, ModelItem
from reports.evidence.comparison import DriftName, DriftRow

SHOWN = 300
Told = tuple[DriftName, str, str]


def drift_rows(a: Evidence, b: Evidence) -> list[DriftRow]:
    """Everything that both runs say of the server and of a model, and say otherwise."""
    rows = list(_servers(a, b))
    before = {model.name: model for model in a.item.models}
    for model in b.item.models:
        one = before.get(model.name)
        # Metadata that could not be read say nothing of the model.
        if one is not None and _is_described(one) and _is_described(model):
            rows += _differing(model.name, _of_model(one), _of_model(model))
            rows += _metadata(one, model)
    return [*rows, *fingerprint_rows(a, b)]


def _differing(model: str | None, before: Iterable[Told], after: Iterable[Told]) -> Iterator[DriftRow]:
    one, other = ({(what, about): text for what, about, text in side} for side in (before, after))
    for what, about in dict.fromkeys([*one, *other]):
        a, b = one.get((what, about), ""), other.get((what, about), "")
        if a != b:
            yield DriftRow(what=what, model=model, about=clip(about, SHOWN), a=clip(a, SHOWN), b=clip(b, SHOWN))


def _servers(a: Evidence, b: Evidence) -> Iterator[DriftRow]:
    if a.item.server_name is not None and b.item.server_name is not None:
        yield from _differing(None, _of_server(a), _of_server(b))
    one, other = _headers(a), _headers(b)
    # Which answers are shown depends on what was found, and balancers have names of their own.
    if one and other and not one & other:
        yield DriftRow(what="server_header", model=None, about="", a=_joined(one), b=_joined(other))


def _joined(names: set[str]) -> str:
    return clip(", ".join(sorted(names)), SHOWN)


def _of_server(document: Evidence) -> Iterator[Told]:
    item = document.item
    yield "server", "", f"{item.server_name or ''} {item.server_version or ''}".strip()
    yield "extensions", "", ", ".join(sorted(item.extensions))


def _headers(document: Evidence) -> set[str]:
    """What the endpoint calls itself in the header Server of the answers that are shown."""
    shown = [each for check in document.checks for each in (*check.counterexamples, check.exemplar) if each is not None]
    answers = [each.response for each in shown if each.response is not None]
    return {value for answer in answers for name, value in answer.headers if name.lower() == "server"}


def _is_described(model: ModelItem) -> bool:
    return bool(model.tensors or model.versions or model.platform or model.properties)


def _of_model(model: ModelItem) -> Iterator[Told]:
    yield "version", "", model.version or ""
    yield "versions", "", ", ".join(sorted(model.versions))
    yield "platform", "", model.platform or ""
    for tensor in model.tensors:
        yield "tensors", f"{tensor.side} {tensor.name}", f"{tensor.datatype} {tensor.shape}"
    for name, value in model.properties.items():
        yield "property", name, value


def _metadata(one: ModelItem, other: ModelItem) -> Iterator[DriftRow]:
    """Digests say something where those of one run are all alike: metadata may hold a time."""
    before, after = model_digests(one), model_digests(other)
    if len(before) == len(after) == 1 and before != after:
        yield DriftRow(what="metadata", model=other.name, about="", a=before.pop(), b=after.pop())


def model_digests(model: ModelItem) -> set[str]:
    """Digests of the metadata of a model, as they were read in the course of a run."""
    return {reading.metadata_sha256 for reading in model.identity if reading.metadata_sha256 is not None}
