"""Answers read as a whole, over whichever transport and in whichever form they came."""

from __future__ import annotations

from harness.oracles.whole import PARAMETERS, STATUS, WholeAnswer
from harness.probing.replies import not_now, refused
from harness.record.exchange import Exchange
from harness.wire.binary import SIZE, BinaryReply, NotBinary, read_binary_reply

REFUSED, ANSWERED, UNREADABLE = "refused", "answered", "answered, and cannot be read"


def whole(exchange: Exchange) -> WholeAnswer | None:
    """All that an answer says; None where there is none, or one that speaks of the moment alone.

    Of a refusal only that it is one: which error a mistake gets is not compared.
    """
    if exchange.error is not None or not_now(exchange):
        return None
    if refused(exchange):
        return WholeAnswer({STATUS: REFUSED})
    if not exchange.ok:
        return None
    return _of_grpc(exchange) if exchange.rpc is not None else _of_rest(exchange)


def _of_rest(exchange: Exchange) -> WholeAnswer:
    try:
        reply = read_binary_reply(exchange)
    except NotBinary:
        return WholeAnswer({STATUS: UNREADABLE})
    value = reply.value
    members = {
        STATUS: ANSWERED,
        "content type": exchange.media_type,
        "id": value.get("id"),
        "model_name": value.get("model_name"),
        "model_version": value.get("model_version"),
        PARAMETERS: value.get("parameters"),
        "binary outputs": sorted(reply.parts),
    }
    return WholeAnswer({**members, **_parameters_of_outputs(reply)}, reply.outputs)


def _parameters_of_outputs(reply: BinaryReply) -> dict[str, object]:
    """The parameters of each output but for the size of its bytes, which is the data's to say."""
    found: dict[str, object] = {}
    for entry in reply.value.get("outputs") or ():
        if isinstance(entry, dict) and isinstance(parameters := entry.get("parameters") or {}, dict):
            own = {name: each for name, each in parameters.items() if name != SIZE}
            found.setdefault(f"parameters of {entry.get('name')!r}", own)
    return found


def _of_grpc(exchange: Exchange) -> WholeAnswer:
    from harness.wire import protobuf  # noqa: PLC0415 -- needs the extra grpc

    try:
        reply = protobuf.parsed("ModelInfer", exchange.response_body)
        outputs = protobuf.read_infer_outputs(reply)
    except protobuf.NotAMessage:
        return WholeAnswer({STATUS: UNREADABLE})
    members = {
        STATUS: ANSWERED,
        "id": reply.id,
        "model_name": reply.model_name,
        "model_version": reply.model_version,
        PARAMETERS: protobuf.read_parameters(reply.parameters),
    }
    own = {f"parameters of {each.name!r}": protobuf.read_parameters(each.parameters) for each in reply.outputs}
    return WholeAnswer({**members, **own}, outputs)
