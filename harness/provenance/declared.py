"""What the policy says of where models come from: ``[provenance]``."""

from __future__ import annotations

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
