"""docs/provenance.md names every key of its tables, and its examples are policies."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import msgspec

from harness.provenance.declared import LOGGED, ArtefactTable, LogTable, RegistryTable

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "provenance.md").read_text(encoding="utf-8")


def test_every_key_is_there() -> None:
    names = set(re.findall(r"`(\w+)`", PAGE))
    keys = {field.name for kind in (ArtefactTable, RegistryTable, LogTable) for field in msgspec.structs.fields(kind)}
    assert keys | set(LOGGED) <= names


def test_the_examples_are_policies() -> None:
    found: dict[str, object] = {}
    for block in re.findall(r"^    # policy\.toml\n((?:    .*\n)+)", PAGE, re.MULTILINE):
        found |= tomllib.loads("\n".join(line[4:] for line in block.splitlines()))
    msgspec.convert(found["artefact"], dict[str, ArtefactTable])
    assert msgspec.convert(found["registry"], RegistryTable).layout == "registry"
    assert msgspec.convert(found["log"], LogTable).named["id"] == "request_id"
