"""Outputs of a response: shape, datatype, data (inference_rest.md, "Response Output" and "Tensor Data")."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from harness.check import NotApplicable, Untestable, check
from harness.endpoint.route import MANY_ROWS
from harness.probing.json_values import ABSENT, shown
from harness.probing.probe import Probe
from harness.probing.replies import object_or_none
from harness.record.exchange import Exchange
from harness.wire.datatypes import DATATYPES
from harness.wire.messages import TensorMetadata
from harness.wire.tensor import flatten, nesting_matches, product

INTEGERS = {name for name, datatype in DATATYPES.items() if datatype.kind in ("int", "uint")}


@check(
    "rest-infer-outputs-well-formed",
    clauses=["REST-RESP-06"],
    duties=["A15-4-d"],
    criterion="outputs is an array whose entries have string name, string datatype, array shape and array data",
    per="model",
    needs=["rest-infer-answers-200"],
    faults=["outputs-missing-shape", "response-without-outputs", "numbers-as-text"],
    fix="Send name, datatype, shape and data with every output.",
)
def rest_infer_outputs_well_formed(probe: Probe) -> None:
    """Every output has name, datatype, shape and data.

    Looks at the answer to the accepted request, which asks for nothing in particular and so for plain JSON. Elements of
    integer types must be no texts. Of a model whose requests are too large for JSON it is the binary answer: every
    output is there with its bytes.
    """
    accepted = probe.model.rest.accepted()
    exchange = accepted.exchange
    if accepted.request.is_large:
        observed = "all of them" if probe.model.rest.outputs(exchange) else "a body that is not as its sizes say"
        probe.observe("the request is too large for JSON: looked at the answer in binary")
        probe.holds(
            observed == "all of them", expected="outputs with their bytes", observed=observed, exchange=exchange
        )
        return
    outputs = probe.json_object(exchange).get("outputs", ABSENT)
    if not probe.holds(
        isinstance(outputs, list), expected="outputs is an array", observed=shown(outputs), exchange=exchange
    ):
        return
    types = {"name": str, "datatype": str, "shape": list, "data": list}
    for output in outputs:
        entry = output if isinstance(output, dict) else {}
        wrong = [name for name, kind in types.items() if not isinstance(entry.get(name), kind)]
        if (
            not wrong
            and entry["datatype"] in INTEGERS
            and any(isinstance(each, str) for each in flatten(entry["data"]))
        ):
            wrong = ["data (texts for integers)"]
        observed = f"missing or of another type: {', '.join(wrong)}" if wrong else "all four"
        probe.holds(not wrong, expected="name, datatype, shape and data", observed=observed, exchange=exchange)


@check(
    "rest-infer-shapes-concrete",
    clauses=["REST-RESP-07"],
    duties=["A15-4-d"],
    criterion="every dimension is an integer from 0 to 2^64-1",
    per="model",
    needs=["rest-infer-outputs-well-formed"],
    faults=["shape-copied-from-metadata"],
    fix="Send the shape of the data, not the -1 of the metadata.",
)
def rest_infer_shapes_concrete(probe: Probe) -> None:
    """Shapes of outputs are sizes.

    Looks at every dimension of every output.
    """
    for exchange, output in answered_outputs(probe):
        bad = [size for size in output["shape"] if not _is_size(size)]
        observed = f"{output['name']}: {shown(output['shape'])}"
        probe.holds(not bad, expected="sizes only", observed=observed, exchange=exchange)


@check(
    "rest-infer-element-count",
    clauses=["REST-RESP-08"],
    duties=["A15-4-d"],
    criterion="the number of elements in data is the product of shape",
    per="model",
    needs=["rest-infer-shapes-concrete"],
    faults=["count-mismatch", "count-mismatch-above-32-rows", "outputs-wrong-with-id"],
    fix="Derive shape and data from the same array.",
)
def rest_infer_element_count(probe: Probe) -> None:
    """An output holds as many elements as its shape says.

    Flattens the data and counts; the empty product is one.
    """
    for exchange, output in answered_outputs(probe):
        count, wanted = len(flatten(output["data"])), product(output["shape"])
        observed = f"{output['name']}: {count} elements for shape {output['shape']}"
        probe.holds(count == wanted, expected=f"{wanted} elements", observed=observed, exchange=exchange)


@check(
    "rest-infer-nesting",
    clauses=["REST-RESP-09"],
    duties=["A15-4-d"],
    criterion="data is flat, or nested exactly as shape says",
    per="model",
    needs=["rest-infer-element-count"],
    faults=["wrong-nesting"],
    fix="Send data flat, in row-major order, or nested dimension by dimension.",
)
def rest_infer_nesting(probe: Probe) -> None:
    """Data is fully flat or fully nested.

    Looks at the nesting of each output's data.
    """
    for exchange, output in answered_outputs(probe):
        data = output["data"]
        good = not any(isinstance(item, list) for item in data) or nesting_matches(data, tuple(output["shape"]))
        observed = f"{output['name']}: shape {output['shape']}, data {shown(data)}"
        probe.holds(good, expected="flat or natural nesting", observed=observed, exchange=exchange)


@check(
    "rest-infer-datatypes",
    clauses=["REST-RESP-11"],
    duties=["A15-4-d"],
    criterion="the datatype of every output is a name from the datatype table, or BF16",
    per="model",
    needs=["rest-infer-outputs-well-formed"],
    faults=["datatype-lowercase-in-reply"],
    fix="Use the protocol's names: FP32, not float32; BYTES, not STRING.",
)
def rest_infer_datatypes(probe: Probe) -> None:
    """Datatypes of outputs are the protocol's.

    BF16, which stands in the prose and in no table, is accepted.
    """
    for exchange, output in answered_outputs(probe):
        good = output["datatype"] in DATATYPES
        observed = f"{output['name']}: {output['datatype']!r}"
        probe.holds(good, expected="a datatype of the table", observed=observed, exchange=exchange)


@check(
    "rest-infer-all-outputs",
    clauses=["REST-OUT-01"],
    duties=["A15-4-d"],
    criterion="without outputs in the request, every output of the metadata is returned",
    per="model",
    needs=["rest-infer-outputs-well-formed", "rest-model-metadata-tensors"],
    faults=["first-output-only", "unversioned-empty-200"],
    fix="Return every output the model produces unless the request selects some.",
)
def rest_infer_all_outputs(probe: Probe) -> None:
    """Without a selection, all outputs come back.

    Compares the names in the response with those in the model's metadata.
    """
    described = _described(probe)
    outputs = probe.json_object(probe.accepted().exchange)["outputs"]
    names = {output["name"] for output in outputs}
    if probe.accepted().request.outputs is not None:
        probe.not_applicable("the sample of the policy selects outputs")
    missing = [name for name in described if name not in names]
    observed = f"returned {sorted(names)}"
    expected = f"outputs {sorted(described)}"
    probe.holds(not missing, expected=expected, observed=observed, exchange=probe.accepted().exchange)


@check(
    "rest-infer-agrees-with-metadata",
    clauses=["REST-MMETA-12"],
    duties=["A15-4-d"],
    criterion="each output is described in the metadata, with the same datatype, rank and fixed dimensions",
    per="model",
    needs=["rest-infer-outputs-well-formed", "rest-model-metadata-tensors"],
    faults=["metadata-datatype-disagrees", "metadata-shape-disagrees"],
    fix="Correct the metadata: clients size their buffers and cast their values by it.",
)
def rest_infer_agrees_with_metadata(probe: Probe) -> None:
    """What comes back is what the metadata describes.

    Compares name, datatype, rank and fixed dimensions of every output with the metadata's entry.
    """
    described = _described(probe)
    for output in outputs_of(probe):
        problem = _disagreement(output, described)
        expected = "agreement with the metadata"
        observed = f"{output['name']}: {problem or 'agrees'}"
        root = None if output["name"] in described else "outputs-named-otherwise"
        exchange = probe.accepted().exchange
        probe.holds(problem is None, expected=expected, observed=observed, exchange=exchange, root=root)


def outputs_of(probe: Probe) -> list[dict[str, Any]]:
    """The outputs of the accepted answer that can be looked at further."""
    found = probe.json_object(probe.accepted().exchange).get("outputs")
    outputs = [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []
    if not outputs:
        probe.untestable("the response has no outputs")
    return outputs


def answered_outputs(probe: Probe) -> Iterator[tuple[Exchange, dict[str, Any]]]:
    """Outputs of the accepted answer, of one to a request with an id, and of one to many rows."""
    exchanges = [probe.accepted().exchange, probe.infer(request_id="1")]
    outputs_of(probe)
    with contextlib.suppress(NotApplicable, Untestable):
        exchanges.append(probe.model.rest.batch(MANY_ROWS).exchange)
    for exchange in exchanges:
        found = (object_or_none(exchange) or {}).get("outputs")
        for output in found if isinstance(found, list) else []:
            if isinstance(output, dict) and {"name", "datatype", "shape", "data"} <= output.keys():
                yield exchange, output


def _described(probe: Probe) -> dict[str, TensorMetadata]:
    metadata = probe.model.metadata
    if metadata is None or not metadata.outputs:
        probe.not_applicable("the metadata describes no outputs")
    return {tensor.name: tensor for tensor in metadata.outputs}


def _disagreement(output: dict[str, Any], described: dict[str, TensorMetadata]) -> str | None:
    tensor = described.get(output["name"])
    if tensor is None:
        return "is not in the metadata"
    if tensor.datatype != output["datatype"]:
        return f"datatype {output['datatype']}, in the metadata {tensor.datatype}"
    shape = output["shape"]
    if len(shape) != len(tensor.shape):
        return f"shape {shape}, in the metadata {list(tensor.shape)}"
    fits = all(wanted in (-1, size) for size, wanted in zip(shape, tensor.shape, strict=True))
    return None if fits else f"shape {shape}, in the metadata {list(tensor.shape)}"


def _is_size(size: object) -> bool:
    return isinstance(size, int) and not isinstance(size, bool) and 0 <= size < 1 << 64
