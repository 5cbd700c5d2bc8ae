"""Seeded faults that the checks of ``suites/conformance/rest/test_parameters.py`` find."""

from __future__ import annotations

from harness.reference.faults.registry import fault, relaxes
from harness.reference.hooks import Hooks

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
