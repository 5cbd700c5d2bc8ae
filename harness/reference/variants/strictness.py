"""What the server takes and refuses, where the protocol leaves that open, and with which status."""

from __future__ import annotations

import re
from typing import Any

from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply, error
from harness.reference.protocol.errors import Refusal
from harness.reference.variants.registry import variant

STATUS = {"json": 415, "request": 422, "shape": 413, "name": 404, "model": 410, "values": 409}
_INTEGER = re.compile(r"-?\d+")
_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][-+]?\d+)?")


@variant("other-4xx", "each cause of an error has a status of its own, none of them 400")
def other_4xx(hooks: Hooks) -> None:
    hooks.refusals.append(lambda _, refusal: error(STATUS.get(refusal.kind, 418), str(refusal)))


@variant("error-422-object", "every refused request is a 422 with error and a list of details")
def error_422_object(hooks: Hooks) -> None:
    def edit(_: Call, refusal: Refusal) -> Reply:
        return Reply(422, {"detail": [{"msg": str(refusal)}], "error": str(refusal)})

    hooks.refusals.append(edit)


@variant("null-accepted", "null for id, parameters and outputs counts as absent (REST-INFER-10)")
def null_accepted(hooks: Hooks) -> None:
    hooks.rules.null_optionals = True


@variant("forgiving", "gaps and repetitions that have an evident reading get it (REST-INFER-03, REST-INFER-08)")
def forgiving(hooks: Hooks) -> None:
    hooks.rules.guesses_shape = hooks.rules.repeated_inputs = hooks.rules.duplicate_keys = True


@variant("unknown-parameters-refused", "parameters the server does not know are refused (PARAM-02)")
def unknown_parameters_refused(hooks: Hooks) -> None:
    hooks.rules.refuse_unknown_parameters = True


@variant("coercing", "elements of another JSON type and tensors of another datatype are converted (TDATA-11, DTYPE-04)")
def coercing(hooks: Hooks) -> None:
    hooks.rules.converts_datatype = True
    hooks.elements.append(lambda _, datatype, flat: [_coerced(datatype, each) for each in flat])


def _coerced(datatype: str, each: Any) -> Any:
    """The value that ``each`` evidently means, or ``each`` where there is none."""
    if "INT" in datatype:
        if isinstance(each, str) and _INTEGER.fullmatch(each):
            return int(each)
        return int(each) if isinstance(each, bool) or (isinstance(each, float) and each.is_integer()) else each
    if datatype.startswith("FP"):
        return float(each) if isinstance(each, bool) or (isinstance(each, str) and _NUMBER.fullmatch(each)) else each
    if datatype == "BOOL":
        return bool(each) if isinstance(each, int | float) and each in (0, 1) else each
    return str(each) if isinstance(each, int | float) and not isinstance(each, bool) else each
