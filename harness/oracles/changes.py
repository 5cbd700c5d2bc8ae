"""How a value or an id came back changed, by kind: what servers change in one place is one root cause.

The kinds are read off what was sent and what came back, so that every check that meets the same change, over whatever
transport, records it under the same root.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from unicodedata import normalize

from harness.oracles.equality import preserved
from harness.wire.datatypes import DATATYPES, round_to

EXACT_IN_DOUBLE = 2**53


def id_root(sent: str, returned: object) -> str:
    """The root cause of an id that did not come back as it was sent: ``id:CHANGE:KIND``."""
    change = "lost" if returned is None or returned == "" else "changed"
    if not sent.isascii():
        return f"id:{change}:beyond-ascii"
    if change == "lost":
        return "id:lost:plain"
    return f"id:changed:{_text_kind(sent, returned)}"


def value_root(datatype: str, sent: Sequence[object], returned: Sequence[object]) -> str:
    """The root cause of elements that did not come back as they were sent: ``value-changed:DATATYPE:KIND``."""
    if len(sent) != len(returned):
        return f"value-changed:{datatype}:number of elements"
    one, other = next((pair for pair in zip(sent, returned, strict=True) if _apart(datatype, *pair)), (None, None))
    kind = DATATYPES[datatype].kind
    if kind == "bytes":
        return f"value-changed:{datatype}:{_text_kind(_text(one), _text(other))}"
    if kind == "float":
        return f"value-changed:{datatype}:{_float_kind(datatype, one, other)}"
    wide = isinstance(one, int) and abs(one) > EXACT_IN_DOUBLE
    return f"value-changed:{datatype}:{'integers beyond 2^53' if wide else 'other numbers'}"


def _apart(datatype: str, one: object, other: object) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        if math.isnan(one) and math.isnan(other):
            return False
        if one == other:
            return math.copysign(1, one) != math.copysign(1, other)
    return preserved(datatype, [one], [other]) is not None


def _text(value: object) -> object:
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else value


def _text_kind(sent: object, returned: object) -> str:
    if not isinstance(sent, str) or not isinstance(returned, str):
        return "as another type"
    kinds = {
        "cut at NUL": "\0" in sent and returned == sent.partition("\0")[0],
        "empty text": not sent,
        "composed otherwise": normalize("NFC", sent) == normalize("NFC", returned),
        "beyond ASCII": not sent.isascii(),
        "cut short": len(returned) < len(sent) and sent.startswith(returned),
        "blanks and line ends": returned.split() == sent.split(),
    }
    return next((kind for kind, so in kinds.items() if so), "otherwise")


def _float_kind(datatype: str, sent: object, returned: object) -> str:
    if not isinstance(sent, int | float) or not isinstance(returned, int | float) or isinstance(returned, bool):
        return "as another type"
    if math.isnan(sent) or math.isinf(sent):
        return "NaN and infinities"
    rounded = round_to(datatype, float(sent))
    if rounded == returned:
        return "signs of zero"
    if returned == 0 and abs(rounded) < 1e-4:
        return "numbers close to zero"
    if math.isinf(returned) or abs(rounded) > 6e4:
        return "large numbers"
    return "precision"
