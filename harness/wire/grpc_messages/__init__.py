"""Classes of the gRPC service's messages, from tables of names and numbers, in a descriptor pool of our own.

protobuf's default pool takes each name once, whoever comes first: with MLServer's, KServe's or Triton's stubs in it, a
process could not hold ours there as well. So a server can be started and probed in one process. Needs the extra
``grpc``. Source of the numbers: the head of each table.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import reduce
from operator import getitem
from pathlib import Path
from typing import Any

from google.protobuf.descriptor_pb2 import FieldDescriptorProto as Field
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

PACKAGE = "inference"
_TABLES = ("oip.toml", "triton.toml", "model_config.toml")
_SCALARS = {
    "bool": Field.TYPE_BOOL,
    "int32": Field.TYPE_INT32,
    "int64": Field.TYPE_INT64,
    "uint32": Field.TYPE_UINT32,
    "uint64": Field.TYPE_UINT64,
    "float": Field.TYPE_FLOAT,
    "double": Field.TYPE_DOUBLE,
    "string": Field.TYPE_STRING,
    "bytes": Field.TYPE_BYTES,
}
Tables = Mapping[str, Any]


def _read() -> Tables:
    folder = Path(__file__).parent
    found: dict[str, Any] = {}
    for name in _TABLES:
        found |= tomllib.loads((folder / name).read_text(encoding="utf-8"))
    return found


def _is_enumeration(table: Tables) -> bool:
    return bool(table) and all(isinstance(each, int) for each in table.values())


def described(tables: Tables) -> Any:  # noqa: ANN401 -- protobuf has no types
    """The tables as a FileDescriptorProto in proto3.

    Raises:
        KeyError: a field is of a kind that no table has.
    """
    made = FileDescriptorProto(name="art15/inference.proto", package=PACKAGE, syntax="proto3")
    for name, table in tables.items():
        if _is_enumeration(table):
            _fill_enumeration(made.enum_type.add(name=name), table)
        else:
            _fill_message(made.message_type.add(name=name), table, name, tables)
    return made


def _fill_enumeration(made: Any, table: Tables) -> None:  # noqa: ANN401 -- an EnumDescriptorProto
    for name, number in table.items():
        made.value.add(name=name, number=number)


def _fill_message(made: Any, table: Tables, path: str, tables: Tables) -> None:  # noqa: ANN401 -- a DescriptorProto
    for name, entry in table.items():
        if isinstance(entry, list):
            _add_field(made, path, name, entry, tables)
        elif _is_enumeration(entry):
            _fill_enumeration(made.enum_type.add(name=name), entry)
        else:
            _fill_message(made.nested_type.add(name=name), entry, f"{path}.{name}", tables)


def _add_field(made: Any, path: str, name: str, entry: list[Any], tables: Tables) -> None:  # noqa: ANN401 -- as above
    number, kind, how = entry if len(entry) == 3 else (*entry, "")
    field = made.field.add(name=name, number=number, label=Field.LABEL_OPTIONAL)
    form, _, what = how.partition(" ")
    if form == "map":
        # A map is a list of entries, each a message of its own kind; so it travels, and so it is declared.
        pairs = made.nested_type.add(name=f"{name.title().replace('_', '')}Entry")
        pairs.options.map_entry = True
        _add_field(pairs, "", "key", [1, what.removeprefix("of ") or "string"], tables)
        _add_field(pairs, "", "value", [2, kind], tables)
        field.label, field.type = Field.LABEL_REPEATED, Field.TYPE_MESSAGE
        field.type_name = f".{PACKAGE}.{path}.{pairs.name}"
        return
    if form == "repeated":
        field.label = Field.LABEL_REPEATED
    elif form == "oneof":
        known = [each.name for each in made.oneof_decl]
        if what not in known:
            made.oneof_decl.add(name=what)
        field.oneof_index = len(known) if what not in known else known.index(what)
    if kind in _SCALARS:
        field.type = _SCALARS[kind]
    else:
        meant = reduce(getitem, kind.split("."), tables)
        field.type = Field.TYPE_ENUM if _is_enumeration(meant) else Field.TYPE_MESSAGE
        field.type_name = f".{PACKAGE}.{kind}"


def _classes() -> dict[str, Any]:
    file, pool = described(_read()), DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    return {each.name: GetMessageClass(pool.FindMessageTypeByName(f"{PACKAGE}.{each.name}"))
            for each in file.message_type}  # fmt: skip


CLASSES: Mapping[str, Any] = _classes()
"""Name of a message, such as ``ModelInferRequest`` -> its class."""
