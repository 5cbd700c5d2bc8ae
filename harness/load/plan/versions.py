"""Which of several versions of a model has given an answer: by what it says, and by the version that it names."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

from harness.load.plan.answers import Fault, Given, Validate
from harness.load.records.rows import Status

_BRACE = b"{"


def version_of(given: Given, references: Sequence[bytes], validate: Validate) -> tuple[int, Fault | None]:
    """The place of the version whose answer it is, and what is wrong with it.

    Args:
        references: the answer of each version to the same request, with its id.
        validate: says what is wrong with an answer beside one of them.
    """
    faults = [validate(replace(given, reference=each)) for each in references]
    alike = [place for place, fault in enumerate(faults) if fault is None]
    if not alike:
        return 0, faults[0]
    named = version_named(given.body)
    labels = [version_named(each) for each in references]
    right = [place for place in alike if named is None or labels[place] in (named, None)]
    if right:
        return right[0], None
    own = alike[0]
    return own, Fault(Status.WRONG_ANSWER, f"names version {named!r} and is the answer of version {labels[own]!r}")


def version_named(body: bytes) -> str | None:
    """The version that an answer names; None where it names none."""
    if body.lstrip().startswith(_BRACE):
        try:
            # Latin-1 keeps positions: binary data may follow.
            value, _ = json.JSONDecoder().raw_decode(body.lstrip().decode("latin-1"))
        except (ValueError, RecursionError):
            return None
        found = value.get("model_version")
        return found if isinstance(found, str) and found else None
    from harness.wire import protobuf  # noqa: PLC0415 -- needs the extra grpc

    try:
        return str(protobuf.parsed("ModelInfer", body).model_version) or None
    except protobuf.NotAMessage:
        return None
