"""Two kinds of half precision, FP16 and BF16, whose bytes are as long: what is read as the other kind."""

from __future__ import annotations

from harness.oracles.equality import preserved
from harness.wire.datatypes import DATATYPES, round_to
from harness.wire.raw import from_raw, to_raw
from harness.wire.tensor import Tensor

OTHER = {"FP16": "BF16", "BF16": "FP16"}
HALVES = tuple(OTHER)


def read_as_the_other(sent: Tensor, returned: Tensor) -> bool:
    """Whether an output gives, element by element, what the bytes of an input of halves say as the other kind.

    Two different values at least, none of them zero, which is the same in both: no model does so by chance.
    """
    known = DATATYPES.get(returned.datatype)
    if sent.datatype not in OTHER or known is None or known.kind != "float":
        return False
    read = from_raw(OTHER[sent.datatype], to_raw(sent.datatype, sent.elements))
    told = {rounded for value in read if (rounded := round_to(returned.datatype, float(value)))}
    if len(told) < 2 or len(read) != len(returned.elements):
        return False
    as_other = preserved(returned.datatype, read, returned.elements) is None
    return as_other and preserved(returned.datatype, sent.elements, returned.elements) is not None
