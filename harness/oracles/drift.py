"""Where the metadata of two versions of a model differ, by what it is about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.declared.rollout import MetadataAspect
from harness.wire.messages import ModelMetadata, TensorMetadata

# Names and tensors that are listed.
MOST = 3

Described = Sequence[TensorMetadata]


def drift(one: ModelMetadata, other: ModelMetadata) -> dict[MetadataAspect, str]:
    """What differs, in words; the order of inputs, outputs and versions does not count."""
    found: dict[MetadataAspect, str] = {}
    if one.platform != other.platform:
        found["platform"] = f"platform {one.platform!r} against {other.platform!r}"
    if {*one.versions} != {*other.versions}:
        found["versions"] = f"versions {sorted(one.versions)} against {sorted(other.versions)}"
    if one.properties != other.properties:
        found["properties"] = f"properties differ: {_listed(_differing(one.properties, other.properties))}"
    sides = ((one.inputs, other.inputs), (one.outputs, other.outputs))
    for aspect, (mine, theirs) in zip(("inputs", "outputs"), sides, strict=True):
        names, others = ({each.name for each in side} for side in (mine, theirs))
        if names != others:
            found["inputs" if aspect == "inputs" else "outputs"] = f"{aspect} {sorted(names)} against {sorted(others)}"
    pairs = [pair for mine, theirs in sides for pair in _pairs(mine, theirs)]
    types = [f"{a.name!r} {a.datatype} against {b.datatype}" for a, b in pairs if a.datatype != b.datatype]
    shapes = [f"{a.name!r} {list(a.shape)} against {list(b.shape)}" for a, b in pairs if a.shape != b.shape]
    if types:
        found["datatypes"] = f"datatype of {_listed(types)}"
    if shapes:
        found["shapes"] = f"shape of {_listed(shapes)}"
    return found


def _pairs(mine: Described, theirs: Described) -> list[tuple[TensorMetadata, TensorMetadata]]:
    others = {each.name: each for each in theirs}
    return [(each, others[each.name]) for each in mine if each.name in others]


def _differing(one: Mapping[str, str], other: Mapping[str, str]) -> list[str]:
    return sorted(name for name in {*one, *other} if one.get(name) != other.get(name))


def _listed(texts: Sequence[str]) -> str:
    more = f" and {len(texts) - MOST} more" if len(texts) > MOST else ""
    return ", ".join(texts[:MOST]) + more
