"""The gRPC side, different in ways the protocol allows."""

from __future__ import annotations

import asyncio
from itertools import count
from typing import Any

from harness.reference.grpc.failed import Failed
from harness.reference.grpc.metadata import delimited
from harness.reference.grpc.points import SERVICE
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply, error
from harness.reference.protocol.errors import Refusal
from harness.reference.protocol.tensors import Tensor
from harness.reference.variants.registry import excuse, sets, variant

CODES = {
    "request": "OUT_OF_RANGE",
    "shape": "FAILED_PRECONDITION",
    "name": "NOT_FOUND",
    "model": "FAILED_PRECONDITION",
    "values": "OUT_OF_RANGE",
    "bytes": "INTERNAL",
}
# A varint 1 in field 500, which no message has.
UNKNOWN_FIELD = b"\xa0\x1f\x01"

variant("grpc-only", "there is no HTTP, only gRPC", transport="grpc")(sets(http=False))


@variant(
    "grpc-raw-always",
    "replies are raw, as Triton's are (GRPC-RAW-08)",
    transport="grpc",
    excuses=excuse(
        "Replies are never typed, so that these values show only where the model is an echo.", "grpc-typed-*"
    ),
)
def raw_always(hooks: Hooks) -> None:
    hooks.grpc.raw = lambda *_: True


@variant("grpc-typed-always", "replies are typed unless an output is FP16 (GRPC-RAW-08)", transport="grpc")
def typed_always(hooks: Hooks) -> None:
    hooks.grpc.raw = lambda *_: False


@variant(
    "grpc-unready-is-ok-false", "ModelReady of an unknown model is OK and false (GRPC-HEALTH-04)", transport="grpc"
)
def unready_is_ok_false(hooks: Hooks) -> None:
    def edit(call: Call, failed: Failed, blank: Any) -> Any:
        return blank if call.op == "model-ready" and failed.kind == "model" else failed

    hooks.grpc.failures.append(edit)


@variant(
    "grpc-generated-id", "a reply to a request without id has one of the server's own (GRPC-INFER-03)", transport="grpc"
)
def generated_id(hooks: Hooks) -> None:
    numbers = count(1)

    def edit(_: Call, reply: Any) -> None:
        reply.id = reply.id or f"req-{next(numbers):08x}"

    hooks.grpc.on("infer")(edit)


@variant(
    "grpc-empty-contents",
    "outputs of raw replies have a contents message with nothing in it, as MLServer's do",
    transport="grpc",
)
def empty_contents(hooks: Hooks) -> None:
    def edit(_: Call, reply: Any) -> None:
        for output in reply.outputs if reply.raw_output_contents else ():
            output.contents.SetInParent()

    hooks.grpc.on("infer")(edit)


@variant(
    "grpc-other-codes", "each cause of an error has another status code than usual (GRPC-ERR-02)", transport="grpc"
)
def other_codes(hooks: Hooks) -> None:
    def edit(_: Call, failed: Failed, __: Any) -> Failed:
        return Failed(CODES.get(failed.kind, failed.code), failed.details, kind=failed.kind, trailers=failed.trailers)

    hooks.grpc.failures.append(edit)


@variant(
    "grpc-extra-methods",
    "health checking, something like reflection and methods of its own (GRPC-SVC-02)",
    transport="grpc",
)
def extra_methods(hooks: Hooks) -> None:
    hooks.grpc.extra |= {
        "/grpc.health.v1.Health/Check": b"\x08\x01",
        "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo": b"",
        f"/{SERVICE}/ModelWarmup": b"",
    }


NO_CLAIMS = excuse("No claim is made over gRPC, so there is none to look at.", "provenance-grpc-*") | excuse(
    "Missing: what the policy of method validation requires.", "provenance-grpc-claims-required"
)


@variant("grpc-no-properties", "model metadata has no field 6 (GRPC-META-05)", transport="grpc", excuses=NO_CLAIMS)
def no_properties(hooks: Hooks) -> None:
    hooks.grpc.on("model-metadata")(lambda _, reply: reply.DiscardUnknownFields())


@variant(
    "grpc-properties-as-parameters",
    "field 6 of model metadata holds parameters, as MLServer's does (GRPC-META-05)",
    transport="grpc",
)
def properties_as_parameters(hooks: Hooks) -> None:
    said: dict[tuple[str, str | None], dict[str, str]] = {}
    hooks.on("model-metadata")(lambda call, body: said.update({(call.model, call.version): body["properties"]}))

    def edit(call: Call, reply: Any) -> None:
        reply.DiscardUnknownFields()
        for name, value in {"content_type": "np", **said[call.model, call.version]}.items():
            pair = delimited(1, name.encode()) + delimited(2, delimited(3, value.encode()))
            reply.MergeFromString(delimited(6, pair))

    hooks.grpc.on("model-metadata")(edit)


@variant("grpc-unknown-fields", "replies have a field that the protocol does not know", transport="grpc")
def unknown_fields(hooks: Hooks) -> None:
    hooks.grpc.sent.append(lambda _, data: data + UNKNOWN_FIELD)


@variant("grpc-reply-parameters", "replies and outputs have parameters, as KServe's do", transport="grpc")
def reply_parameters(hooks: Hooks) -> None:
    def edit(_: Call, reply: Any) -> None:
        reply.parameters["triton_final_response"].bool_param = True
        for output in reply.outputs:
            output.parameters["binary_data_size"].int64_param = 4
            output.parameters["content_type"].string_param = ""

    hooks.grpc.on("infer")(edit)


@variant("grpc-outputs-any-order", "outputs come in reverse order, whatever was asked", transport="grpc")
def outputs_any_order(hooks: Hooks) -> None:
    hooks.grpc.outputs.append(lambda _, outputs: outputs[::-1])


@variant("grpc-three-parameter-kinds", "double and uint64 parameters are refused (PARAM-05)", transport="grpc")
def three_parameter_kinds(hooks: Hooks) -> None:
    def edit(_: Call, request: Any) -> None:
        for holder in (request, *request.inputs, *request.outputs):
            for key, each in holder.parameters.items():
                if each.WhichOneof("parameter_choice") in ("double_param", "uint64_param"):
                    raise Refusal(f"parameter {key!r} is neither boolean, integer nor text")

    hooks.grpc.asked("infer")(edit)


@variant(
    "grpc-raw-bytes-refused",
    "BYTES travel typed only (GRPC-RAW-06)",
    transport="grpc",
    excuses=excuse(
        "Raw BYTES are refused, which GRPC-RAW-06 allows, so that a model with BYTES takes no raw request.",
        "grpc-raw-*",
        "grpc-mixed-forms-refused",
    ),
)
def raw_bytes_refused(hooks: Hooks) -> None:
    right = hooks.grpc.decode_raw

    def decode(name: str, datatype: str, shape: list[int], data: bytes) -> Tensor:
        if datatype == "BYTES":
            raise Refusal(f"input {name!r}: send BYTES in bytes_contents")
        return right(name, datatype, shape, data)

    hooks.grpc.decode_raw = decode


@variant("grpc-unversioned-replies", "replies do not say which version answered", transport="grpc")
def unversioned_replies(hooks: Hooks) -> None:
    hooks.grpc.on("infer")(lambda _, reply: reply.ClearField("model_version"))


@variant(
    "grpc-full-at-times",
    "every 29th inference over gRPC is refused, as by a pool that is full just then, with no word of when to come back",
    transport="grpc",
)
def full_at_times(hooks: Hooks) -> None:
    numbers = count(1)

    def gate(call: Call) -> Reply | None:
        over_grpc = call.op == "infer" and call.path.startswith("/inference.")
        return error(429, "the pool is full") if over_grpc and next(numbers) % 29 == 0 else None

    hooks.gates.append(gate)


@variant("grpc-streams-bare", "a stream answers with ModelInferResponse, as MLServer's (STREAM-01)", transport="grpc")
def streams_bare(hooks: Hooks) -> None:
    def layout(answer: bytes, words: str) -> list[bytes]:
        if words:
            raise Failed("INVALID_ARGUMENT", words)
        return [answer]

    hooks.grpc.streamed = layout


@variant("grpc-streams-in-pieces", "each answer of a stream is followed by an empty last message", transport="grpc")
def streams_in_pieces(hooks: Hooks) -> None:
    hooks.grpc.streamed = lambda answer, words: [delimited(1, words.encode()) if words else delimited(2, answer), b""]


@variant(
    "grpc-streams-in-turn",
    "requests of streams are computed one after another, 10 ms each, given up or not",
    transport="grpc",
    effect="slow",
)
def streams_in_turn(hooks: Hooks) -> None:
    turn = asyncio.Lock()

    async def compute() -> None:
        async with turn:
            await asyncio.sleep(0.01)

    async def wait(call: Call) -> None:
        if call.path.endswith("ModelStreamInfer"):
            await asyncio.shield(asyncio.ensure_future(compute()))

    hooks.grpc.before.append(wait)


variant(
    "grpc-no-streams",
    "there is no ModelStreamInfer",
    transport="grpc",
    excuses=excuse("There are no streams.", "adversarial-grpc-streams-given-up"),
)(lambda hooks: hooks.grpc.missing.add("ModelStreamInfer"))
