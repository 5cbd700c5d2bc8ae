"""Both tables of gRPC messages, the prober's and the reference server's, against the stubs of another maker.

``tritonclient`` was generated from Triton's proto file, which has every field of the protocol's but one.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from google.protobuf import descriptor_pb2
from google.protobuf.descriptor_pool import Default
from tritonclient.grpc import model_config_pb2, service_pb2

from harness.reference.grpc import schema
from harness.wire import grpc_messages

OURS = {"prober": grpc_messages.CLASSES, "reference server": schema.CLASSES}
IMPORTS = {
    "prober": "harness.wire.rpc, harness.probing.grpc_calls",
    "reference server": "harness.reference.grpc.listen",
}


def facts(message: Any, path: str = "") -> Iterator[tuple[Any, ...]]:
    """All that a DescriptorProto says which decides what is on the wire and what is read."""
    yield path, message.name, message.options.map_entry
    for each in message.field:
        choice = message.oneof_decl[each.oneof_index].name if each.HasField("oneof_index") else ""
        yield path, message.name, each.number, each.name, each.type, each.type_name, each.label, choice
    for each in message.enum_type:
        yield path, message.name, each.name, tuple((value.name, value.number) for value in each.value)
    for each in message.nested_type:
        yield from facts(each, f"{path}.{message.name}")


def proto_of(descriptor: Any) -> Any:
    """A descriptor as a DescriptorProto."""
    found = descriptor_pb2.DescriptorProto()
    descriptor.CopyToProto(found)
    return found


@pytest.mark.parametrize("side", OURS)
def test_every_message_is_that_of_another_maker(side: str) -> None:
    for name, ours in OURS[side].items():
        theirs = getattr(service_pb2, name, None) or getattr(model_config_pb2, name)
        assert set(facts(proto_of(ours.DESCRIPTOR))) == set(facts(proto_of(theirs.DESCRIPTOR))), name


def test_enumerations_of_the_file_are_those_of_another_maker() -> None:
    file = grpc_messages.CLASSES["ModelConfig"].DESCRIPTOR.file
    for name, ours in file.enum_types_by_name.items():
        theirs = model_config_pb2.DESCRIPTOR.enum_types_by_name[name]
        assert {each.name: each.number for each in ours.values} == {each.name: each.number for each in theirs.values}


@pytest.mark.parametrize("side", OURS)
def test_properties_are_left_to_who_reads_them(side: str) -> None:
    assert 6 not in OURS[side]["ModelMetadataResponse"].DESCRIPTOR.fields_by_number


@pytest.mark.parametrize("side", OURS)
def test_they_are_in_a_pool_of_their_own(side: str) -> None:
    code = (
        f"import json, sys, {IMPORTS[side]}\n"
        "from google.protobuf.descriptor_pool import Default\n"
        "found = []\n"
        "for name in ('InferParameter', 'ModelInferRequest', 'RepositoryIndexRequest'):\n"
        "    try: found.append(Default().FindMessageTypeByName(f'inference.{name}').full_name)\n"
        "    except KeyError: pass\n"
        "print(json.dumps([found, 'tritonclient' in sys.modules]))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert json.loads(ran.stdout) == [[], False]
    pools = [each["ModelInferRequest"].DESCRIPTOR.file.pool for each in OURS.values()]
    assert Default() not in pools
    assert pools[0] is not pools[1]
