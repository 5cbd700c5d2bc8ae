"""Seeded faults that the checks of ``suites/conformance/extensions/test_management.py`` find."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from harness.reference.extensions.log_settings import LogSettings
from harness.reference.faults.kit.documents import absent, on_document
from harness.reference.faults.registry import Install, fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply

Body = dict[str, Any]


@fault("config-of-unknown-model", "MCONF-01", text="there is a configuration for every name")
def config_of_unknown_model(hooks: Hooks) -> None:
    def edit(call: Call, reply: Reply) -> None:
        if call.op == "config" and reply.status == 404:
            reply.status, reply.document = 200, {"name": call.model, "platform": "", "input": [], "output": []}

    hooks.documents.append(edit)


fault("config-without-name", "MCONF-01", text="the configuration does not name its model")(
    on_document(lambda body: {key: value for key, value in body.items() if key != "name"}, "config")
)

fault("config-of-another-model", "MCONF-01", text="the configuration names another model")(
    on_document(lambda body: {**body, "name": "default"}, "config")
)

fault("config-as-text", "MCONF-01", text="the configuration is one text")(on_document(json.dumps, "config"))

fault("config-error-empty", "MCONF-01", "REST-ERR-02", text="for an unknown model, the configuration is a bare 404")(
    lambda hooks: hooks.documents.append(
        lambda call, reply: setattr(reply, "document", None) if call.op == "config" and reply.status == 404 else None
    )
)


def _posted(change: Callable[[Body], Body]) -> Install:
    """Change log settings before they are read."""

    def install(hooks: Hooks) -> None:
        def gate(call: Call) -> None:
            if call.op == "set-logging":
                try:
                    call.body = json.dumps(change(json.loads(call.body))).encode()
                except (ValueError, TypeError, AttributeError):
                    return

        hooks.gates.append(gate)

    return install


def _rest_reset(body: Body) -> Body:
    """What is not named goes back to another value than its own."""
    return {**LogSettings().read(), "log_verbose_level": 7, "log_info": False, **body}


fault("log-post-resets-others", "LOG-01", text="a POST changes settings that it does not name")(_posted(_rest_reset))

fault("log-post-ignored", "LOG-01", text="a POST of other settings changes nothing and is answered 200")(
    _posted(lambda _: {})
)

fault("log-level-negative-accepted", "LOG-01", text="a negative level is taken for zero")(
    _posted(
        lambda body: (
            {**body, "log_verbose_level": max(0, body["log_verbose_level"])}
            if type(body.get("log_verbose_level")) is int
            else body
        )
    )
)

fault("log-settings-in-list", "LOG-01", text="the settings are a list of pairs")(
    on_document(lambda body: [list(pair) for pair in body.items()], "logging", "set-logging")
)

fault("trace-rate-number", "TRACE-01", text="trace_rate is a number")(
    on_document(lambda body: {**body, "trace_rate": int(body["trace_rate"])}, "trace", "model-trace")
)

fault("trace-level-null", "TRACE-01", text="trace_level is null")(
    on_document(lambda body: {**body, "trace_level": None}, "trace", "model-trace")
)

fault("trace-count-number-in-model", "TRACE-01", text="trace_count is a number in the setting of a model")(
    on_document(lambda body: {**body, "trace_count": int(body["trace_count"])}, "model-trace")
)

fault("trace-levels-numbers", "TRACE-01", text="trace levels are numbers")(
    on_document(lambda body: {**body, "trace_level": [0 for _ in body["trace_level"]]}, "trace", "model-trace")
)

fault(
    "model-configuration-listed-but-absent",
    "MCONF-01",
    "REST-SMETA-06",
    text="model_configuration is listed and not there",
)(absent("config"))

fault("logging-listed-but-absent", "LOG-01", "REST-SMETA-06", text="logging is listed and not there")(
    absent("logging", "set-logging")
)

fault("trace-listed-but-absent", "TRACE-01", "REST-SMETA-06", text="trace is listed and not there")(
    absent("trace", "model-trace")
)
