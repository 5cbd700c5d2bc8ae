"""One process with our gRPC half and a server's own stubs, as in tests of a server that start it in process.

    python -m tests.endtoend.one_process {ours,theirs} FILE

The first word says which of the two is imported first. FILE is a module of generated stubs, or a FileDescriptorProto in
protobuf's own format, which is all that such a module adds to the default pool. Both sides then call each other; what
they heard is printed as JSON.
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
from google.protobuf.descriptor_pool import Default
from google.protobuf.message_factory import GetMessageClass

SERVICE = "inference.GRPCInferenceService"
PATIENCE = 20.0


def import_ours() -> None:
    """The client with its messages, and the reference server."""
    import harness.reference.grpc.listen  # noqa: PLC0415
    import harness.wire.rpc  # noqa: F401, PLC0415


def import_theirs(file: Path) -> None:
    """The stubs, by their file: whole servers need more than is installed here."""
    if file.suffix != ".py":
        Default().AddSerializedFile(file.read_bytes())
        return
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None
    assert spec.loader is not None
    spec.loader.exec_module(importlib.util.module_from_spec(spec))


def theirs(name: str) -> Any:
    """Their class of a message."""
    return GetMessageClass(Default().FindMessageTypeByName(f"inference.{name}"))


def our_client(port: int) -> list[float]:
    """What our client reads in the answer of a server to 1.5 and 2.5."""
    from harness.wire.messages import InferRequest  # noqa: PLC0415
    from harness.wire.protobuf import parsed, read_infer_outputs  # noqa: PLC0415
    from harness.wire.tensor import Tensor  # noqa: PLC0415
    from tests.harness.wire.hostile_grpc import grpc_client  # noqa: PLC0415

    given = InferRequest((Tensor("x", "FP32", (2,), (1.5, 2.5)),))
    with (
        tempfile.TemporaryDirectory() as folder,
        grpc_client(f"http://127.0.0.1:{port}", Path(folder)) as (client, _),
    ):
        answer = client.infer("echo-fp32", given)
    assert answer.rpc is not None
    assert answer.rpc.name == "OK", answer.rpc
    (output,) = read_infer_outputs(parsed("ModelInfer", answer.response_body)).values()
    return list(output.elements)


def their_server() -> list[float]:
    """Our client at a server of their stubs, which gives inputs back."""

    def infer(request: Any, _: Any) -> Any:
        reply = theirs("ModelInferResponse")(model_name=request.model_name)
        for each in request.inputs:
            output = reply.outputs.add(name=each.name, datatype=each.datatype, shape=each.shape)
            output.contents.CopyFrom(each.contents)
        return reply

    method = grpc.unary_unary_rpc_method_handler(
        infer,
        request_deserializer=theirs("ModelInferRequest").FromString,
        response_serializer=theirs("ModelInferResponse").SerializeToString,
    )
    server = grpc.server(
        ThreadPoolExecutor(2), handlers=[grpc.method_handlers_generic_handler(SERVICE, {"ModelInfer": method})]
    )
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        return our_client(port)
    finally:
        server.stop(None).wait(PATIENCE)


async def our_server() -> tuple[list[float], list[float]]:
    """Our client, then a client of their stubs, at the reference server."""
    from harness.reference.grpc.listen import listen  # noqa: PLC0415
    from harness.reference.hooks import Hooks  # noqa: PLC0415
    from harness.reference.http.server import Server  # noqa: PLC0415
    from harness.reference.models.catalogue import build  # noqa: PLC0415

    listener, port = await listen(Server(build(["echo-fp32"]), Hooks()), "127.0.0.1", 0)
    asked = theirs("ModelInferRequest")(model_name="echo-fp32")
    asked.inputs.add(name="x", datatype="FP32", shape=[2]).contents.fp32_contents.extend([1.5, 2.5])
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            call = channel.unary_unary(
                f"/{SERVICE}/ModelInfer",
                request_serializer=theirs("ModelInferRequest").SerializeToString,
                response_deserializer=theirs("ModelInferResponse").FromString,
            )
            answer = await call(asked, timeout=PATIENCE)
        return await asyncio.to_thread(our_client, port), list(answer.outputs[0].contents.fp32_contents)
    finally:
        await listener.stop(None)


def main() -> None:
    """Import in the order that is asked for, call, and say what was heard."""
    order, file = sys.argv[1], Path(sys.argv[2])
    if order == "ours":
        import_ours()
    import_theirs(file)
    import_ours()
    ours, other = asyncio.run(our_server())
    heard = {
        "our client, our server": ours,
        "their client, our server": other,
        "our client, their server": their_server(),
    }
    print(json.dumps({"file": theirs("ModelInferRequest").DESCRIPTOR.file.name, **heard}))  # noqa: T201


if __name__ == "__main__":
    main()
