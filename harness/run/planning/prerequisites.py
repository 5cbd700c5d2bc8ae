"""What a check stands on, and how it ends where that is missing; a model without a request is told of once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import NamedTuple

from harness.check import Check
from harness.endpoint.advice import file_of, table
from harness.endpoint.models import ModelUnderTest
from harness.run.results import Result
from harness.verdicts import Verdict
from harness.wire.messages import TensorMetadata

# A prerequisite with one of these verdicts leaves its dependants nothing to stand on.
BLOCKING = (Verdict.FAIL, Verdict.UNTESTABLE, Verdict.TOOL_ERROR, Verdict.INCONCLUSIVE)


class Blocked(NamedTuple):
    """How a check ends without being carried out."""

    verdict: Verdict
    reason: str
    unreached: str = ""


def blocked(check: Check, model: ModelUnderTest | None, results: Mapping[str, Result]) -> Blocked | None:
    """What keeps a check from being carried out: what does not apply has nothing that depends on it, either.

    Args:
        check, model: what is to be carried out.
        results: of this run so far, by id.
    """
    for need in check.needs:
        result = results.get(f"{need}[{model.id}]" if model else need) or results.get(need)
        if result is None:
            continue
        if result.verdict is Verdict.NOT_APPLICABLE:
            return Blocked(Verdict.NOT_APPLICABLE, f"needs {result.id}, which does not apply: {result.reason}")
        if result.unreached:
            reason = f"needs {result.id}, which was not carried out ({result.unreached})"
            return Blocked(Verdict.UNTESTABLE, reason, result.unreached)
        if result.verdict in BLOCKING:
            # One cause, one reason: nobody reads it again from each check that stands on what stands on it.
            known = result.blocked or result.outcome.unsampled
            reason = result.reason if known else f"needs {result.id}, which is {result.verdict}"
            return Blocked(Verdict.UNTESTABLE, reason)
    return None


def without_request(model: ModelUnderTest, transport: str) -> str:
    """The reason of every check that a model without an accepted request leaves untested."""
    over = " over gRPC" if transport == "grpc" else ""
    return f"no request is known that model {model.id!r} takes{over}: what to give stands once, with the model"


def to_paste(model: ModelUnderTest) -> str:
    """Lines for the policy that would make a model testable, and a line for the file that they name."""
    file = file_of(model.name)
    inputs = model.metadata.inputs if model.metadata else ()
    example = {"inputs": [_example(each) for each in inputs] or [_example(TensorMetadata("x", "FP32", (1, 4)))]}
    # The one control that JSON leaves as it is, and TOML refuses.
    body = json.dumps(example).replace("\x7f", "\\u007f")
    told = f"# {file}: one JSON body a line, with values that the model takes, such as"
    return table(model.name, f'requests = "{file}"', "", told, f"# {body}")


def _example(tensor: TensorMetadata) -> dict[str, object]:
    shape = [max(1, size) for size in tensor.shape]
    return {"name": tensor.name, "shape": shape, "datatype": tensor.datatype, "data": ["..."]}
