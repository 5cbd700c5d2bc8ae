"""Messages of the gRPC service: exact bytes, every data type in both forms, and bytes that are no messages."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.wire import protobuf
from harness.wire.datatypes import DATATYPES
from harness.wire.messages import InferRequest
from harness.wire.protobuf import NotAMessage, infer_message, parsed, read_infer_outputs, rendered
from harness.wire.tensor import Tensor

from .test_raw import same, values

RAW_ONLY = [name for name, entry in DATATYPES.items() if entry.grpc_field is None]
METHODS = ("ServerLive", "ServerMetadata", "ModelMetadata", "ModelInfer", "RepositoryIndex", "NoSuchMethod")


def _tag(number: int, data: bytes) -> bytes:
    size = len(data)
    length = b""
    while size > 127:
        length += bytes([size & 127 | 128])
        size >>= 7
    return bytes([number << 3 | 2]) + length + bytes([size]) + data


def test_the_worked_message() -> None:
    request = InferRequest((Tensor("x", "FP16", (2,), (1.5, -2.0)),), id="7")
    made = infer_message("m", None, request, "raw")
    assert made.SerializeToString().hex(" ") == (
        "0a 01 6d 1a 01 37 2a 0c 0a 01 78 12 04 46 50 31 36 1a 01 02 3a 04 00 3e 00 c0"
    )


def answer(message: Any) -> Any:
    """A ModelInferResponse whose outputs are the inputs of a request, as an echo would send them."""
    reply = protobuf.message("ModelInfer", "Response")
    for entry in message.inputs:
        output = reply.outputs.add(name=entry.name, datatype=entry.datatype, shape=entry.shape)
        output.contents.ParseFromString(entry.contents.SerializeToString())
    reply.raw_output_contents.extend(message.raw_input_contents)
    return parsed("ModelInfer", reply.SerializeToString())


@pytest.mark.parametrize("form", ["typed", "raw"])
@pytest.mark.parametrize("datatype", DATATYPES)
@given(data=st.data())
@settings(max_examples=40)
def test_every_value_comes_back(datatype: str, form: protobuf.Form, data: st.DataObject) -> None:
    elements = tuple(data.draw(st.lists(values(datatype), max_size=5)))
    request = InferRequest((Tensor("x", datatype, (len(elements),), elements),))
    if form == "typed" and datatype in RAW_ONLY:
        with pytest.raises(ValueError, match="travels raw only"):
            infer_message("m", None, request, form)
        return
    back = read_infer_outputs(answer(infer_message("m", None, request, form)))
    assert (back["x"].datatype, back["x"].shape) == (datatype, (len(elements),))
    assert all(map(same, elements, back["x"].elements))


def test_the_raw_only_types_are_the_half_floats() -> None:
    assert RAW_ONLY == ["FP16", "BF16"]


def test_a_whole_request() -> None:
    tensor = Tensor("x", "INT32", (1,), (-1,), {"binary": True})
    outputs = ("y", {"name": "z", "parameters": {"classification": 3}})
    parameters = {"b": False, "i": -(2**63), "d": 0.5, "s": "€"}
    made = infer_message("m", "2", InferRequest((tensor,), "7", outputs, parameters), "typed")
    assert (made.model_name, made.model_version, made.id) == ("m", "2", "7")
    assert protobuf.read_parameters(made.parameters) == parameters
    assert protobuf.read_parameters(made.inputs[0].parameters) == {"binary": True}
    assert [output.name for output in made.outputs] == ["y", "z"]
    assert protobuf.read_parameters(made.outputs[1].parameters) == {"classification": 3}
    assert list(made.inputs[0].contents.int_contents) == [-1]


def test_a_parameter_without_a_choice_reads_as_none() -> None:
    made = protobuf.message("ModelInfer", "Request")
    assert made.parameters["empty"].WhichOneof("parameter_choice") is None
    assert protobuf.read_parameters(made.parameters) == {"empty": None}


@pytest.mark.parametrize("value", [None, [1], {"a": 1}, 2**63, "\ud800"])
def test_parameters_that_grpc_does_not_have(value: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        infer_message("m", None, InferRequest((), parameters={"p": value}), "typed")


@pytest.mark.parametrize("form", ["typed", "raw"])
@pytest.mark.parametrize(
    ("datatype", "element"),
    [("INT32", 2**31), ("INT64", 2**63), ("UINT64", -1), ("INT8", "a"), ("FP32", None), ("BYTES", 1), ("WHAT", 1)],
)
def test_elements_that_cannot_be_sent(datatype: str, element: Any, form: protobuf.Form) -> None:
    with pytest.raises(ValueError, match=r"."):
        infer_message("m", None, InferRequest((Tensor("x", datatype, (1,), (element,)),)), form)


def _reply(*raw: bytes, **output: Any) -> Any:
    made = protobuf.message("ModelInfer", "Response")
    contents = output.pop("contents", {})
    entry = made.outputs.add(**{"name": "y", "datatype": "INT8", "shape": [1], **output})
    for field, elements in contents.items():
        getattr(entry.contents, field).extend(elements)
    made.raw_output_contents.extend(raw)
    return made


@pytest.mark.parametrize(
    "reply",
    [
        _reply(b"\x01", b"\x02"),
        _reply(b"\x01\x02"),
        _reply(b"\x01", datatype="INT16"),
        _reply(b"\x01", datatype="BYTES"),
        _reply(b"\x01", datatype="WHAT"),
        _reply(datatype="FP16", contents={"bytes_contents": [b"\0\0"]}),
        _reply(contents={"int64_contents": [1]}),
        _reply(contents={"int_contents": [1], "bool_contents": [True]}),
        _reply(),
        _reply(shape=[2**40, 2**40], contents={"int_contents": [1]}),
    ],
)
def test_answers_that_cannot_be_read(reply: Any) -> None:
    with pytest.raises(NotAMessage):
        read_infer_outputs(reply)


def test_impossible_shapes_are_left_to_the_checks() -> None:
    assert read_infer_outputs(_reply(b"\x01", shape=[-1]))["y"].elements == (1,)


def test_of_two_outputs_with_one_name_the_first_counts() -> None:
    made = _reply(b"\x01")
    made.outputs.add(name="y", datatype="INT8", shape=[1])
    made.raw_output_contents.append(b"\x02")
    assert read_infer_outputs(made)["y"].elements == (1,)


@pytest.mark.parametrize("method", METHODS)
@given(data=st.binary(max_size=200))
def test_any_bytes_can_be_rendered_and_read(method: str, data: bytes) -> None:
    assert isinstance(rendered(method, "Response", data), str)
    try:
        found = parsed(method, data)
        if method == "ModelInfer":
            read_infer_outputs(found)
        if method == "ModelMetadata":
            protobuf.read_model_metadata(found)
    except (NotAMessage, LookupError):
        return


@pytest.mark.parametrize("number", [6, 15])
def test_unknown_fields_in_each_other_are_neither_an_error_nor_megabytes(number: int) -> None:
    data = b""
    while len(data) < protobuf.RENDERED_BYTES - 4:
        data = _tag(number, data)
    for method in METHODS:
        assert len(rendered(method, "Response", data)) <= protobuf.RENDERED_TEXT
    assert rendered("ServerLive", "Response", b"\x7b" * 4000) == ""


def test_large_and_foreign_messages_are_not_rendered() -> None:
    assert rendered("ServerLive", "Response", b"\x08\x01") == "live: true\n"
    assert rendered("ServerLive", "Response", b"") == ""
    assert rendered("ServerLive", "Response", b"\xff") == ""
    assert rendered("SomeOther", "Response", b"\x08\x01") == ""
    large = protobuf.message("ModelReady", "Request")
    large.name = "m" * protobuf.RENDERED_BYTES
    assert rendered("ModelReady", "Request", large.SerializeToString()) == ""


def test_metadata_with_properties() -> None:
    text = b"\x0a\x01m" + _tag(6, _tag(1, b"owner") + _tag(2, "Zoë".encode()))
    text += _tag(6, _tag(1, b"strange") + _tag(2, _tag(3, b"abc"))) + b"\x30\x05" + _tag(6, b"\xff")
    text += _tag(4, _tag(1, b"x") + _tag(2, b"FP32") + b"\x1a\x0b" + b"\xff" * 9 + b"\x01\x04")
    text += _tag(5, _tag(1, b"y") + _tag(2, b"FP32") + b"\x1a\x0a" + b"\xfe" + b"\xff" * 8 + b"\x01")
    found = protobuf.read_model_metadata(parsed("ModelMetadata", text))
    assert (found.name, found.platform, found.versions) == ("m", None, ())
    assert [(tensor.name, tensor.shape) for tensor in found.inputs] == [("x", (-1, 4))]
    assert found.outputs == (), "a size of -2 is passed over"
    assert found.properties == {"owner": "Zoë"}


def test_server_metadata() -> None:
    made = protobuf.message("ServerMetadata", "Response")
    assert protobuf.read_server_metadata(made).name is None
    made.name, made.version = "s", "1"
    made.extensions.extend(["a", "b"])
    found = protobuf.read_server_metadata(made)
    assert (found.name, found.version, found.extensions) == ("s", "1", ("a", "b"))


def test_messages_that_do_not_exist() -> None:
    with pytest.raises(LookupError, match="NoSuchRequest"):
        protobuf.message("NoSuch", "Request")
    with pytest.raises(NotAMessage):
        parsed("ServerLive", b"\xff\xff")


def test_field_6_of_metadata_as_texts_and_as_parameters() -> None:
    long = "x" * 300
    lengthy = _tag(6, _tag(1, b"c") + _tag(2, _tag(3, long.encode())))
    text = _tag(6, _tag(1, b"a") + _tag(2, b"!12345678 is no number"))
    parameter = _tag(6, _tag(1, b"b") + _tag(2, _tag(3, b"np"))) + lengthy
    number = _tag(6, _tag(1, b"d") + _tag(2, b"\x10\x05"))
    more = _tag(6, _tag(1, b"e") + _tag(2, b"\x10\x05" + _tag(3, b"np"))) + _tag(6, b"\xff") + _tag(6, b"")
    read = protobuf.read_model_metadata(parsed("ModelMetadata", _tag(1, b"m") + text + parameter + number + more))
    assert read.properties == {"a": "!12345678 is no number"}
    assert read.parameters == {"b": "np", "c": long}
