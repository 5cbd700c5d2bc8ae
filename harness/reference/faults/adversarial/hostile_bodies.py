"""Seeded faults that the checks of ``suites/adversarial/test_hostile_bodies.py`` find."""

from __future__ import annotations

import re
import time
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np

from harness.reference.extensions import binary
from harness.reference.faults.kit.common import HOLD_SECONDS, OUT_OF_MEMORY, end, holds, is_rest, kills, stalls
from harness.reference.faults.registry import Install, fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call
from harness.reference.protocol.request import InferRequest
from harness.reference.protocol.tensors import Tensor

CHANGE = "policy:no-silent-change"
CRASH = "policy:no-crash"
HANG = "policy:no-hang"
BOMB = 16 * 2**20
MOST = 32 * 2**20
KNOWN_CODINGS = ("gzip", "deflate", "identity", "x-gzip", "br", "zstd")


@fault(
    "nan-answered-as-null",
    CHANGE,
    "TDATA-14",
    text="the token NaN is taken and answered as null",
    models=("echo-fp32", "echo-fp64"),
)
def nan_answered_as_null(hooks: Hooks) -> None:
    hooks.rules.constants = True
    places: dict[str, list[bool]] = {}

    def answer(call: Call, request: InferRequest, outputs: list[Tensor]) -> list[Tensor]:
        for index, each in enumerate(outputs):
            places.pop(each.name, None)
            if is_rest(call) and each.datatype.startswith("FP") and not binary.wanted_binary(request, each.name):
                lost = np.isnan(each.values)
                places[each.name] = list(lost)
                kept = np.where(lost, each.values.dtype.type(0), each.values)
                outputs[index] = Tensor(each.name, each.datatype, each.shape, kept)
        return outputs

    def spell(output: Tensor, elements: list[Any]) -> list[Any]:
        lost = places.pop(output.name, [])
        return [None if gone else each for each, gone in zip(elements, lost, strict=True)] if any(lost) else elements

    hooks.answers.append(answer)
    hooks.spells.append(spell)


def _depth(body: bytes) -> int:
    depth = deepest = 0
    for byte in body:
        depth += (byte in b"[{") - (byte in b"]}")
        deepest = max(deepest, depth)
    return deepest


fault(
    "deep-objects-end-process",
    CRASH,
    "TDATA-17",
    text="objects within objects, 150 deep, end the process",
    effect="crash",
)(kills(lambda call: call.op == "infer" and call.body.count(b"{") > 150 and _depth(call.body) > 150))

fault(
    "many-members-hang",
    HANG,
    "TDATA-17",
    text="an object of more than 20000 members holds the server up",
    effect="hang",
)(stalls(lambda call: call.op == "infer" and call.body.count(b'":') > 20000))

fault("big-number-hangs", HANG, "TDATA-17", text="a number of more than 300 digits holds the server up", effect="hang")(
    stalls(lambda call: call.op == "infer" and re.search(rb"\d{301}", call.body) is not None)
)

fault(
    "long-input-name-ends-process",
    CRASH,
    "TDATA-17",
    text="the name of an input above 2000 bytes ends the process",
    effect="crash",
)(kills(lambda call: call.op == "infer" and re.search(rb'"name"\s*:\s*"[^"]{2001}', call.body) is not None))


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _is_broken_text(call: Call) -> bool:
    return call.op == "infer" and "inference-header-content-length" not in call.headers and not _is_utf8(call.body)


fault(
    "invalid-utf8-ends-process",
    CRASH,
    "TDATA-17",
    "REST-INFER-05",
    text="a body that is no UTF-8 ends the process",
    effect="crash",
)(kills(_is_broken_text))


@fault(
    "invalid-utf8-replaced",
    CHANGE,
    "REST-INFER-05",
    text="bytes that are no UTF-8 are replaced, and answered",
    models=("echo-bytes", "text"),
)
def invalid_utf8_replaced(hooks: Hooks) -> None:
    def gate(call: Call) -> None:
        if _is_broken_text(call):
            call.body = call.body.decode("utf-8", "replace").encode()

    hooks.gates.append(gate)


def _gzip(end: Callable[[], object]) -> Install:
    """Compressed requests are unpacked; one that becomes too large comes to ``end``."""

    def gate(call: Call) -> None:
        if not is_rest(call) or call.headers.get("content-encoding") != "gzip":
            return
        try:
            body = zlib.decompressobj(wbits=31).decompress(call.body, MOST)
        except zlib.error:
            return
        if len(body) > BOMB:
            end()
        call.body = body
        del call.headers["content-encoding"]

    return lambda hooks: hooks.gates.append(gate)


fault(
    "gzip-bomb-hangs", HANG, "TDATA-17", text="compressed bodies are unpacked, however large they become", effect="hang"
)(_gzip(lambda: time.sleep(HOLD_SECONDS)))

fault(
    "gzip-bomb-ends-process",
    CRASH,
    "TDATA-17",
    text="a compressed body that becomes 16 MiB ends the process",
    effect="crash",
)(_gzip(lambda: end(OUT_OF_MEMORY)))


def _coding_cut(call: Call) -> bool:
    """Whether a compressed body ends before its data do."""
    unpacking = zlib.decompressobj(wbits=31)
    try:
        unpacking.decompress(call.body, MOST)
    except zlib.error:
        return False
    return bool(call.body) and not unpacking.eof


fault(
    "cut-gzip-hangs",
    HANG,
    "TDATA-17",
    text="of a compressed body that ends in the middle the rest is waited for",
    effect="hang",
)(holds(lambda call: is_rest(call) and call.headers.get("content-encoding") == "gzip" and _coding_cut(call)))

fault("unknown-coding-ends-process", CRASH, text="a content coding that nobody knows ends the process", effect="crash")(
    kills(lambda call: is_rest(call) and call.headers.get("content-encoding", "gzip") not in KNOWN_CODINGS)
)

fault("oversize-hangs", HANG, "TDATA-17", text="a body above 2 MiB is never answered", effect="hang")(
    holds(lambda call: len(call.body) > 2 * 2**20)
)


@fault("model-names-case-folded", CHANGE, "REST-HTTP-09", text="model names in capitals are found, and echoed so")
def model_names_case_folded(hooks: Hooks) -> None:
    def gate(call: Call) -> None:
        call.model = call.model.lower()

    hooks.gates.append(gate)
