"""The messages of the service: which field has which number, and classes made of that.

Sources: ``open_inference_grpc.proto`` (numbers), Triton's ``grpc_service.proto`` for the model repository. Not declared
is field 6 of the model metadata, to which servers give different types; :mod:`harness.reference.grpc.metadata` writes
it. The classes live in a pool of their own, so that another package's stubs can be in the process.
"""

from __future__ import annotations

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_VERSIONED = {1: "name string", 2: "version string"}
_LOADING = {1: "repository_name string", 2: "model_name string", 3: "parameters {ModelRepositoryParameter}"}
_TENSOR = {
    1: "name string",
    2: "datatype string",
    3: "shape [int64]",
    4: "parameters {InferParameter}",
    5: "contents InferTensorContents",
}


def _durations(*names: str, first: int = 1) -> dict[int, str]:
    return {number: f"{name} StatisticDuration" for number, name in enumerate(names, first)}


MESSAGES: dict[str, dict[int, str]] = {
    "ServerLiveRequest": {},
    "ServerLiveResponse": {1: "live bool"},
    "ServerReadyRequest": {},
    "ServerReadyResponse": {1: "ready bool"},
    "ModelReadyRequest": _VERSIONED,
    "ModelReadyResponse": {1: "ready bool"},
    "ServerMetadataRequest": {},
    "ServerMetadataResponse": {**_VERSIONED, 3: "extensions [string]"},
    "ModelMetadataRequest": _VERSIONED,
    "ModelMetadataResponse": {
        1: "name string",
        2: "versions [string]",
        3: "platform string",
        4: "inputs [ModelMetadataResponse.TensorMetadata]",
        5: "outputs [ModelMetadataResponse.TensorMetadata]",
    },
    "ModelMetadataResponse.TensorMetadata": {1: "name string", 2: "datatype string", 3: "shape [int64]"},
    "ModelInferRequest": {
        1: "model_name string",
        2: "model_version string",
        3: "id string",
        4: "parameters {InferParameter}",
        5: "inputs [ModelInferRequest.InferInputTensor]",
        6: "outputs [ModelInferRequest.InferRequestedOutputTensor]",
        7: "raw_input_contents [bytes]",
    },
    "ModelInferRequest.InferInputTensor": _TENSOR,
    "ModelInferRequest.InferRequestedOutputTensor": {1: "name string", 2: "parameters {InferParameter}"},
    "ModelInferResponse": {
        1: "model_name string",
        2: "model_version string",
        3: "id string",
        4: "parameters {InferParameter}",
        5: "outputs [ModelInferResponse.InferOutputTensor]",
        6: "raw_output_contents [bytes]",
    },
    "ModelInferResponse.InferOutputTensor": _TENSOR,
    "InferParameter": {
        1: "bool_param bool parameter_choice",
        2: "int64_param int64 parameter_choice",
        3: "string_param string parameter_choice",
        4: "double_param double parameter_choice",
        5: "uint64_param uint64 parameter_choice",
    },
    "InferTensorContents": {
        1: "bool_contents [bool]",
        2: "int_contents [int32]",
        3: "int64_contents [int64]",
        4: "uint_contents [uint32]",
        5: "uint64_contents [uint64]",
        6: "fp32_contents [float]",
        7: "fp64_contents [double]",
        8: "bytes_contents [bytes]",
    },
    "RepositoryIndexRequest": {1: "repository_name string", 2: "ready bool"},
    "RepositoryIndexResponse": {1: "models [RepositoryIndexResponse.ModelIndex]"},
    "RepositoryIndexResponse.ModelIndex": {
        1: "name string",
        2: "version string",
        3: "state string",
        4: "reason string",
    },
    "RepositoryModelLoadRequest": _LOADING,
    "RepositoryModelLoadResponse": {},
    "RepositoryModelUnloadRequest": _LOADING,
    "RepositoryModelUnloadResponse": {},
    "StatisticDuration": {1: "count uint64", 2: "ns uint64"},
    "InferStatistics": _durations(
        "success", "fail", "queue", "compute_input", "compute_infer", "compute_output", "cache_hit", "cache_miss"
    ),
    "InferBatchStatistics": {
        1: "batch_size uint64",
        **_durations("compute_input", "compute_infer", "compute_output", first=2),
    },
    "InferResponseStatistics": _durations(
        "compute_infer", "compute_output", "success", "fail", "empty_response", "cancel"
    ),
    "MemoryUsage": {1: "type string", 2: "id int64", 3: "byte_size uint64"},
    "ModelStatistics": {
        **_VERSIONED,
        3: "last_inference uint64",
        4: "inference_count uint64",
        5: "execution_count uint64",
        6: "inference_stats InferStatistics",
        7: "batch_stats [InferBatchStatistics]",
        8: "memory_usage [MemoryUsage]",
        9: "response_stats {InferResponseStatistics}",
    },
    "ModelStatisticsRequest": _VERSIONED,
    "ModelStatisticsResponse": {1: "model_stats [ModelStatistics]"},
    "ModelRepositoryParameter": {
        1: "bool_param bool parameter_choice",
        2: "int64_param int64 parameter_choice",
        3: "string_param string parameter_choice",
        4: "bytes_param bytes parameter_choice",
    },
}
"""Message -> number -> name and type of the field: ``[x]`` is a list of x, ``{x}`` a map from texts to x, a third word
the choice that the field is one of. A message within another has the other's name before its own and comes after it."""


def file_of_messages() -> Any:
    """:data:`MESSAGES` as a FileDescriptorProto."""
    file = descriptor_pb2.FileDescriptorProto(name="reference.proto", package="inference", syntax="proto3")
    made: dict[str, Any] = {}
    for name, fields in MESSAGES.items():
        outer, _, own = name.rpartition(".")
        made[name] = made[outer].nested_type.add(name=own) if outer else file.message_type.add(name=own)
        for number, text in fields.items():
            _declare(made[name], name, number, *text.split())
    return file


def _declare(message: Any, path: str, number: int, name: str, kind: str, choice: str = "") -> None:
    field = message.field.add(name=name, number=number, label="LABEL_OPTIONAL")
    bare = kind.strip("[]{}")
    if bare != kind:
        field.label = field.LABEL_REPEATED
    if kind.startswith("{"):
        # On the wire, a map is a list of messages with a key and a value.
        entry = message.nested_type.add(name=f"{name.title().replace('_', '')}Entry")
        entry.options.map_entry = True
        _declare(entry, "", 1, "key", "string")
        _declare(entry, "", 2, "value", bare)
        bare = f"{path}.{entry.name}"
    if choice:
        if not message.oneof_decl:
            message.oneof_decl.add(name=choice)
        field.oneof_index = 0
    scalar = f"TYPE_{bare.upper()}"
    if scalar in field.Type.keys():  # noqa: SIM118 -- protobuf's enumerations are no dictionaries
        field.type = field.Type.Value(scalar)
    else:
        field.type = field.TYPE_MESSAGE
        field.type_name = f".inference.{bare}"


def _classes() -> dict[str, Any]:
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(file_of_messages().SerializeToString())
    tops = [name for name in MESSAGES if "." not in name]
    return {name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"inference.{name}")) for name in tops}


CLASSES: dict[str, Any] = _classes()
"""Name of a message -> its class."""
