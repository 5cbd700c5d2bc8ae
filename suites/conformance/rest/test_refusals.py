"""What an endpoint should refuse: requests that are not inference requests, or not for this model.

Sources: inference_rest.md ("Inference Request JSON Object", "Request Input", "Tensor Data") and the schemas of
open_inference_rest.yaml. Request-side rules oblige the client, so that a server should refuse what breaks them.
"""

from __future__ import annotations

from harness.check import check
from harness.judging.refusals import refuses
from harness.probing.probe import Probe


@check(
    "rest-refuses-non-json",
    clauses=["REST-INFER-05"],
    duties=["A15-4-c", "A15-5-b"],
    criterion="a body that is not JSON and an empty body are answered with an error status",
    per="model",
    needs=["rest-infer-answers-200"],
    faults=["empty-body-accepted", "malformed-accepted", "malformed-hangs"],
    fix="Parse the body before anything else and answer 400 if that fails.",
)
def rest_refuses_non_json(probe: Probe) -> None:
    """A body that is not JSON is refused.

    Two requests: malformed JSON, and no body at all.
    """
    refuses(probe, "REST-INFER-05")


@check(
    "rest-refuses-missing-inputs",
    clauses=["REST-INFER-02"],
    duties=["A15-4-c"],
    criterion="a request without inputs is answered with an error status",
    per="model",
    needs=["rest-infer-answers-200"],
    faults=["missing-inputs-accepted"],
    fix="Require inputs.",
)
def rest_refuses_missing_inputs(probe: Probe) -> None:
    """A request without inputs is refused.

    The model has just been seen to take inputs; an empty object and one with only an id are sent.
    """
    refuses(probe, "REST-INFER-02")


@check(
    "rest-refuses-incomplete-input",
    clauses=["REST-INFER-03"],
    duties=["A15-4-c"],
    criterion="an input without name, shape, datatype or data is refused, or answered as the complete one",
    per="model",
    needs=["rest-infer-answers-200"],
    faults=["input-without-data-zeros"],
    fix="Require the four members of an input; do not invent data.",
)
def rest_refuses_incomplete_input(probe: Probe) -> None:
    """An input that lacks a member is refused, or understood rightly.

    One request per member left out. Lenient servers may fill a gap from the metadata: the same outputs as those of the
    complete request are accepted.
    """
    refuses(probe, "REST-INFER-03")


@check(
    "rest-refuses-wrong-types",
    clauses=["REST-INFER-04"],
    duties=["A15-4-c"],
    criterion="members of a request with another JSON type than declared are answered with an error status",
    per="model",
    needs=["rest-infer-answers-200"],
    faults=["shape-string-accepted"],
    fix="Validate the request against the schema.",
)
def rest_refuses_wrong_types(probe: Probe) -> None:
    """Members of the wrong JSON type are refused.

    One request per member: inputs, shape, name, datatype, outputs, parameters.
    """
    refuses(probe, "REST-INFER-04")


@check(
    "rest-refuses-unknown-input",
    clauses=["REST-INFER-06"],
    duties=["A15-4-c", "A15-5-b"],
    criterion="an unknown input name is answered with an error status; what the absence of an input gives is recorded",
    per="model",
    needs=["rest-infer-answers-200", "rest-model-metadata-tensors"],
    faults=["inputs-by-position"],
    fix="Match inputs by name with the metadata and refuse what is unknown or missing.",
)
def rest_refuses_unknown_input(probe: Probe) -> None:
    """An input the model does not know is refused.

    Only for models whose metadata names their inputs. One input is renamed. Where there are several, one is left out,
    too; that may be right, as metadata cannot say which inputs are optional, and is recorded.
    """
    if not (probe.model.metadata and probe.model.metadata.inputs):
        probe.not_applicable("the metadata names no inputs")
    refuses(probe, "REST-INFER-06")


@check(
    "rest-refuses-unknown-datatype",
    clauses=["DTYPE-03"],
    duties=["A15-4-c"],
    criterion="a datatype outside the table is answered with an error status",
    per="model",
    needs=["rest-infer-answers-200"],
    faults=["unknown-datatype-accepted"],
    fix="Look the datatype up in the table and refuse what is not there.",
)
def rest_refuses_unknown_datatype(probe: Probe) -> None:
    """A datatype outside the table is refused.

    Sends FLOAT, STRING, float32 and the empty string as datatype of an otherwise valid input.
    """
    refuses(probe, "DTYPE-03")


@check(
    "rest-refuses-data-not-array",
    clauses=["TDATA-04"],
    duties=["A15-4-c"],
    criterion="data that is no array of scalars is answered with an error status",
    per="model",
    needs=["rest-infer-answers-200"],
    faults=["data-scalar-accepted"],
    fix="Require an array; its elements are scalars, or arrays where it is nested.",
)
def rest_refuses_data_not_array(probe: Probe) -> None:
    """Data that is not an array of scalars is refused.

    Sends a number, a string, an object, and an array of objects as data.
    """
    refuses(probe, "TDATA-04")


@check(
    "rest-refuses-wrong-count",
    clauses=["TDATA-05"],
    duties=["A15-4-c", "A15-5-b"],
    criterion="one element more or less than the product of shape is answered with an error status",
    per="model",
    needs=["rest-infer-answers-200"],
    faults=["count-unchecked", "count-checked-only-upwards", "count-unchecked-for-second-input"],
    fix="Compare the number of elements with the product of shape before using either.",
)
def rest_refuses_wrong_count(probe: Probe) -> None:
    """Data with another number of elements than shape says is refused.

    The valid request with one element added, and with one taken away, in each of its inputs.
    """
    refuses(probe, "TDATA-05")


@check(
    "rest-refuses-ragged",
    clauses=["TDATA-06"],
    duties=["A15-4-c"],
    criterion="ragged nested data is answered with an error status",
    per="model",
    needs=["rest-infer-answers-200"],
    faults=["ragged-accepted"],
    fix="Check the length of every row against shape.",
)
def rest_refuses_ragged(probe: Probe) -> None:
    """Ragged nested data is refused.

    Two rows: the last one short, and one longer with the other shorter so that the total is right.
    """
    refuses(probe, "TDATA-06")


@check(
    "rest-refuses-bad-dimensions",
    clauses=["TDATA-10"],
    duties=["A15-4-c", "A15-5-b"],
    criterion="negative, fractional, string, boolean and null dimensions are answered with an error status",
    per="model",
    needs=["rest-infer-answers-200"],
    faults=["negative-dimension-guessed"],
    fix="Require every dimension of a request to be a non-negative integer; -1 belongs to metadata only.",
)
def rest_refuses_bad_dimensions(probe: Probe) -> None:
    """Dimensions that are no sizes are refused.

    The leading dimension of a valid request is replaced by each.
    """
    refuses(probe, "TDATA-10")


@check(
    "rest-refuses-null-element",
    clauses=["TDATA-13"],
    duties=["A15-4-c", "A15-5-b"],
    criterion="null in place of an element is answered with an error status",
    per="model",
    needs=["rest-infer-answers-200"],
    faults=["null-as-zero"],
    fix="Refuse null elements; do not read them as zero or NaN.",
)
def rest_refuses_null_element(probe: Probe) -> None:
    """An element that is null is refused.

    The first element of a valid request is replaced by null.
    """
    refuses(probe, "TDATA-13")


@check(
    "rest-refuses-unknown-output",
    clauses=["REST-OUT-04"],
    duties=["A15-4-c"],
    criterion="a request for an output that the model does not have is answered with an error status",
    per="model",
    needs=["rest-infer-answers-200"],
    faults=["unknown-output-ignored"],
    fix="Look requested outputs up by name and refuse the unknown.",
)
def rest_refuses_unknown_output(probe: Probe) -> None:
    """Asking for an output that the model does not have is refused.

    A valid request that asks for one output of a name no model has.
    """
    refuses(probe, "REST-OUT-04")


@check(
    "rest-refuses-nameless-output",
    clauses=["REST-OUT-06"],
    duties=["A15-4-c"],
    criterion="a requested output without a name is answered with an error status",
    per="model",
    needs=["rest-infer-answers-200"],
    faults=["nameless-output-accepted"],
    fix="Require the name of every requested output.",
)
def rest_refuses_nameless_output(probe: Probe) -> None:
    """A requested output without a name is refused.

    A valid request whose outputs hold one empty object.
    """
    refuses(probe, "REST-OUT-06")
