"""Drawn invalid requests: a valid request, one or two mistakes with drawn parameters, and a record of why.

The mistakes of :mod:`harness.generate.mutations` are enumerated; these are drawn, so that limits, positions and odd
values are searched and a counterexample can shrink. A pair never has two mistakes that could cancel each other out.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from hypothesis import strategies as st

from harness.generate.invalid_shapes import SHAPES
from harness.generate.invalid_structure import STRUCTURE, TYPES
from harness.generate.invalid_tensors import DATA, drawn_text
from harness.generate.operators import Body, Operator, Tolerance, encoded, first_inputs, input_position
from harness.wire.messages import InferRequest

__all__ = ["Body", "Invalid", "Operator", "invalid_requests", "operators"]

Section = Literal["light", "heavy"]


@dataclass(frozen=True, slots=True)
class Invalid:
    """One invalid request.

    Attributes:
        name: the mistakes it has, joined by ``+``.
        clause: the clause that speaks of it; None where none does.
        why: what is wrong with it, for people.
        body: the bytes to send.
        tolerance: what a 200 may be: see :class:`harness.generate.operators.Operator`.
        version: the version to ask for in the path; None leaves the model's own.
    """

    name: str
    clause: str | None
    why: str
    body: bytes
    tolerance: Tolerance
    version: str | None = None


def operators(base: Body, *, section: Section = "light", named: bool = True, versions: bool = False) -> list[Operator]:
    """The operators that can be applied to a request.

    Args:
        section: ``heavy`` gives those that announce a size that nobody could serve.
        named: whether the metadata names the inputs; if not, no name is known to be unknown.
        versions: whether the endpoint lists versions; if not, none is known to be unknown.
    """
    found = [each for each in (*STRUCTURE, *TYPES, *NAMES, *SHAPES, *DATA) if each.heavy == (section == "heavy")]
    return [
        each
        for each in found
        if each.applies(base) and (named or each.clause != "REST-INFER-06") and (versions or each.aspect != "version")
    ]


@st.composite
def invalid_requests(
    draw: st.DrawFn,
    valid: InferRequest,
    allowed: Sequence[Operator],
    *,
    first: Operator | None = None,
    versions: Sequence[str] = (),
) -> Invalid:
    """One or two mistakes in ``valid``.

    Args:
        first: one of ``allowed`` that is always among them; otherwise it is drawn.
        versions: those that exist.
    """
    changed: Any = json.loads(valid.to_bytes())
    operator = first or draw(st.sampled_from(list(allowed)))
    seconds = [each for each in allowed if each.aspect in operator.beside]
    second = draw(st.sampled_from(seconds)) if seconds and draw(st.integers(0, 3)) == 3 else None
    chosen = [operator] if second is None else [operator, second]
    reasons = []
    for each in chosen:
        changed, why = each.apply(draw, changed)
        reasons.append(why)
    strict = next((each for each in chosen if each.tolerance == "never"), chosen[0])
    version = None
    if operator.aspect == "version":
        version = draw(_VERSIONS.filter(lambda text: text not in versions))
        reasons = [f"version {version} is not listed"]
    return Invalid(
        "+".join(each.name for each in chosen),
        strict.clause,
        " and ".join(reasons),
        changed if isinstance(changed, bytes) else encoded(changed),
        strict.tolerance,
        version,
    )


_VERSIONS = st.one_of(
    st.sampled_from(("999999", "-1", "1.5", "1e3", "9" * 30, "18446744073709551616")),
    st.integers(100_000, 1 << 70).map(str),
)


def _unknown(known: Sequence[str], draw: st.DrawFn) -> str:
    near = [f"{known[0]}\0", f"{known[0]} ", f"{known[0]}/../{known[0]}", "", known[0][:-1] or "x"]
    found: str = draw(st.one_of(st.sampled_from(near), drawn_text()).filter(lambda text: text not in known))
    return found


def _unknown_input(draw: st.DrawFn, body: Body) -> tuple[Any, str]:
    where = input_position(draw, body)
    name = _unknown([entry["name"] for entry in body["inputs"]], draw)
    body["inputs"][where]["name"] = name
    return body, f"input {where + 1} is called {name!r}"


def _further_input(draw: st.DrawFn, body: Body) -> tuple[Any, str]:
    name = _unknown([entry["name"] for entry in body["inputs"]], draw)
    body["inputs"].append({**body["inputs"][0], "name": name})
    return body, f"there is an input {name!r} more"


def _repeated_input(draw: st.DrawFn, body: Body) -> tuple[Any, str]:
    entry = dict(body["inputs"][0])
    if draw(st.booleans()):
        entry["data"] = entry["data"][::-1]
    body["inputs"].append(entry)
    return body, f"input {entry['name']!r} is given twice"


def _unknown_output(draw: st.DrawFn, body: Body) -> tuple[Any, str]:
    name = "no-such-" + draw(st.one_of(st.sampled_from(["output", "output\0", "\u202e"]), drawn_text()))
    body["outputs"] = [{"name": name}]
    return body, f"output {name!r} is asked for"


def _nameless_output(draw: st.DrawFn, body: Body) -> tuple[Any, str]:
    entry = draw(st.sampled_from([{}, {"name": None}, {"name": 7}, {"parameters": {}}]))
    body["outputs"] = [entry]
    return body, f"an output is asked for by {json.dumps(entry)}"


def _unknown_datatype(draw: st.DrawFn, body: Body) -> tuple[Any, str]:
    where = input_position(draw, body)
    real = body["inputs"][where].get("datatype")
    near = (f"{real}\0", f"{real} ", f"{real}{real}", "FP33", "INT128", "FLOAT", "STRING", "object", "", "-1")
    name = draw(st.sampled_from(near))
    body["inputs"][where]["datatype"] = name
    return body, f"the datatype of input {where + 1} is {name!r}"


def _version(draw: st.DrawFn, body: Body) -> tuple[Any, str]:
    del draw
    return body, "the version is not listed"


NAMES = (
    Operator("input-unknown", "REST-INFER-06", "name", _unknown_input),
    Operator("input-more", "REST-INFER-06", "body", _further_input),
    Operator("input-twice", "REST-INFER-08", "body", _repeated_input, tolerance="any"),
    Operator("output-unknown", "REST-OUT-04", "outputs", _unknown_output),
    Operator("output-nameless", "REST-OUT-06", "outputs", _nameless_output),
    Operator("datatype-unknown", "DTYPE-03", "datatype", _unknown_datatype, applies=first_inputs),
    Operator("version-unknown", "VERS-02", "version", _version),
)
