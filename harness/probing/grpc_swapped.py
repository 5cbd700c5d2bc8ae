"""Raw contents with their bytes in reverse: to find out which byte order an endpoint follows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.probing.grpc_replies import infer_reply
from harness.record.exchange import Exchange
from harness.wire.datatypes import DATATYPES

if TYPE_CHECKING:
    from harness.wire.tensor import Tensor

LENGTH = 4


def entries_swapped(message: Any) -> None:  # noqa: ANN401 -- a ModelInferRequest
    """Reverse the bytes of every number, and of every length of BYTES, in the raw entries of a request."""
    for position, entry in enumerate(message.inputs):
        message.raw_input_contents[position] = swapped(entry.datatype, message.raw_input_contents[position], "little")


def bytes_swapped(exchange: Exchange) -> dict[str, Tensor]:
    """The outputs of a raw reply read as big-endian; empty for a typed reply and where they cannot be read so."""
    from harness.wire.protobuf import NotAMessage, read_infer_outputs  # noqa: PLC0415 -- needs the extra grpc

    message, _ = infer_reply(exchange)
    if message is None or len(message.raw_output_contents) != len(message.outputs):
        return {}
    for position, output in enumerate(message.outputs):
        message.raw_output_contents[position] = swapped(output.datatype, message.raw_output_contents[position], "big")
    try:
        return read_infer_outputs(message)
    except NotAMessage:
        return {}


def swapped(datatype: str, data: bytes, lengths: str) -> bytes:
    """The bytes of each element in reverse; of BYTES those of the lengths, which are written in the order ``lengths``.

    What is no whole number of elements stays as it is.
    """
    known = DATATYPES.get(datatype)
    if known is None:
        return data
    if known.size is not None:
        whole = len(data) % known.size == 0
        parts = (data[at : at + known.size][::-1] for at in range(0, len(data), known.size))
        return b"".join(parts) if whole else data
    out, at = bytearray(), 0
    while at < len(data):
        prefix = data[at : at + LENGTH]
        size = int.from_bytes(prefix, "little" if lengths == "little" else "big")
        if at + LENGTH + size > len(data):
            return data
        out += prefix[::-1] + data[at + LENGTH : at + LENGTH + size]
        at += LENGTH + size
    return bytes(out)
