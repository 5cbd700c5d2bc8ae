"""Seeded faults that the checks of ``suites/conformance/binary/test_binary_raw.py`` find."""

from __future__ import annotations

from typing import Any

from harness.reference.extensions.binary import HEADER
from harness.reference.faults.kit.binary import Sent, write_sent
from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply, error

ONE_INPUT = ("echo-fp32", "echo-int32", "echo-fp64", "matrix", "digits", "diabetes")


def _is_raw(call: Call) -> bool:
    return call.op == "infer" and call.headers.get(HEADER) == "0"


@fault("raw-mode-refused", "BIN-14", text="the length header 0 is refused")
def raw_mode_refused(hooks: Hooks) -> None:
    hooks.gates.append(lambda call: error(400, "the body is not JSON: Expecting value") if _is_raw(call) else None)


@fault("raw-mode-plain-reply", "BIN-14", text="a raw request is answered in JSON", models=ONE_INPUT)
def raw_mode_plain_reply(hooks: Hooks) -> None:
    def edit(call: Call, _: object, request: Any) -> None:
        if _is_raw(call):
            request.parameters = {}

    hooks.requests.append(edit)


@fault("raw-mode-first-element-lost", "BIN-14", text="a raw request loses its first element", models=("echo-fp32",))
def raw_mode_first_element_lost(hooks: Hooks) -> None:
    def gate(call: Call) -> None:
        if _is_raw(call):
            call.body = call.body[4:] + bytes(len(call.body[:4]))

    hooks.gates.append(gate)


@fault(
    "raw-mode-any-model",
    "BIN-14",
    text="a raw request is the first input of any model, others being zero",
    models=("pair",),
)
def raw_mode_any_model(hooks: Hooks) -> None:
    def gate(call: Call) -> None:
        if not _is_raw(call) or call.model != "pair" or len(call.body) % 4:
            return
        rows, size = len(call.body) // 4, len(call.body)
        entries = [
            {"name": name, "datatype": datatype, "shape": [rows], "parameters": {"binary_data_size": size}}
            for name, datatype in (("a", "FP32"), ("b", "INT32"))
        ]
        document = {"inputs": entries, "parameters": {"binary_data_output": True}}
        write_sent(call, Sent(document, {0: call.body, 1: bytes(size)}, b""))

    hooks.gates.append(gate)


@fault("raw-mode-bytes-prefixed", "BIN-14", text="a raw text has to begin with its length", models=("echo-bytes",))
def raw_mode_bytes_prefixed(hooks: Hooks) -> None:
    def gate(call: Call) -> Reply | None:
        if not _is_raw(call) or call.model != "echo-bytes":
            return None
        if len(call.body) != 4 + int.from_bytes(call.body[:4], "little"):
            return error(400, "the text does not have the length that it says")
        call.body = call.body[4:]
        return None

    hooks.gates.append(gate)
