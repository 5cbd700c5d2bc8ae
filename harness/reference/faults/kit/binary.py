"""Helpers for faults of binary tensor data: take requests apart, and change their bytes or those of replies."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.reference.extensions.binary import HEADER
from harness.reference.faults.registry import Install
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply, error
from harness.reference.protocol.raw import element_size
from harness.reference.protocol.tensors import NUMPY


@dataclass(slots=True)
class Sent:
    """A request taken apart more leniently than the server does it.

    Attributes:
        parts: bytes of each binary input, by its place among the inputs; short where the body ends.
        stray: what is left behind the last of them.
    """

    document: dict[str, Any]
    parts: dict[int, bytes]
    stray: bytes

    @property
    def entries(self) -> list[dict[str, Any]]:
        """The inputs."""
        return list(self.document["inputs"])


def read_sent(call: Call) -> Sent | None:
    """The request of ``call``, wherever its JSON ends; None if it is none, or has no inputs."""
    if call.op != "infer" or (HEADER not in call.headers and b"binary_data_size" not in call.body):
        return None
    try:
        _, end = json.JSONDecoder().raw_decode(call.body.decode("latin-1"))
        document = json.loads(call.body[:end])
        tail, parts = call.body[end:], {}
        for index, entry in enumerate(document["inputs"]):
            size = entry.get("parameters", {}).get("binary_data_size")
            if type(size) is int and size >= 0:
                parts[index], tail = tail[:size], tail[size:]
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None
    return Sent(document, parts, tail)


def write_sent(call: Call, sent: Sent) -> None:
    """Make ``sent`` the request of ``call``, with sizes and header that fit."""
    for index, part in sent.parts.items():
        sent.document["inputs"][index].setdefault("parameters", {})["binary_data_size"] = len(part)
    head = json.dumps(sent.document).encode()
    call.headers[HEADER] = str(len(head))
    call.body = head + b"".join(part for _, part in sorted(sent.parts.items())) + sent.stray


def resent(change: Callable[[Sent], bool | None], fits: Callable[[Call], bool] | None = None) -> Install:
    """Change binary requests before the server reads them; ``change`` returns False to leave one alone.

    Without ``fits``, only requests whose header is a length are changed.
    """

    def install(hooks: Hooks) -> None:
        def gate(call: Call) -> None:
            sent = read_sent(call) if (fits or has_length)(call) else None
            if sent is not None and change(sent) is not False:
                write_sent(call, sent)

        hooks.gates.append(gate)

    return install


def has_length(call: Call) -> bool:
    header = call.headers.get(HEADER, "")
    return header.isascii() and header.isdecimal() and 0 < int(header) <= len(call.body)


def each_part_in(change: Callable[[bytes, str, list[int]], bytes], *datatypes: str) -> Install:
    """Change the bytes of each binary input of the given data types (all, if none is given)."""

    def edit(sent: Sent) -> None:
        for index, part in sent.parts.items():
            entry = sent.entries[index]
            if not datatypes or entry.get("datatype") in datatypes:
                sent.parts[index] = change(part, entry.get("datatype", ""), entry.get("shape", []))

    return resent(edit)


def each_part_out(change: Callable[[bytes, str, list[int]], bytes], *datatypes: str) -> Install:
    """Change the bytes of each binary output of the given data types (all, if none); sizes follow."""

    def install(hooks: Hooks) -> None:
        def edit(_: Call, reply: Reply) -> None:
            for entry in reply.document["outputs"]:
                carried = reply.carried.get(entry["name"])
                fits = not datatypes or entry["datatype"] in datatypes
                if carried is not None and carried.part is not None and fits:
                    carried.part = change(carried.part, entry["datatype"], entry["shape"])
                    entry["parameters"]["binary_data_size"] = len(carried.part)

        hooks.binary.append(edit)

    return install


def binary_document(change: Callable[[dict[str, Any]], Any]) -> Install:
    """Change the document of replies that carry outputs, once the outputs say so."""

    def install(hooks: Hooks) -> None:
        def edit(_: Call, reply: Reply) -> None:
            changed = change(reply.document)
            reply.document = reply.document if changed is None else changed

        hooks.binary.append(edit)

    return install


def binary_output(change: Callable[[dict[str, Any]], None]) -> Install:
    """Change the entry of each binary output."""

    def edit(document: dict[str, Any]) -> None:
        for entry in document["outputs"]:
            if "binary_data_size" in entry.get("parameters", {}):
                change(entry)

    return binary_document(edit)


def binary_body(change: Callable[[Call, Reply], None]) -> Install:
    """Change binary replies, written as they are."""

    def install(hooks: Hooks) -> None:
        hooks.bodies.append(lambda call, reply: change(call, reply) if reply.carried and reply.body else None)

    return install


def change_values(change: Callable[[NDArray[Any]], NDArray[Any]]) -> Callable[[bytes, str, list[int]], bytes]:
    """A change of the elements as an array, one-dimensional; parts that are no whole elements stay."""

    def edit(part: bytes, datatype: str, _: list[int]) -> bytes:
        if datatype == "BYTES" or datatype not in NUMPY or len(part) % element_size(datatype):
            return part
        with np.errstate(all="ignore"):
            found = change(np.frombuffer(part, dtype=NUMPY[datatype]))
            return found.astype(NUMPY[datatype]).tobytes()

    return edit


def refuses_binary(wanted: Callable[[Sent], bool], status: int, words: str) -> Install:
    """Refuse binary requests for which ``wanted`` holds."""

    def install(hooks: Hooks) -> None:
        def gate(call: Call) -> Reply | None:
            sent = read_sent(call)
            return error(status, words) if sent is not None and wanted(sent) else None

        hooks.gates.append(gate)

    return install
