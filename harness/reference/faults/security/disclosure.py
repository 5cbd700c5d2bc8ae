"""Seeded faults that the checks of ``suites/security/test_disclosure.py`` find."""

from __future__ import annotations

from harness.reference.faults.kit.common import Count
from harness.reference.faults.kit.disclosure import error_says, on_failure
from harness.reference.faults.registry import Install, fault
from harness.reference.grpc.failed import Failed
from harness.reference.hooks import Hooks

LEAK = "policy:no-leak"
PYTHON = (
    "Traceback (most recent call last):\n"
    '  File "/srv/app/serving/handlers.py", line 212, in infer\n    outputs = self.model.predict(inputs)\n'
    "ValueError: cannot reshape array"
)
JAVA = (
    "java.lang.IllegalArgumentException: bad input\n"
    "\tat com.example.serving.Decoder.decode(Decoder.java:88)\n"
    "\tat com.example.serving.InferHandler.handle(InferHandler.java:41)"
)
ENVIRONMENT = (
    "environ({'HOME': '/root', 'AWS_SECRET_ACCESS_KEY': 'wJalrSEEDEDxUtnFEMI0K7MDENG1bPxRfiCYzSEEDED', "
    "'PATH': '/usr/bin'})"
)
DATABASE = "postgres://scoring:correct-horse-42@db-7.internal:5432/features"


def _with(more: str, *words: str, op: str = "infer") -> Install:
    return error_says(lambda _, said: f"{said}: {more}", *words, op=op)


fault("stack-trace-in-errors", LEAK, text="errors carry the stack of the server", effect="disclosure")(_with(PYTHON))

fault(
    "stack-trace-for-wrong-count", LEAK, text="only a wrong number of elements brings the stack", effect="disclosure"
)(_with(PYTHON, "elements, data has"))

fault(
    "stack-trace-only-when-nested-deeply",
    LEAK,
    text="only JSON nested too deeply brings the stack",
    effect="disclosure",
)(_with(PYTHON, "nested too deeply", "nested more deeply"))

fault(
    "java-stack-trace-for-unknown-model",
    LEAK,
    text="an unknown model brings the stack of the server",
    effect="disclosure",
)(_with(JAVA, "there is no model"))

fault("stack-trace-in-metadata-error", LEAK, text="metadata of an unknown model brings the stack", effect="disclosure")(
    _with(PYTHON, op="model-metadata")
)

fault("file-path-in-error", LEAK, text="an error about a datatype names the file of the model", effect="disclosure")(
    _with("see /opt/models/production/1/model.joblib", ", not ", "data type")
)

fault(
    "file-path-of-unknown-model",
    LEAK,
    text="an unknown model is a file that is not there, by its path",
    effect="disclosure",
)(
    error_says(
        lambda call, _: f"No such file or directory: '/home/serving/models/{call.model}/config.pbtxt'",
        "there is no model",
        op="model-metadata",
    )
)

fault("environment-in-error", LEAK, text="an error about a shape prints the environment", effect="disclosure")(
    _with(ENVIRONMENT, "shape", "dimension")
)

fault(
    "database-url-in-error",
    LEAK,
    text="an error about an unknown input prints where features are stored",
    effect="disclosure",
)(_with(f"feature store {DATABASE} has no such column", "has no input"))

fault("internal-host-in-error", LEAK, text="an unknown version names the host behind the server", effect="disclosure")(
    _with("upstream connect error: triton-7.models.svc.cluster.local:8001 (10.42.3.17)", "has no version")
)

fault("stack-trace-in-header", LEAK, text="the stack comes in a header of errors", effect="disclosure")(
    lambda hooks: hooks.bodies.append(
        lambda _, reply: (
            reply.headers.update({"x-exception": PYTHON.replace("\n", " ")}) if reply.status >= 400 else None
        )
    )
)


@fault(
    "stack-trace-after-ten-errors", LEAK, text="the tenth error and all later ones bring the stack", effect="disclosure"
)
def stack_trace_after_ten_errors(hooks: Hooks) -> None:
    count = Count()
    error_says(lambda _, said: f"{said}: {PYTHON}" if count.up() >= 10 else said)(hooks)


fault(
    "stack-trace-in-grpc-details",
    LEAK,
    text="the details of failed calls over gRPC are the stack",
    transport="grpc",
    effect="disclosure",
)(on_failure(lambda _, failed: Failed(failed.code, f"{failed.details}: {PYTHON}", kind=failed.kind)))

fault(
    "file-path-in-grpc-details",
    LEAK,
    text="over gRPC, an unknown model is a file that is not there, by its path",
    transport="grpc",
    effect="disclosure",
)(
    on_failure(
        lambda call, failed: (
            Failed(failed.code, f"cannot open /opt/models/{call.model}/1/model.onnx", kind=failed.kind)
            if "no model" in failed.details
            else failed
        )
    )
)
