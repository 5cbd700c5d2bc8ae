"""Model metadata: GET v2/models/M (inference_rest.md, "Model Metadata Response JSON Object")."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harness.check import check
from harness.probing.json_values import json_type, shown
from harness.probing.names import name_root
from harness.probing.probe import UNKNOWN_MODEL, Probe
from harness.probing.replies import error_object_problem, error_root, object_or_none, refused, status_of
from harness.wire.datatypes import DATATYPES


@check(
    "rest-model-metadata-names-model",
    clauses=["REST-MMETA-01"],
    duties=["A15-4-d"],
    criterion="status 200 and a JSON object whose name is the model's",
    per="model",
    faults=["metadata-name-wrong", "metadata-without-name"],
    fix="Answer v2/models/M with an object that has the name M.",
)
def rest_model_metadata_names_model(probe: Probe) -> None:
    """Metadata of a model answers 200 and names that model.

    Reads the answer to the first request for the model's metadata.
    """
    exchange = probe.model.route.metadata_exchange
    body = object_or_none(exchange)
    if not exchange.ok or body is None:
        probe.holds(False, expected="status 200 and a JSON object", observed=status_of(exchange), exchange=exchange)
        return
    observed = shown(body["name"]) if "name" in body else "no member name"
    good = body.get("name") == probe.model.name
    probe.holds(good, expected=f"name is {probe.model.name!r}", observed=observed, exchange=exchange)


@check(
    "rest-model-metadata-platform",
    clauses=["REST-MMETA-02", "REST-MMETA-03"],
    duties=["A15-4-d"],
    criterion="the member platform is a string",
    per="model",
    needs=["rest-model-metadata-names-model"],
    faults=["platform-missing"],
    fix="Always send platform; the empty string is allowed.",
)
def rest_model_metadata_platform(probe: Probe) -> None:
    """Model metadata has a string platform.

    Which string is free: the closed list in the documents is called informational, and no server keeps to it.
    """
    body = _metadata(probe)
    observed = f"platform is a {json_type(body['platform'])}" if "platform" in body else "platform is absent"
    text = isinstance(body.get("platform"), str)
    if _holds(probe, text, "platform is a string", observed, clause="REST-MMETA-02"):
        probe.observe(f"platform is {body['platform']!r}", "REST-MMETA-03")
        _holds(probe, True, "any string", observed, clause="REST-MMETA-03")


@check(
    "rest-model-metadata-versions",
    clauses=["REST-MMETA-04"],
    duties=["A15-4-d"],
    criterion="versions is absent, or an array of strings",
    per="model",
    needs=["rest-model-metadata-names-model"],
    faults=["versions-null", "versions-numbers"],
    fix="Leave versions out where there are none; null is not an array.",
)
def rest_model_metadata_versions(probe: Probe) -> None:
    """The versions of a model, where listed, are an array of strings.

    Absent and empty are allowed.
    """
    value = _metadata(probe).get("versions", [])
    good = isinstance(value, list) and all(isinstance(version, str) for version in value)
    root = "null-on-optional-member" if value is None else None
    _holds(probe, good, "versions is absent or an array of strings", shown(value), root=root)


@check(
    "rest-model-metadata-versions-requestable",
    clauses=["REST-MMETA-05"],
    duties=["A15-4-d"],
    criterion="the versioned metadata path of every listed version answers 200 with the model's name",
    per="model",
    needs=["rest-model-metadata-versions"],
    faults=["version-listed-but-404"],
    fix="List only versions that can be requested.",
)
def rest_model_metadata_versions_requestable(probe: Probe) -> None:
    """Every listed version can be requested.

    One GET per version; a version that is refused is looked for in metadata read again, as versions may vanish.
    """
    versions = _metadata(probe).get("versions") or []
    if not versions:
        probe.not_applicable("the model lists no versions")
    for version in versions[:20]:
        exchange = probe.answered(probe.client.model_metadata(probe.model.name, version))
        body = object_or_none(exchange) or {}
        good = exchange.ok and body.get("name") == probe.model.name
        if not good and version not in _read_again(probe):
            continue
        expected = f"status 200 and the model's name at version {version!r}"
        probe.holds(good, expected=expected, observed=status_of(exchange), exchange=exchange)


@check(
    "rest-model-metadata-tensors",
    clauses=["REST-MMETA-07", "REST-MMETA-06"],
    duties=["A15-4-d"],
    criterion="inputs and outputs, where present, are arrays; each entry has string name, string datatype, array shape",
    per="model",
    needs=["rest-model-metadata-names-model"],
    faults=["metadata-tensor-dtype-dims", "metadata-inputs-object"],
    fix="Describe each tensor by name, datatype and shape, exactly so spelled.",
)
def rest_model_metadata_tensors(probe: Probe) -> None:
    """Each tensor of the metadata has name, datatype and shape.

    The documents differ on whether the arrays may be left out; that is accepted and recorded.
    """
    body = _metadata(probe)
    for side in ("inputs", "outputs"):
        value = body.get(side, [])
        if side not in body:
            probe.observe(f"{side} is left out", "REST-MMETA-06")
        good, observed = isinstance(value, list), f"{side}: {shown(value)}"
        _holds(probe, good, f"{side} is an array, where present", observed, clause="REST-MMETA-06")
    for where, tensor in _tensors(body):
        good = (
            isinstance(tensor, dict)
            and isinstance(tensor.get("name"), str)
            and isinstance(tensor.get("datatype"), str)
            and isinstance(tensor.get("shape"), list)
        )
        expected = "string name, string datatype and array shape"
        _holds(probe, good, expected, f"{where}: {shown(tensor)}", clause="REST-MMETA-07")


@check(
    "rest-model-metadata-shapes",
    clauses=["REST-MMETA-08"],
    duties=["A15-4-d"],
    criterion="every dimension is an integer of at least -1",
    per="model",
    needs=["rest-model-metadata-tensors"],
    faults=["shape-has-null", "shape-minus-two"],
    fix="Write variable dimensions as -1 and all others as their size.",
)
def rest_model_metadata_shapes(probe: Probe) -> None:
    """Dimensions in metadata are sizes, or -1 where variable.

    Looks at every dimension of every tensor.
    """
    for where, tensor in _well_formed(probe):
        for dimension in tensor["shape"]:
            good = isinstance(dimension, int) and not isinstance(dimension, bool) and dimension >= -1
            _holds(probe, good, "an integer of at least -1", f"{where}: {shown(dimension)}")


@check(
    "rest-model-metadata-datatypes",
    clauses=["REST-MMETA-09", "DTYPE-01"],
    duties=["A15-4-d"],
    criterion="every datatype is a name from the datatype table, or BF16",
    per="model",
    needs=["rest-model-metadata-tensors"],
    faults=["metadata-datatype-lowercase"],
    fix="Use the protocol's names: FP32, not float32; BYTES, not STRING.",
)
def rest_model_metadata_datatypes(probe: Probe) -> None:
    """Datatypes in metadata are the protocol's.

    BF16, which stands in the prose and in no table, is accepted.
    """
    for where, tensor in _well_formed(probe):
        known, observed = tensor["datatype"] in DATATYPES, f"{where}: {tensor['datatype']!r}"
        for clause in ("REST-MMETA-09", "DTYPE-01"):
            _holds(probe, known, "a datatype of the table", observed, clause=clause)


@check(
    "rest-model-metadata-properties",
    clauses=["REST-MMETA-10"],
    duties=["A15-4-d"],
    criterion="properties is absent, or an object of strings",
    per="model",
    needs=["rest-model-metadata-names-model"],
    faults=["properties-number"],
    fix="Write every property value as a string.",
)
def rest_model_metadata_properties(probe: Probe) -> None:
    """Properties, where present, are strings by name.

    The member stands in the OpenAPI file and the proto, but not in the prose.
    """
    value = _metadata(probe).get("properties", {})
    good = isinstance(value, dict) and all(isinstance(text, str) for text in value.values())
    _holds(probe, good, "absent, or an object whose values are strings", shown(value))


@check(
    "rest-model-metadata-unique-names",
    clauses=["REST-MMETA-12"],
    duties=["A15-4-d"],
    criterion="no two inputs and no two outputs have the same name",
    per="model",
    needs=["rest-model-metadata-tensors"],
    faults=["duplicate-tensor-names"],
    fix="Give each tensor of one side a name of its own.",
)
def rest_model_metadata_unique_names(probe: Probe) -> None:
    """Tensor names are unique within inputs and within outputs.

    Compares the names on each side.
    """
    names: dict[str, list[str]] = {}
    for where, tensor in _well_formed(probe):
        names.setdefault(where.partition("[")[0], []).append(tensor["name"])
    if not names:
        probe.not_applicable("the metadata describes no tensors")
    for side, given in names.items():
        _holds(probe, len(set(given)) == len(given), "unique names", f"{side}: {given}")


@check(
    "rest-unknown-model-metadata-refused",
    clauses=["REST-MMETA-11"],
    duties=["A15-4-d"],
    criterion="an error status and a JSON object with a string error",
    faults=["any-model-name-answered", "unknown-model-metadata-200", "unknown-model-error-empty"],
    fix='Answer 404 with {"error": "..."} for a model that is not there.',
)
def rest_unknown_model_metadata_refused(probe: Probe) -> None:
    """Metadata of an unknown model is an error with an error object.

    One GET of the metadata of a name that no server has.
    """
    exchange = probe.answered(probe.client.model_metadata(UNKNOWN_MODEL))
    root = name_root(probe, "unknown-model-answered:metadata" if exchange.ok else None)
    observed = f"{status_of(exchange)} to a name that no server has"
    if probe.holds(refused(exchange), expected="an error status", observed=observed, exchange=exchange, root=root):
        problem = error_object_problem(exchange)
        expected = "a JSON object with a string error"
        observed = problem or "an error object"
        probe.holds(problem is None, expected=expected, observed=observed, exchange=exchange, root=error_root(exchange))


def _metadata(probe: Probe) -> dict[str, Any]:
    return probe.json_object(probe.model.route.metadata_exchange)


def _read_again(probe: Probe) -> list[Any]:
    body = object_or_none(probe.client.model_metadata(probe.model.name, probe.model.address)) or {}
    versions = body.get("versions")
    return versions if isinstance(versions, list) else []


def _holds(
    probe: Probe, condition: bool, expected: str, observed: str, *, clause: str | None = None, root: str | None = None
) -> bool:
    exchange = probe.model.route.metadata_exchange
    return probe.holds(condition, expected=expected, observed=observed, clause=clause, exchange=exchange, root=root)


def _tensors(body: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for side in ("inputs", "outputs"):
        value = body.get(side)
        for index, tensor in enumerate(value if isinstance(value, list) else []):
            yield f"{side}[{index}]", tensor


def _well_formed(probe: Probe) -> list[tuple[str, dict[str, Any]]]:
    """The tensors that can be looked at further; none at all is not the server's fault."""
    found = [(where, tensor) for where, tensor in _tensors(_metadata(probe)) if isinstance(tensor, dict)]
    if not found:
        probe.not_applicable("the metadata describes no tensors")
    return found
