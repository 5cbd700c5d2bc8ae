"""Seeded faults that the checks of ``suites/conformance/rest/test_parameters.py`` find."""

from __future__ import annotations

from harness.reference.faults.kit.common import document_of, inputs_of, is_rest, wrong
from harness.reference.faults.registry import fault, relaxes
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply, error
from harness.reference.protocol.parameters import KNOWN
from harness.reference.protocol.request import InferRequest
from harness.reference.protocol.tensors import Tensor

fault("input-parameters-refused", "PARAM-01", text="parameters are refused as an unknown member")(
    relaxes("refuse_parameters")
)

fault("parameter-kind-refused", "PARAM-03", text="a parameter with a fraction is refused")(
    relaxes("refuse_fractional_parameters")
)


@fault("unknown-parameter-changes-answer", "PARAM-02", "PARAM-01", text="a request parameter reverses the outputs")
def unknown_parameter_changes_answer(hooks: Hooks) -> None:
    hooks.answers.append(
        lambda _, request, outputs: (
            [
                type(each)(
                    each.name, each.datatype, each.shape, each.values * 2 if each.datatype != "BOOL" else ~each.values
                )
                for each in outputs
            ]
            if request.parameters
            else outputs
        )
    )


@fault(
    "parameter-of-output-changes-answer",
    "PARAM-02",
    text="an unknown parameter on an output that is asked for negates the outputs",
)
def parameter_of_output_changes_answer(hooks: Hooks) -> None:
    def edit(_: Call, request: InferRequest, outputs: list[Tensor]) -> list[Tensor]:
        known = any(set(each) - KNOWN for each in request.output_parameters.values())
        return [wrong(each) for each in outputs] if known else outputs

    hooks.answers.append(edit)


def _of_input(call: Call) -> Reply | None:
    entries = inputs_of(document_of(call) or {})
    named = any(
        set(each.get("parameters") or {}) - KNOWN for each in entries if isinstance(each.get("parameters"), dict)
    )
    return error(500, "unexpected keyword argument") if named and is_rest(call) else None


fault(
    "parameters-of-inputs-unknown-500",
    "PARAM-02",
    "REST-ERR-05",
    text="an unknown parameter on an input ends the handler with 500",
)(lambda hooks: hooks.gates.append(_of_input))
