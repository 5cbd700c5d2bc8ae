"""Invalid ModelInferRequests, each with a record that says why it is invalid.

As in :mod:`harness.generate.mutations`: every mutation changes one thing in a request that the model has accepted. The
message is changed in place, through names of open_inference_grpc.proto; nothing here imports the generated classes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from harness.generate.telling import telling_inputs
from harness.wire.messages import InferRequest

# No datatypes of the protocol; the first is what a client of another protocol would write.
NO_DATATYPES = ("FLOAT", "STRING", "float32", "")
NO_SUCH_VERSION = "999999"
Change = Callable[[Any], object]


@dataclass(frozen=True, slots=True)
class GrpcMutation:
    """One invalid request.

    Attributes:
        name: identity of the mutation, kebab-case.
        clause: the clause that asks for its refusal.
        why: what is wrong with it, for people.
        edit: changes a ModelInferRequest in place.
        tolerated: OK is no finding if the outputs are those of the valid request.
        permitted: OK is recorded and no finding: the protocol has no way to say otherwise.
    """

    name: str
    clause: str
    why: str
    edit: Change
    tolerated: bool = False
    permitted: bool = False


def grpc_mutations(
    valid: InferRequest, *, unknown_model: str, versions: Sequence[str] = (), named: bool = True
) -> Iterator[GrpcMutation]:
    """All mutations that a request allows.

    Args:
        valid: what the model has accepted, in either form.
        unknown_model: a name that no server has.
        versions: those that the model reports; without any, a version may be ignored (VERS-02).
        named: the metadata names the inputs; without, inputs may be taken by position.
    """
    yield GrpcMutation("unknown-model", "GRPC-ERR-01", "there is no such model", _set("model_name", unknown_model))
    if versions:
        why = f"version {NO_SUCH_VERSION} of a model that reports {', '.join(versions[:5])}"
        yield GrpcMutation("unknown-version", "VERS-02", why, _set("model_version", NO_SUCH_VERSION))
    if named:
        yield from _names(valid)
    for position in telling_inputs(valid.inputs):
        yield from _tensor(position, valid.inputs[position].shape, valid.inputs[position].elements)
    why = "an output is asked for that the model does not have"
    yield GrpcMutation("unknown-output", "GRPC-INFER-05", why, lambda each: each.outputs.add(name="no-such-output"))


def _names(valid: InferRequest) -> Iterator[GrpcMutation]:
    clause = "GRPC-INFER-06"
    why = "an input has a name the model does not know"
    yield GrpcMutation("unknown-input", clause, why, lambda each: setattr(each.inputs[0], "name", "no-such-input"))
    why = "there is an input more, which the model does not know"
    yield GrpcMutation("surplus-input", clause, why, _doubled("no-such-input"), tolerated=True)
    # Metadata cannot say that an input is optional, and nothing says what the same input twice means.
    yield GrpcMutation("repeated-input", clause, "an input is there twice", _doubled(None), permitted=True)
    yield GrpcMutation("no-inputs", clause, "there are no inputs at all", _without(0), permitted=True)
    if len(valid.inputs) > 1:
        why = "an input of the metadata is missing"
        yield GrpcMutation("missing-input", clause, why, _without(1), permitted=True)


def _tensor(position: int, shape: Sequence[int], elements: Sequence[object]) -> Iterator[GrpcMutation]:
    """Mistakes in one input: a server may look at the first one only."""
    where = f"-in-input-{position + 1}" if position else ""
    for name in NO_DATATYPES if not position else NO_DATATYPES[:1]:
        why = f"{name!r} is no datatype of the protocol"
        edit = _in_input(position, _set("datatype", name))
        yield GrpcMutation(f"datatype-{name or 'empty'}{where}", "GRPC-INFER-06", why, edit)
    if shape:
        edit = _in_input(position, lambda entry: entry.shape.__setitem__(0, -1))
        yield GrpcMutation(f"dimension-negative{where}", "GRPC-INFER-06", "a dimension is -1", edit)
    if elements:
        why = "there is one element less than shape says"
        yield GrpcMutation(f"one-element-less{where}", "GRPC-TC-08", why, _shortened(position))


def _set(field: str, value: object) -> Change:
    return lambda message: setattr(message, field, value)


def _in_input(position: int, change: Change) -> Change:
    return lambda message: change(message.inputs[position])


def _doubled(name: str | None) -> Change:
    """Adds the first input once more, under another name or its own, with its raw entry if there is one."""

    def edit(message: Any) -> None:  # noqa: ANN401 -- a ModelInferRequest
        entry = message.inputs.add()
        entry.CopyFrom(message.inputs[0])
        entry.name = entry.name if name is None else name
        if message.raw_input_contents:
            message.raw_input_contents.append(message.raw_input_contents[0])

    return edit


def _without(start: int) -> Change:
    """Takes out all inputs from a position on, and their raw entries."""

    def edit(message: Any) -> None:  # noqa: ANN401 -- a ModelInferRequest
        del message.inputs[start:]
        del message.raw_input_contents[start:]

    return edit


def _shortened(position: int) -> Change:
    """Takes the last element out of an input; of a raw entry, the last byte."""

    def edit(message: Any) -> None:  # noqa: ANN401 -- a ModelInferRequest
        if message.raw_input_contents:
            message.raw_input_contents[position] = message.raw_input_contents[position][:-1]
            return
        for _, values in message.inputs[position].contents.ListFields():
            del values[-1:]

    return edit
