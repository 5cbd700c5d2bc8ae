"""Every mistake made of a gRPC request can be sent, and is another message than the valid one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from harness.generate import grpc_contents
from harness.generate.grpc_contents import Mistakes
from harness.generate.grpc_mutations import grpc_mutations
from harness.wire.datatypes import DATATYPES
from harness.wire.messages import InferRequest
from harness.wire.protobuf import Form, infer_message
from harness.wire.tensor import Tensor

# What a real model may be sent, and what other fields cannot hold as it is.
AWKWARD: dict[str, tuple[Any, ...]] = {
    "bool": (True, False),
    "int": (-1, 7),
    "uint": (0, 7),
    "float": (1e10, -0.0, 0.5, float("inf")),
    "bytes": ("text", b"\xff\x00"),
}
TYPED: tuple[Callable[[InferRequest], Mistakes], ...] = (
    grpc_contents.wrong_fields, grpc_contents.counts, grpc_contents.out_of_range,
)  # fmt: skip
RAW: tuple[Callable[[InferRequest], Mistakes], ...] = (
    grpc_contents.mixtures, grpc_contents.entries, grpc_contents.typed_halves,
)  # fmt: skip


def request_of(datatype: str) -> InferRequest:
    elements = AWKWARD[DATATYPES[datatype].kind]
    shape = (len(elements),)
    return InferRequest((Tensor("a", datatype, shape, elements), Tensor("b", "INT32", (1,), (3,))), id="7")


def sent(valid: InferRequest, form: Form, edit: Callable[[Any], object] | None = None) -> bytes:
    message = infer_message("m", None, valid, form)
    if edit is not None:
        edit(message)
    return bytes(message.SerializeToString(deterministic=True))


@pytest.mark.parametrize("datatype", sorted(DATATYPES))
def test_each_content_mistake_can_be_sent(datatype: str) -> None:
    request = request_of(datatype)
    groups: list[tuple[Form, Callable[[InferRequest], Mistakes]]] = [("raw", make) for make in RAW]
    if DATATYPES[datatype].grpc_field is not None:
        groups += [("typed", make) for make in TYPED]
    seen = 0
    for form, make in groups:
        if make is grpc_contents.typed_halves and datatype != "FP16":
            continue
        valid, mistakes = make(request)
        for mistake in mistakes:
            assert sent(valid, form, mistake.edit) != sent(valid, form), mistake.name
            assert mistake.why
            seen += 1
    assert seen


@pytest.mark.parametrize("form", ["typed", "raw"])
def test_each_mutation_can_be_sent(form: Form) -> None:
    valid = request_of("FP32")
    found = list(grpc_mutations(valid, unknown_model="none", versions=("1",)))
    names = [mutation.name for mutation in found]
    assert len(set(names)) == len(names) > 8
    for mutation in found:
        assert sent(valid, form, mutation.edit) != sent(valid, form), mutation.name
