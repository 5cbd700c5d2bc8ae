"""Reads a data file as plain values, refusing what YAML would silently bend.

Only strings, booleans, lists and mappings exist in the catalogue. A date or a number without quotes, a repeated key,
an anchor's merge and a second document are errors, so that a file means what it looks like.
"""

from __future__ import annotations

from typing import Any

import yaml

# libyaml parses the catalogue about ten times faster; the pure Python loader gives the same nodes.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_STRING = "tag:yaml.org,2002:str"
_BOOLEAN = "tag:yaml.org,2002:bool"
_BOOLEANS = {"true": True, "false": False}


class CatalogueError(Exception):
    """The catalogue, or a check held against it, is not as it must be; one problem in a line."""


def read(name: str, data: bytes) -> object:
    """The value of one file.

    Args:
        name: how messages call the file.
        data: its bytes, UTF-8.

    Raises:
        CatalogueError: the file is no YAML, is empty, repeats a key or holds another type of value.
    """
    try:
        node = yaml.compose(data, Loader=_Loader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise CatalogueError(f"{name}: not readable as YAML: {' '.join(str(error).split())}") from error
    if node is None:
        raise CatalogueError(f"{name}: empty")
    return _value(name, node)


def _value(name: str, node: yaml.Node) -> object:
    if isinstance(node, yaml.MappingNode):
        return _mapping(name, node)
    if isinstance(node, yaml.SequenceNode):
        return [_value(name, item) for item in node.value]
    if node.tag == _STRING:
        return node.value
    if node.tag == _BOOLEAN and node.value in _BOOLEANS:
        return _BOOLEANS[node.value]
    kind = node.tag.rpartition(":")[2]
    raise CatalogueError(f"{name}, {_line(node)}: {node.value!r} reads as {kind}; put it in quotes to make it a string")


def _mapping(name: str, node: yaml.MappingNode) -> dict[str, object]:
    result: dict[str, object] = {}
    for key, value in node.value:
        if key.tag != _STRING:
            raise CatalogueError(f"{name}, {_line(key)}: a key must be a string, not {key.value!r}")
        if key.value in result:
            raise CatalogueError(f"{name}, {_row(node)}: key {key.value!r} stands twice ({_line(key)})")
        result[key.value] = _value(name, value)
    return result


def _row(node: yaml.MappingNode) -> str:
    named = (value.value for key, value in node.value if key.value == "id" and isinstance(value, yaml.ScalarNode))
    return f"row {next(named, None) or _line(node)}"


def _line(node: yaml.Node) -> str:
    return f"line {node.start_mark.line + 1}"
