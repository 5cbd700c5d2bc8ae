"""What can be claimed of where a model comes from, read from ``claims.toml``."""

from __future__ import annotations

import functools
from importlib import resources

import msgspec

from harness.provenance.forms import Form

PREFIX = "provenance."
DIGEST, REGISTRY, NAME, VERSION, RUN = (
    "model.digest",
    "model.registry",
    "model.name",
    "model.version",
    "model.run",
)
TRAINED, SIGNED, DEPLOYED = "trained", "signed", "deployed"


class ClaimKind(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One kind of claim.

    Attributes:
        name: ``model.digest``; its key is ``provenance.model.digest``.
        form: how its value is written.
        of_instance: replicas of one model may differ in it.
    """

    name: str
    form: Form
    of_instance: bool = False

    @property
    def key(self) -> str:
        """Under which it stands in ``properties`` and ``parameters``."""
        return PREFIX + self.name


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    claims: list[ClaimKind]


@functools.cache
def claim_kinds() -> dict[str, ClaimKind]:
    """Every kind by its name."""
    data = resources.files(__package__).joinpath("claims.toml").read_bytes()
    return {each.name: each for each in msgspec.toml.decode(data, type=_File).claims}
