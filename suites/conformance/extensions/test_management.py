"""What a server tells of itself: model configuration, log and trace settings; nothing is written.

Triton extension_model_configuration.md, extension_logging.md, extension_trace.md.
"""

from __future__ import annotations

from collections.abc import Mapping

from harness.check import check
from harness.endpoint.known import value_of
from harness.judging.extensions import error_answer, of_model, offered
from harness.probing.json_values import json_type, shown
from harness.probing.names import name_root
from harness.probing.probe import UNKNOWN_MODEL, Probe
from harness.probing.replies import refused, status_of
from harness.record.exchange import Exchange

Settings = Mapping[str, object]
SWITCHES = ("log_info", "log_warning", "log_error")


@check(
    "model-configuration-names-model",
    clauses=["MCONF-01"],
    duties=["A15-4-d"],
    criterion="the configuration is an object that names the model, and an unknown model has none",
    per="model",
    faults=[
        "model-configuration-listed-but-absent",
        "config-of-unknown-model",
        "config-without-name",
        "config-of-another-model",
        "config-as-text",
        "config-error-empty",
    ],
    fix="Answer GET v2/models/MODEL/config with the configuration, and 404 with an error object for unknown models.",
)
def model_configuration_names_model(probe: Probe) -> None:
    """The configuration of a model names it, and no other.

    One GET for the model, one for a model of a name that no server has.
    """
    offered(probe, "model_configuration")
    exchange = probe.answered(probe.client.send("GET", of_model(probe, "config")))
    value = value_of(exchange)
    good = exchange.ok and isinstance(value, dict)
    observed = f"{status_of(exchange)}, {json_type(value)}"
    if probe.holds(good, expected="200 and an object", observed=observed, exchange=exchange):
        assert isinstance(value, dict)
        name = value.get("name")
        probe.holds(name == probe.model.name, expected=f"name {probe.model.name!r}", observed=f"name {shown(name)}",
                    exchange=exchange)  # fmt: skip
    exchange = probe.answered(probe.client.send("GET", probe.client.model_path(UNKNOWN_MODEL, None, "config")))
    error_answer(probe, exchange, clause="MCONF-01", what="the configuration of an unknown model",
                 root=name_root(probe))  # fmt: skip


@check(
    "logging-settings-readable",
    clauses=["LOG-01"],
    duties=["A15-4-i"],
    criterion="the log settings are an object of booleans, integers and strings",
    faults=["logging-listed-but-absent", "log-settings-in-list"],
    fix="Answer GET v2/logging with one object of all settings.",
)
def logging_settings_readable(probe: Probe) -> None:
    """The log settings can be read.

    One GET. Whether a POST changes only what it names is not looked at: settings are read and never written. The
    document names the settings in two ways, so that none is asked for by name; those of the document that are there
    have the types that it gives them.
    """
    offered(probe, "logging")
    exchange = probe.answered(probe.client.send("GET", "/v2/logging"))
    settings = _settings(probe, exchange)
    for name, value in settings.items():
        if name in SWITCHES:
            good, expected = isinstance(value, bool), "a boolean"
        elif name == "log_verbose_level":
            good, expected = isinstance(value, int) and not isinstance(value, bool) and value >= 0, "an integer from 0"
        else:
            good, expected = isinstance(value, bool | int | float | str), "a boolean, a number or a string"
        probe.holds(good, expected=f"{name}: {expected}", observed=f"{name}: {shown(value)}", exchange=exchange)


@check(
    "trace-settings-readable",
    clauses=["TRACE-01"],
    duties=["A15-4-i"],
    criterion="the trace settings are an object of strings and arrays of strings",
    faults=["trace-listed-but-absent", "trace-rate-number", "trace-level-null", "trace-levels-numbers"],
    fix="Send every trace setting as a string, or as an array of strings, numbers too.",
)
def trace_settings_readable(probe: Probe) -> None:
    """The trace settings of the server are strings.

    One GET; nothing is written.
    """
    offered(probe, "trace")
    _traced(probe, probe.answered(probe.client.send("GET", "/v2/trace/setting")))


@check(
    "trace-settings-of-model",
    clauses=["TRACE-01"],
    duties=["A15-4-i"],
    criterion="the trace settings of a model are an object of strings and arrays of strings",
    per="model",
    needs=["trace-settings-readable"],
    faults=["trace-count-number-in-model"],
    fix="Send every trace setting as a string, or as an array of strings, numbers too.",
)
def trace_settings_of_model(probe: Probe) -> None:
    """The trace settings of a model are strings.

    One GET at the path of the model, which has no version in the document; nothing is written. A server may have
    settings of its own only: a refusal is recorded.
    """
    offered(probe, "trace")
    path = probe.client.model_path(probe.model.name, None, "trace") + "/setting"
    exchange = probe.answered(probe.client.send("GET", path))
    if refused(exchange):
        probe.not_applicable(f"the server has no trace settings of a model ({status_of(exchange)})")
    _traced(probe, exchange)


def _traced(probe: Probe, exchange: Exchange) -> None:
    for name, value in _settings(probe, exchange).items():
        texts = value if isinstance(value, list) else [value]
        good = all(isinstance(each, str) for each in texts)
        observed = f"{name}: {shown(value)}"
        probe.holds(good, expected="a string, or an array of strings", observed=observed, exchange=exchange)


def _settings(probe: Probe, exchange: Exchange) -> Settings:
    value = value_of(exchange)
    good = exchange.ok and isinstance(value, dict) and bool(value)
    observed = f"{status_of(exchange)}, {shown(value)}"
    probe.holds(good, expected="200 and an object with settings", observed=observed, exchange=exchange)
    return value if isinstance(value, dict) and good else {}
