"""What tables of ``[drills.fault]`` have in common: how they are told apart, and the bounds of their values."""

from __future__ import annotations

from typing import Annotated

import msgspec

Seconds = Annotated[float, msgspec.Meta(ge=0, le=3600)]
Patience = Annotated[float, msgspec.Meta(gt=0, le=3600)]
Words = Annotated[list[str], msgspec.Meta(min_length=1)]
"""A command: its program and arguments, each as it is; no shell reads them."""
Share = Annotated[float, msgspec.Meta(gt=0, le=1)]


class FaultKind(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind"):
    """A table of ``[drills.fault]``, told apart by its ``kind``."""


class FaultPart(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table within one."""
