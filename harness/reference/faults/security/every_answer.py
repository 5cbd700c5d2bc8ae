"""Seeded faults that the checks of ``suites/security/test_every_answer.py`` find."""

from __future__ import annotations

from harness.reference.faults.kit.every_answer import is_get_on_infer
from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply, error

LEAK = "policy:no-leak"
PYTHON = (
    "Traceback (most recent call last):\n"
    '  File "/srv/app/serving/handlers.py", line 212, in infer\n    outputs = self.model.predict(inputs)\n'
    "ValueError: cannot reshape array"
)


def _beyond_latin_1(text: object) -> bool:
    return isinstance(text, str) and any(ord(each) > 0xFF for each in text)


@fault("stack-trace-for-id-beyond-latin-1", LEAK, text="an id beyond Latin-1 is a 500 with the stack of the server")
def stack_trace_for_id(hooks: Hooks) -> None:
    def edit(call: Call, reply: Reply) -> None:
        if call.op == "infer" and isinstance(reply.document, dict) and _beyond_latin_1(reply.document.get("id")):
            reply.status, reply.document = 500, {"error": PYTHON}
            reply.carried.clear()

    hooks.documents.append(edit)


@fault("stack-trace-for-get-on-infer", LEAK, text="a GET on the path of an inference brings the stack of the server")
def stack_trace_for_get(hooks: Hooks) -> None:
    hooks.gates.append(lambda call: error(405, PYTHON) if is_get_on_infer(call) else None)
