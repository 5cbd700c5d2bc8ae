"""The one way to make a load case: send a request once, and take it and its answer apart around the id.

Suites do it with the recording clients of a run, ``locust`` (:mod:`harness.load.plan.prepare`) with clients of its own.
Who asked decides from the exchange whether the answer is a good one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import msgspec

from harness.load.plan.answers import Given, template_from
from harness.load.plan.full_check import same_outputs
from harness.load.plan.load_plan import ExpectedAnswer, Headers, LoadCase
from harness.load.records.rows import Status
from harness.record.exchange import Exchange
from harness.wire.binary import BinaryBody, binary_request
from harness.wire.messages import InferRequest

if TYPE_CHECKING:
    from harness.wire.rest import RestClient
    from harness.wire.rpc import GrpcClient

GRPC_PATH = "/inference.GRPCInferenceService/ModelInfer"
_JSON = "application/json"


@dataclass(frozen=True, slots=True)
class SentCase:
    """A request that was sent once.

    Attributes:
        exchange: of it.
        whole: the case with the whole body in ``before``, not yet taken apart.
        mark: the id that was sent.
        send: sends a body in place of that one.
    """

    exchange: Exchange
    whole: LoadCase
    mark: str
    send: Callable[[bytes], Exchange]

    def case(self) -> LoadCase:
        """The case taken apart around the id; whole, with no answer to compare with, where the id does not stand in
        request and answer exactly once."""
        mark = self.mark.encode()
        template = template_from(self.exchange.response_body, mark)
        before, found, after = self.whole.before.partition(mark)
        if template is None or not found:
            return msgspec.structs.replace(self.whole, has_id=False)
        answer = ExpectedAnswer(before=template.before, after=template.after)
        return msgspec.structs.replace(self.whole, before=before, after=after, answer=answer)


def send_rest(
    client: RestClient, model: str, version: str | None, request: InferRequest, mark: str, *, nested: bool = False
) -> SentCase:
    """Send a request over REST with its tensors as JSON."""
    path = client.model_path(model, version, "infer")
    body = replace(request, id=mark).to_bytes(nested=nested)
    whole = LoadCase(name=model, path=_whole(client, path), before=body)
    return SentCase(client.send("POST", path, body), whole, mark, lambda other: client.send("POST", path, other))


def _whole(client: RestClient, path: str) -> str:
    return client.access.address.path + path


def send_binary(client: RestClient, model: str, version: str | None, request: InferRequest, mark: str) -> SentCase:
    """Send a request over REST with its tensors in binary.

    Raises:
        ValueError: a tensor has no binary form; nothing was sent.
    """
    made: BinaryBody = binary_request(replace(request, id=mark))
    path = client.model_path(model, version, "infer")
    kind = next((value for name, value in made.headers if name.lower() == "content-type"), _JSON)
    rest: Headers = tuple((name, value) for name, value in made.headers if name.lower() != "content-type")
    whole = LoadCase(name=model, path=_whole(client, path), before=made.body, content_type=kind, headers=rest)
    exchange = client.send("POST", path, made.body, made.headers)
    return SentCase(exchange, whole, mark, lambda other: client.send("POST", path, other, made.headers))


def send_grpc(client: GrpcClient, model: str, version: str | None, request: InferRequest, mark: str) -> SentCase:
    """Send a request over gRPC with raw contents; with typed ones where the server does not take those.

    Raises:
        ValueError: a data type that the form does not have.
    """
    from harness.wire.protobuf import infer_message  # noqa: PLC0415 -- needs the extra grpc

    named = replace(request, id=mark)
    body: bytes = infer_message(model, version, named, "raw").SerializeToString()
    exchange = client.call("ModelInfer", body)
    if not exchange.ok:
        body = infer_message(model, version, named, "typed").SerializeToString()
        exchange = client.call("ModelInfer", body)
    whole = LoadCase(name=model, path=GRPC_PATH, before=body, content_type="")
    return SentCase(exchange, whole, mark, lambda other: client.call("ModelInfer", other))


def marked_if_varying(case: LoadCase, mark: bytes, first: bytes, second: bytes) -> LoadCase:
    """The case, marked if two answers to it say different things: then none can be judged by another.

    ``mark``: the id of the second request; the first answer is taken with that id in it, where it has one.
    """
    has_id = case.has_id and case.answer is not None
    reference = case.answer.before + mark + case.answer.after if has_id and case.answer else first
    fault = same_outputs(Given(0, 0, mark if has_id else b"", second, reference))
    differs = fault is not None and fault.status is Status.WRONG_ANSWER
    return msgspec.structs.replace(case, varies=True) if differs else case
