"""Values under a datatype that the model does not declare, over gRPC (open_inference_grpc.proto, InferInputTensor)."""

from __future__ import annotations

from harness.check import check
from harness.criteria import Criterion
from harness.judging.other_datatypes import judge_others
from harness.probing.probe import Probe


@check(
    "grpc-datatype-other-than-declared",
    clauses=["DTYPE-04"],
    criteria=[Criterion.NO_SILENT_CHANGE],
    duties=["A15-4-c", "A15-5-b"],
    criterion="over gRPC, a valid data type other than the declared one is refused or converted, never read as zeros",
    per="model",
    transport="grpc",
    needs=["grpc-infer-reply-well-formed"],
    faults=["grpc-other-datatype-read-as-zeros"],
    fix="Compare the datatype with the model's, then convert or refuse.",
)
def grpc_datatype_other_than_declared(probe: Probe) -> None:
    """Another data type than the model's is converted, or refused, over gRPC.

    As over REST, each datatype in its own field, or raw where the model takes raw contents only.
    """
    judge_others(probe, "grpc")
