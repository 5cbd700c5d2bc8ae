"""What the policy says of where models come from: ``[provenance]``, ``[artefact.MODEL]``, ``[registry]``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from harness.provenance.kinds import claim_kinds


class ProvenanceTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[provenance]``: claims that an endpoint must make of each model, and how it calls them.

    Attributes:
        required: names of claims, such as ``model.digest`` (``harness/provenance/claims.toml``).
        expected: name of a claim -> how its value is to look: the value itself, or with ``*`` for any text.
        keys: name of a claim -> the key under which this endpoint makes it, beside that of the convention.
        model_version: the claim that ``model_version`` of an answer is, such as ``model.run``; without it, none.
    """

    required: list[str] = []
    expected: dict[str, str] = {}
    keys: dict[str, str] = {}
    model_version: str | None = None

    def __post_init__(self) -> None:
        named = [*self.required, *self.expected, *self.keys, *([self.model_version] if self.model_version else [])]
        for name in named:
            if name not in claim_kinds():
                raise ValueError(f"{name!r} is no claim; there are {', '.join(claim_kinds())}")

    @property
    def asks(self) -> list[str]:
        """The claims that must be made, in the order of the policy."""
        return list(dict.fromkeys([*self.required, *self.expected]))


class ArtefactTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[artefact.MODEL]``: the artefact that a model is to be served from, and what was made beside it.

    Attributes:
        path: the file or the folder.
        signature: an OpenSSF model signature of it (a Sigstore bundle), and ``key`` the public key in PEM.
        bill: a bill of materials in CycloneDX (JSON) that states its digest.
    """

    path: str
    signature: str | None = None
    key: str | None = None
    bill: str | None = None

    def __post_init__(self) -> None:
        if (self.signature is None) != (self.key is None):
            raise ValueError("signature and key are given together")


class RegistryTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[registry]``: where models are to come from.

    Attributes:
        layout: a folder that is an OCI image layout.
    """

    layout: str


def registry_rooted(table: RegistryTable | None, policy: Path) -> RegistryTable | None:
    """The table, with its path as it is seen from the working directory.

    Raises:
        ValueError: a folder that is not there.
    """
    if table is None:
        return None
    if not (policy.parent / table.layout).is_dir():
        raise ValueError(f"registry: layout = {table.layout!r} is no folder beside the policy")
    return msgspec.structs.replace(table, layout=str(policy.parent / table.layout))


def artefacts_rooted(tables: Mapping[str, ArtefactTable], policy: Path) -> dict[str, ArtefactTable]:
    """The tables, with each path as it is seen from the working directory.

    Raises:
        ValueError: a file that is not there.
    """
    found = {}
    for model, table in tables.items():
        given = {name: value for name in ("path", "signature", "key", "bill") if (value := getattr(table, name))}
        for name, value in given.items():
            if not (policy.parent / value).exists():
                raise ValueError(f"artefact of {model!r}: {name} = {value!r} is not there, beside the policy")
        found[model] = msgspec.structs.replace(
            table, **{name: str(policy.parent / value) for name, value in given.items()}
        )
    return found
