"""What replies say, and how they say it."""

from __future__ import annotations

import dataclasses
from itertools import count
from typing import Any

from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply
from harness.reference.models.model import Model
from harness.reference.protocol.jsonwrite import Lexeme
from harness.reference.protocol.tensors import Spec, Tensor
from harness.reference.variants.registry import excuse, sets, variant

Body = dict[str, Any]

variant("pretty-printed", "JSON is spread over lines")(sets(indent=2))
variant("ascii-json", "other characters than ASCII are escaped")(sets(ascii_only=True))
variant("nested-output", "data of outputs is nested in its dimensions")(sets(nested=True))
variant(
    "versionless",
    "no versions: not listed, not in paths, not in replies",
    excuses=excuse("No versions are listed, so there are none to hold apart.", "adversarial-versions-apart")
    | excuse(
        "No versions are listed, so there is none to request.",
        "rest-model-metadata-versions-requestable",
        "rest-version-answered-is-requested",
        "grpc-version-answered-is-requested",
    )
    | excuse(
        "No versions are listed, so that no version is known to be unknown.",
        "grpc-unknown-version-not-ready",
        "grpc-version-unknown-refused",
    ),
)(sets(versionless=True))


@variant(
    "no-versions-listed",
    "metadata lists no versions, though versioned paths work",
    excuses=excuse("No versions are listed, so there are none to hold apart.", "adversarial-versions-apart")
    | excuse(
        "No versions are listed, so there is none to request.",
        "rest-model-metadata-versions-requestable",
        "rest-version-answered-is-requested",
        "grpc-version-answered-is-requested",
    )
    | excuse(
        "No versions are listed, so that no version is known to be unknown.",
        "grpc-unknown-version-not-ready",
        "grpc-version-unknown-refused",
    ),
)
def no_versions_listed(hooks: Hooks) -> None:
    hooks.on("model-metadata")(lambda _, body: {key: value for key, value in body.items() if key != "versions"})


@variant("empty-platform", "the platform is the empty text")
def empty_platform(hooks: Hooks) -> None:
    hooks.on("model-metadata")(lambda _, body: {**body, "platform": ""})


@variant(
    "no-tensor-metadata",
    "metadata says nothing of inputs, outputs and properties",
    excuses=excuse(
        "Metadata describes no tensors, so that no request can be made from it; the policy would have to give samples.",
        "*",
    )
    | excuse("Missing: what the policy of method validation requires.", "provenance-*claims-required"),
)
def no_tensor_metadata(hooks: Hooks) -> None:
    kept = ("name", "versions", "platform")
    hooks.on("model-metadata")(lambda _, body: {key: body[key] for key in kept})


@variant(
    "empty-tensor-metadata",
    "metadata lists no inputs and no outputs, as KServe's and MLServer's defaults do",
    excuses=excuse(
        "Metadata describes no tensors, so that no request can be made from it; the policy would have to give samples.",
        "*",
    ),
)
def empty_tensor_metadata(hooks: Hooks) -> None:
    hooks.on("model-metadata")(lambda _, body: {**body, "inputs": [], "outputs": []})


@variant("extra-members", "every object has members that the schema does not know")
def extra_members(hooks: Hooks) -> None:
    def edit(_: Call, body: Body) -> None:
        body["x_extra"] = {"a": [1, None]}
        for each in [*body.get("inputs", []), *body.get("outputs", [])]:
            each.setdefault("parameters", {})["content_type"] = "np"
            each["x_extra"] = True

    hooks.on("server-metadata", "model-metadata", "model-ready", "live", "ready", "infer", status=None)(edit)


@variant("generated-id", "a reply to a request without id has one of the server's own")
def generated_id(hooks: Hooks) -> None:
    numbers = count(1)
    hooks.on("infer")(lambda _, body: {"id": f"req-{next(numbers):08x}", **body})


@variant("empty-health", "health and ready replies have no body")
def empty_health(hooks: Hooks) -> None:
    def edit(call: Call, reply: Reply) -> None:
        if call.op in ("live", "ready", "model-ready") and reply.status in (200, 503):
            reply.document = None

    hooks.documents.append(edit)


@variant("health-bodies", "ready says live as well, and more than it has to")
def health_bodies(hooks: Hooks) -> None:
    hooks.on("live", "ready", "model-ready")(lambda _, body: {**body, "live": True, "uptime_s": 12.5, "status": "ok"})


@variant("outputs-any-order", "outputs come in reverse order, whatever was asked")
def outputs_any_order(hooks: Hooks) -> None:
    hooks.on("infer")(lambda _, body: {**body, "outputs": body["outputs"][::-1]})


@variant("empty-selection-is-none", "an empty list of outputs asks for none (REST-INFER-11)")
def empty_selection_is_none(hooks: Hooks) -> None:
    hooks.answers.append(lambda call, _, outputs: [] if call.request.get("outputs") == [] else outputs)


@variant("doubles-for-fp32", "FP32 is written at double precision, as Triton does")
def doubles_for_fp32(hooks: Hooks) -> None:
    def spell(output: Tensor, elements: list[Any]) -> list[Any]:
        return [Lexeme(repr(float(each))) for each in output.values] if output.datatype == "FP32" else elements

    hooks.spells.append(spell)


@variant("exponent-numbers", "floats are written with exponents: 15.0 as 1.5000E1")
def exponent_numbers(hooks: Hooks) -> None:
    def spell(output: Tensor, elements: list[Any]) -> list[Any]:
        return [_exponent(each) for each in elements] if output.datatype.startswith("FP") else elements

    hooks.spells.append(spell)


def _exponent(text: str) -> Lexeme:
    mantissa, _, power = text.partition("e")
    return Lexeme(f"{mantissa}E{power or '+00'}")


@variant(
    "fixed-batch",
    "models with rows of features take exactly two of them",
    excuses=excuse(
        "The leading dimension is fixed, so there are no batches to speak of.",
        "adversarial-batch-composition",
        "adversarial-grpc-batch-composition",
        "rest-batch-shape",
        "rest-batch-rows-belong",
    )
    | excuse("Each row of a table is a request of its own, and these models take two.", "accuracy-*", "robustness-*")
    | excuse(
        "The leading dimension is fixed, so that zero rows are a mistake.",
        "rest-data-empty-tensor",
        "binary-empty-output",
        "grpc-raw-empty-tensor",
    ),
)
def fixed_batch(hooks: Hooks) -> None:
    def edit(models: dict[str, Model]) -> None:
        for model in models.values():
            if all(len(spec.shape) > 1 for version in model.versions.values() for spec in version.inputs):
                model.versions = {
                    name: dataclasses.replace(each, inputs=_two(each.inputs), outputs=_two(each.outputs))
                    for name, each in model.versions.items()
                }

    hooks.models.append(edit)


def _two(specs: tuple[Spec, ...]) -> tuple[Spec, ...]:
    return tuple(
        dataclasses.replace(spec, shape=(2 if spec.shape[0] == -1 else spec.shape[0], *spec.shape[1:]))
        for spec in specs
    )


@variant(
    "custom-properties",
    "metadata has properties of the server's own kind, and none that says where the model comes from",
    excuses=excuse("No claim is made, so there is none to look at.", "provenance-*")
    | excuse("Missing: what the policy of method validation requires.", "provenance-*claims-required"),
)
def custom_properties(hooks: Hooks) -> None:
    own = {"digest": "v7", "trained": "last week", "commit": "main", "provenance": "in house", "registry": ""}
    hooks.on("model-metadata")(lambda _, body: {**body, "properties": own})
    hooks.on("config")(lambda _, body: {**body, "parameters": {}})


@variant("claims-everywhere", "claims of where a model comes from stand in metadata, answers and headers")
def claims_everywhere(hooks: Hooks) -> None:
    more = {
        "provenance.model.registry": "oci://registry.example/pair:2",
        "provenance.trained": "2026-05-01",
        "provenance.signed": "2026-05-01T00:00:00+09:00",
    }

    def edit(call: Call, body: Body) -> None:
        place = "properties" if call.op == "model-metadata" else "parameters"
        body[place] = {**body.get(place, {}), **more}

    def head(call: Call, reply: Reply) -> None:
        if call.op in ("infer", "model-metadata"):
            reply.headers["Provenance-Model-Registry"] = "oci://registry.example/pair:2"

    hooks.on("model-metadata", "infer")(edit)
    hooks.documents.append(head)
