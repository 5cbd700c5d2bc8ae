"""What grows, and what is said of the answers."""

from __future__ import annotations

from harness.generate.limits.growth import counts_of
from harness.judging.growing import MORE_INPUTS, change_by
from harness.oracles.equality import Outputs
from harness.wire.tensor import Tensor

COUNTS = {each.name: each for each in counts_of("members")}


def outputs(**values: float) -> Outputs:
    return {name: Tensor(name, "FP32", (1,), (value,)) for name, value in values.items()}


def test_outputs_for_added_inputs_change_nothing() -> None:
    assert change_by(COUNTS[MORE_INPUTS], outputs(x=1, other=2), outputs(x=1)) is None


def test_added_inputs_may_not_change_or_replace_an_output() -> None:
    assert change_by(COUNTS[MORE_INPUTS], outputs(x=2, other=2), outputs(x=1))
    assert change_by(COUNTS[MORE_INPUTS], outputs(other=2), outputs(x=1))


def test_an_output_more_is_a_change_where_no_input_was_added() -> None:
    assert change_by(COUNTS["many-parameters"], outputs(x=1, other=2), outputs(x=1))
