"""Statistics, configuration, log and trace settings, and shared memory that mislead."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from harness.reference.extensions.log_settings import LogSettings
from harness.reference.faults.registry import fault
from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply, error
from harness.reference.protocol.request import InferRequest
from harness.reference.protocol.tensors import Tensor

Body = dict[str, Any]
Install = Callable[[Hooks], None]
COUNTED = ("stats", "all-stats")


def _document(change: Callable[[Body], Any], *ops: str) -> Install:
    return lambda hooks: hooks.on(*ops)(lambda _, body: change(body))


def _each_model(change: Callable[[Body], Any]) -> Install:
    """Change the entry of each model in the statistics."""

    def edit(body: Body) -> None:
        for entry in body["model_stats"]:
            change(entry)

    return _document(edit, *COUNTED)


fault("stats-frozen", "STATS-01", text="inference leaves every count as it was")(
    _each_model(lambda entry: entry.update(inference_count=0, execution_count=0))
)
fault(
    "stats-count-requests",
    "STATS-01",
    text="inference_count counts requests, not rows",
    models=("echo-fp32", "matrix", "digits", "pair"),
)(_each_model(lambda entry: entry.update(inference_count=entry["execution_count"])))
fault(
    "stats-executions-count-rows",
    "STATS-01",
    text="execution_count counts rows",
    models=("echo-fp32", "matrix", "digits", "pair"),
)(_each_model(lambda entry: entry.update(execution_count=entry["inference_count"])))
fault("stats-counts-as-text", "STATS-01", text="counts are texts")(
    _each_model(lambda entry: entry.update(inference_count=str(entry["inference_count"])))
)
fault("stats-by-name", "STATS-01", text="model_stats is an object by name")(
    _document(lambda body: {"model_stats": {each["name"]: each for each in body["model_stats"]}}, *COUNTED)
)
fault("stats-without-durations", "STATS-01", text="statistics have no inference_stats")(
    _each_model(lambda entry: entry.pop("inference_stats"))
)
fault("stats-duration-missing", "STATS-01", text="inference_stats has no success")(
    _each_model(lambda entry: entry["inference_stats"].pop("success"))
)
fault("stats-without-batches", "STATS-01", text="statistics have no batch_stats")(
    _each_model(lambda entry: entry.pop("batch_stats"))
)
fault("stats-success-frozen", "STATS-01", text="the success count stays zero")(
    _each_model(lambda entry: entry["inference_stats"]["success"].update(count=0, ns=0))
)
fault("stats-durations-in-seconds", "STATS-01", text="durations are fractions of seconds")(
    _each_model(
        lambda entry: entry["inference_stats"]["success"].update(ns=entry["inference_stats"]["success"]["ns"] / 1e9)
    )
)


@fault("stats-count-twice", "STATS-01", text="every inference is counted twice")
def stats_count_twice(hooks: Hooks) -> None:
    def change(entry: Body) -> None:
        for name in ("inference_count", "execution_count"):
            entry[name] *= 2

    _each_model(change)(hooks)


@fault("config-of-unknown-model", "MCONF-01", text="there is a configuration for every name")
def config_of_unknown_model(hooks: Hooks) -> None:
    def edit(call: Call, reply: Reply) -> None:
        if call.op == "config" and reply.status == 404:
            reply.status, reply.document = 200, {"name": call.model, "platform": "", "input": [], "output": []}

    hooks.documents.append(edit)


fault("config-without-name", "MCONF-01", text="the configuration does not name its model")(
    _document(lambda body: {key: value for key, value in body.items() if key != "name"}, "config")
)
fault("config-of-another-model", "MCONF-01", text="the configuration names another model")(
    _document(lambda body: {**body, "name": "default"}, "config")
)
fault("config-as-text", "MCONF-01", text="the configuration is one text")(_document(json.dumps, "config"))
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
    _document(lambda body: [list(pair) for pair in body.items()], "logging", "set-logging")
)
fault("trace-rate-number", "TRACE-01", text="trace_rate is a number")(
    _document(lambda body: {**body, "trace_rate": int(body["trace_rate"])}, "trace", "model-trace")
)
fault("trace-level-null", "TRACE-01", text="trace_level is null")(
    _document(lambda body: {**body, "trace_level": None}, "trace", "model-trace")
)
fault("trace-count-number-in-model", "TRACE-01", text="trace_count is a number in the setting of a model")(
    _document(lambda body: {**body, "trace_count": int(body["trace_count"])}, "model-trace")
)
fault("trace-levels-numbers", "TRACE-01", text="trace levels are numbers")(
    _document(lambda body: {**body, "trace_level": [0 for _ in body["trace_level"]]}, "trace", "model-trace")
)


def _absent(*ops: str) -> Install:
    def install(hooks: Hooks) -> None:
        for op in ops:
            hooks.routes[op] = lambda _: error(404, "not found")

    return install


fault("statistics-listed-but-absent", "STATS-01", "REST-SMETA-06", text="statistics is listed and not there")(
    _absent(*COUNTED)
)
fault(
    "model-configuration-listed-but-absent",
    "MCONF-01",
    "REST-SMETA-06",
    text="model_configuration is listed and not there",
)(_absent("config"))
fault("logging-listed-but-absent", "LOG-01", "REST-SMETA-06", text="logging is listed and not there")(
    _absent("logging", "set-logging")
)
fault("trace-listed-but-absent", "TRACE-01", "REST-SMETA-06", text="trace is listed and not there")(
    _absent("trace", "model-trace")
)
fault(
    "system-shared-memory-listed-but-absent",
    "SHM-01",
    "REST-SMETA-06",
    text="system_shared_memory is listed and not there",
)(_absent("shm-status", "shm-region-status", "shm-register", "shm-unregister"))


@fault("shm-data-in-reply", "SHM-01", text="an output in shared memory comes in the reply as well")
def shm_data_in_reply(hooks: Hooks) -> None:
    last: dict[str, list[Any]] = {}

    def answer(_: Call, __: InferRequest, outputs: list[Tensor]) -> list[Tensor]:
        last.update({each.name: [str(value) for value in each.values] for each in outputs})
        return outputs

    def edit(_: Call, reply: Reply) -> None:
        for entry in reply.document["outputs"]:
            if "shared_memory_region" in entry.get("parameters", {}):
                entry["data"] = [float(value) if _is_number(value) else value for value in last[entry["name"]]]

    hooks.answers.append(answer)
    hooks.binary.append(edit)


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).replace("-", "").isdecimal()


@fault("shm-unregister-without-effect", "SHM-01", text="unregister answers 200 and keeps the region")
def shm_unregister_without_effect(hooks: Hooks) -> None:
    for op in ("shm-unregister", "shm-unregister-all"):
        hooks.routes[op] = lambda _: Reply(200, {})


@fault("shm-status-empty", "SHM-01", text="no region is ever listed")
def shm_status_empty(hooks: Hooks) -> None:
    hooks.routes["shm-status"] = lambda _: Reply(200, [])


@fault("shm-status-object", "SHM-01", text="regions are listed without key and size")
def shm_status_object(hooks: Hooks) -> None:
    def edit(call: Call, reply: Reply) -> None:
        if call.op == "shm-status" and reply.status == 200:
            reply.document = [{"name": each["name"]} for each in reply.document]

    hooks.documents.append(edit)
