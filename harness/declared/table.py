"""What every table of the policy has in common: unknown keys are refused, and numbers have bounds."""

from __future__ import annotations

from typing import Annotated

import msgspec

NO_LIMIT = "none"
"""The word by which somebody lifts a limit; no number does."""
MOST_TIMES = 10_000

# Bounds of what may be given, here and on the command line. NaN is within none of them, and what is above them is no
# limit that this machine could keep (a socket takes no such time).
Rate = Annotated[float, msgspec.Meta(ge=0.001, le=1_000_000)]
Seconds = Annotated[float, msgspec.Meta(gt=0, le=31_536_000)]
Timeout = Annotated[float, msgspec.Meta(gt=0, le=86_400)]
Wait = Annotated[float, msgspec.Meta(ge=0, le=86_400)]
Count = Annotated[int, msgspec.Meta(ge=1, le=1_000_000_000_000)]
Much = Annotated[int, msgspec.Meta(ge=1, le=1_000_000_000)]
Seed = Annotated[int, msgspec.Meta(ge=0, le=9_223_372_036_854_775_807)]


class PolicyTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of the tables: an unknown key is refused."""
