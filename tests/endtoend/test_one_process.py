"""Our gRPC half and a server's own stubs in one process: names are taken once in protobuf's default pool.

The stubs of the servers themselves are tried by ``tests/servers/test_stubs.py``, which installs them. Here are files
with the same name, package and messages, made from ``tritonclient``'s descriptors, and ``tritonclient`` itself.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from tritonclient.grpc import service_pb2

OF_THE_PROTOCOL = ("Server", "ModelReady", "ModelMetadata", "ModelInfer", "InferParameter", "InferTensorContents")
LOADING = ("RepositoryModelLoad", "RepositoryModelUnload")
# File and further messages. KServe's proto file has the model's name first, and no index.
SERVERS = {
    "mlserver": ("dataplane.proto", (*LOADING, "RepositoryIndex", "ModelRepositoryParameter")),
    "kserve": ("grpc_predict_v2.proto", LOADING),
}
HEARD = ("our client, our server", "their client, our server", "our client, their server")


def like(server: str) -> FileDescriptorProto:
    """What the stubs of a server add to the default pool."""
    source = FileDescriptorProto()
    service_pb2.DESCRIPTOR.CopyToProto(source)
    name, further = SERVERS[server]
    made = FileDescriptorProto(name=name, package="inference", syntax="proto3")
    for each in source.message_type:
        if each.name.startswith((*OF_THE_PROTOCOL, *further)):
            made.message_type.add().CopyFrom(each)
    for each in made.message_type if server == "kserve" else ():
        if each.name.startswith(LOADING) and each.field:
            del each.field[2], each.field[0], each.nested_type[:]
            each.field[0].number = 1
    return made


def assert_both_work(order: str, stubs: Path, file: str) -> None:
    """Both imported in this order, and every call arrived."""
    command = [sys.executable, "-W", "error", "-m", "tests.endtoend.one_process", order, str(stubs)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout) == {"file": file, **{key: [1.5, 2.5] for key in HEARD}}


@pytest.mark.parametrize("order", ["ours", "theirs"])
@pytest.mark.parametrize("server", SERVERS)
def test_beside_what_a_server_registers(server: str, order: str, tmp_path: Path) -> None:
    stubs = tmp_path / "stubs.binpb"
    stubs.write_bytes(like(server).SerializeToString())
    assert_both_work(order, stubs, SERVERS[server][0])


@pytest.mark.parametrize("order", ["ours", "theirs"])
def test_beside_tritonclient(order: str) -> None:
    assert_both_work(order, Path(str(service_pb2.__file__)), "grpc_service.proto")
