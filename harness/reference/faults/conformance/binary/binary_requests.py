"""Seeded faults that the checks of ``suites/conformance/binary/test_binary_requests.py`` find."""

from __future__ import annotations

from harness.reference.extensions.binary import HEADER
from harness.reference.faults.kit.binary import Sent, refuses_binary, resent
from harness.reference.faults.kit.binary_heads import change_request, header_number
from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply, error

fault(
    "mixed-request-refused", "BIN-03", text="a request with inputs in JSON and in binary is refused", models=("pair",)
)(
    refuses_binary(
        lambda sent: bool(sent.parts) and len(sent.parts) < len(sent.entries), 400, "not all inputs are binary"
    )
)


@fault("parts-in-model-order", "BIN-03", text="bytes belong to inputs in the order of the model", models=("pair",))
def parts_in_model_order(hooks: Hooks) -> None:
    def change(sent: Sent) -> None:
        owners = sorted(sent.parts, key=lambda index: str(sent.entries[index].get("name")))
        sizes, tail = {at: len(sent.parts[at]) for at in sent.parts}, b"".join(sent.parts.values())
        for at in owners:
            sent.parts[at], tail = tail[: sizes[at]], tail[sizes[at] :]

    resent(change)(hooks)


@fault("second-part-is-first", "BIN-03", text="of two binary inputs both get the bytes of the first", models=("pair",))
def second_part_is_first(hooks: Hooks) -> None:
    def change(sent: Sent) -> None:
        first = next(iter(sent.parts.values()), b"")
        sent.parts = {at: first if len(first) == len(part) else part for at, part in sent.parts.items()}

    resent(change)(hooks)


@fault(
    "part-behind-json-input-shifted",
    "BIN-03",
    text="a JSON input before a binary one costs it its first element",
    models=("pair",),
)
def part_behind_json_input_shifted(hooks: Hooks) -> None:
    def change(sent: Sent) -> None:
        for at, part in sent.parts.items():
            if at not in (0, *(each + 1 for each in sent.parts)):
                sent.parts[at] = part[4:] + bytes(len(part[:4]))

    resent(change)(hooks)


@fault("binary-listed-refused", "BIN-01", "BIN-02", text="binary tensors are listed, and every binary request fails")
def binary_listed_refused(hooks: Hooks) -> None:
    hooks.gates.append(
        lambda call: error(400, "the body is not JSON") if call.op == "infer" and HEADER in call.headers else None
    )


@fault("binary-input-needs-data", "BIN-02", "BIN-01", text="a binary input is refused because it has no data")
def binary_input_needs_data(hooks: Hooks) -> None:
    refuses_binary(lambda sent: bool(sent.parts), 400, "input: missing member 'data'")(hooks)


@fault("binary-octet-stream-refused", "BIN-02", text="binary requests have to be labelled application/json")
def binary_octet_stream_refused(hooks: Hooks) -> None:
    def gate(call: Call) -> Reply | None:
        binary = call.op == "infer" and HEADER in call.headers
        return error(415, "wrong media type") if binary and "json" not in call.headers.get("content-type", "") else None

    hooks.gates.append(gate)


@fault(
    "length-header-counts-characters",
    "BIN-02",
    "BIN-16",
    text="the length header of a request is taken to count characters",
)
def length_header_counts_characters(hooks: Hooks) -> None:
    def gate(call: Call) -> None:
        header = header_number(call.headers.get(HEADER, ""))
        if call.op == "infer" and header:
            text = call.body.decode("utf-8", "surrogateescape")[:header]
            call.headers[HEADER] = str(len(text.encode("utf-8", "surrogateescape")))

    hooks.gates.append(gate)


@fault("binary-unasked", "BIN-04", text="a binary request gets a binary reply, asked or not")
def binary_unasked(hooks: Hooks) -> None:
    def change(sent: Sent) -> None:
        if sent.parts:
            sent.document.setdefault("parameters", {}).setdefault("binary_data_output", True)

    resent(change)(hooks)


@fault("plain-reply-labelled-octet", "BIN-04", text="a plain reply to a binary request is labelled as binary")
def plain_reply_labelled_octet(hooks: Hooks) -> None:
    def edit(call: Call, reply: Reply) -> None:
        if call.op == "infer" and HEADER in call.headers and not reply.carried and reply.status == 200:
            reply.media_type = "application/octet-stream"

    hooks.bodies.append(edit)


fault("binary-data-false-is-true", "BIN-04", "BIN-11", text="binary_data false counts as a wish for binary")(
    change_request(
        lambda request: [
            own.update(binary_data=True) for own in request.output_parameters.values() if "binary_data" in own
        ]
    )
)
