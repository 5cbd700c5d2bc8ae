"""Requests made from others. A request that varies one thing varies one thing: all else of it stays as it was.

Whoever makes a request of another one does it here: parameters of request, inputs and outputs, the outputs asked for,
id, order and further members are what some models cannot do without.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from harness.wire.messages import InferRequest
from harness.wire.tensor import Tensor

Wish = str | Mapping[str, Any]


def vary(
    base: InferRequest,
    *,
    inputs: Iterable[Tensor] | None = None,
    outputs: Iterable[Wish] | None = None,
    parameters: Mapping[str, Any] | None = None,
) -> InferRequest:
    """``base`` with other inputs, outputs asked for, or parameters, and everything else of it.

    Args:
        inputs: in place of its inputs; one without parameters gets those of the input of that name.
        outputs: in place of the outputs that it asks for; each keeps what was said of it, beside what is said now.
        parameters: beside its own; the same name stands for another value.
    """
    made = base
    if inputs is not None:
        own = {each.name: each.parameters for each in base.inputs if each.parameters is not None}
        made = replace(made, inputs=tuple(_with_own(tensor, own) for tensor in inputs))
    if outputs is not None:
        made = replace(made, outputs=tuple(wished(base, wish) for wish in outputs))
    if parameters is not None:
        made = replace(made, parameters={**(base.parameters or {}), **parameters})
    return made


def without_parameters(base: InferRequest, prefix: str) -> InferRequest:
    """``base`` without those of its own parameters whose names begin so."""
    kept = {name: value for name, value in (base.parameters or {}).items() if not name.startswith(prefix)}
    return replace(base, parameters=kept or None)


def asking_for(base: InferRequest, *wishes: Wish) -> InferRequest:
    """``base`` with wishes about some outputs: others that it asks for, and their order, stay."""
    named = {name_of(wish): wish for wish in wishes}
    kept = [named.pop(name_of(each), each) for each in base.outputs or ()]
    return vary(base, outputs=[*kept, *named.values()])


def wishing(
    request: InferRequest, outputs: Mapping[str, bool | None] | None = None, *, every: bool | None = None
) -> InferRequest:
    """The request with wishes about the form of its outputs.

    Args:
        outputs: listed outputs in this order, each with its ``binary_data`` (None: without); None lists none.
        every: ``binary_data_output`` of the request; None leaves it out.
    """
    listed: list[Mapping[str, Any]] | None = None
    if outputs is not None:
        listed = [
            {"name": name} if own is None else {"name": name, "parameters": {"binary_data": own}}
            for name, own in outputs.items()
        ]
    return vary(request, outputs=listed, parameters=None if every is None else {"binary_data_output": every})


def all_binary(request: InferRequest) -> InferRequest:
    """The request with every output wanted in binary: by one setting, or each by its own where outputs are listed."""
    if request.outputs is None:
        return wishing(request, every=True)
    return wishing(request, {each if isinstance(each, str) else str(each["name"]): True for each in request.outputs})


def wished(base: InferRequest, wish: Wish) -> Wish:
    """A wish about an output, with what ``base`` says of this output already."""
    known = next((each for each in base.outputs or () if name_of(each) == name_of(wish)), None)
    if known is None or isinstance(known, str):
        return wish
    if isinstance(wish, str):
        return known
    return merged(known, wish)


def name_of(wish: object) -> object:
    """The name of the output that a wish is about; None if it has none."""
    return wish.get("name") if isinstance(wish, Mapping) else wish


def merged(known: Mapping[str, Any], wish: Mapping[str, Any]) -> dict[str, Any]:
    """The members of an object beside further ones; of two objects of parameters, both."""
    both = {**known, **wish}
    old, new = known.get("parameters"), wish.get("parameters")
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        both["parameters"] = {**old, **new}
    return both


def _with_own(tensor: Tensor, own: Mapping[str, Mapping[str, Any]]) -> Tensor:
    known = tensor.parameters is None and tensor.name in own
    return replace(tensor, parameters=own[tensor.name]) if known else tensor
