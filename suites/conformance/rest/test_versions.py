"""Versions in paths and answers (inference_rest.md, "HTTP/REST" and "Model Metadata")."""

from __future__ import annotations

from collections.abc import Callable

from harness.check import check
from harness.probing.json_values import shown
from harness.probing.probe import Probe
from harness.probing.replies import object_or_none, refused, status_of
from harness.record.exchange import Exchange

NO_SUCH_VERSION = "999999"


@check(
    "rest-version-forms",
    clauses=["REST-HTTP-03", "VERS-01"],
    duties=["A15-4-d"],
    criterion="metadata, ready and infer each work with a version or without one",
    per="model",
    needs=["rest-infer-answers-200"],
    faults=["model-ready-404"],
    fix="Serve the paths without a version by a policy of your own, or those with one.",
)
def rest_version_forms(probe: Probe) -> None:
    """Each operation works with a version in its path, or without.

    The prose makes the version segment optional and the OpenAPI file lists only paths with it, so one form is enough.
    The version is one that the metadata lists or that the answer names. Which forms work is recorded.
    """
    client, model, request = probe.client, probe.model, probe.accepted().request
    version = _known_version(probe)
    operations: dict[str, Callable[[str | None], Exchange]] = {
        "metadata": lambda each: client.model_metadata(model.name, each),
        "ready": lambda each: client.model_ready(model.name, each),
        "infer": lambda each: client.infer(model.name, request, each),
    }
    if model.metadata is None:
        # That there is none is said by the checks of the metadata.
        del operations["metadata"]
    for name, ask in operations.items():
        forms = {"without a version": None} | ({"with a version": version} if version else {})
        exchanges = {form: probe.answered(ask(each)) for form, each in forms.items()}
        working = [form for form, exchange in exchanges.items() if exchange.ok]
        probe.observe(f"{name} works {' and '.join(working) or 'in neither form'}", "REST-HTTP-03")
        observed = f"{name}: {', '.join(f'{form} {status_of(each)}' for form, each in exchanges.items())}"
        exchange = exchanges["without a version"]
        probe.holds(
            bool(working), clause="REST-HTTP-03", expected="one form works", observed=observed, exchange=exchange
        )
    probe.holds(True, clause="VERS-01", expected="any policy", observed="recorded")


def _known_version(probe: Probe) -> str | None:
    if probe.model.address is not None:
        return probe.model.address
    metadata = probe.model.metadata
    if metadata is not None and metadata.versions:
        return metadata.versions[-1]
    named = (object_or_none(probe.accepted().exchange) or {}).get("model_version")
    return named if isinstance(named, str) and named else None


@check(
    "rest-version-unknown-refused",
    clauses=["VERS-02"],
    duties=["A15-4-d"],
    criterion="an unknown version is refused by a server that lists versions",
    per="model",
    needs=["rest-infer-answers-200"],
    faults=["unknown-version-accepted", "unknown-version-ready"],
    fix="Answer 404 for a version that is not there.",
)
def rest_version_unknown_refused(probe: Probe) -> None:
    """A version that does not exist is not answered as if it did.

    An inference and a readiness question for version 999999. A server that lists no versions may ignore the segment;
    that is recorded.
    """
    exchange = probe.answered(probe.client.infer(probe.model.name, probe.accepted().request, NO_SUCH_VERSION))
    versions = probe.model.metadata.versions if probe.model.metadata else ()
    probe.observe(f"version {NO_SUCH_VERSION} is answered {status_of(exchange)}", "VERS-02")
    good = refused(exchange) or not versions
    expected = "an error status" if versions else "any answer: no versions are listed"
    probe.holds(good, expected=expected, observed=status_of(exchange), exchange=exchange)
    ready = probe.answered(probe.client.model_ready(probe.model.name, NO_SUCH_VERSION))
    denied = refused(ready) or (object_or_none(ready) or {}).get("ready") is False
    observed = f"readiness: {status_of(ready)}"
    probe.holds(denied or not versions, expected=expected, observed=observed, exchange=ready)


@check(
    "rest-version-answered-is-requested",
    clauses=["VERS-04"],
    duties=["A15-4-d", "A15-1-d"],
    criterion="an inference on a listed version has that model_version, or none",
    per="model",
    needs=["rest-infer-answers-200", "rest-model-metadata-versions"],
    faults=["model-version-wrong", "version-ignored"],
    fix="Report the version that computed the answer.",
)
def rest_version_answered_is_requested(probe: Probe) -> None:
    """An answer to a versioned request comes from that version.

    The accepted request, sent to each listed version.
    """
    versions = probe.model.metadata.versions if probe.model.metadata else ()
    if not versions:
        probe.not_applicable("the model lists no versions")
    answered = 0
    for version in versions[:20]:
        exchange = probe.answered(probe.client.infer(probe.model.name, probe.accepted().request, version))
        body = object_or_none(exchange)
        if not exchange.ok or body is None:
            continue
        answered += 1
        value = body.get("model_version")
        good = value is None or value == version
        expected = f"model_version {version!r}, or none"
        probe.holds(good, expected=expected, observed=shown(value), exchange=exchange)
    if not answered:
        probe.untestable("no listed version answers an inference")


@check(
    "rest-version-absent-where-none",
    clauses=["VERS-05"],
    duties=["A15-4-d"],
    criterion="a server that lists no versions and refuses versioned paths sends no model_version",
    per="model",
    needs=["rest-infer-answers-200"],
    faults=["version-without-versions"],
    fix="Leave model_version out where there are no versions.",
)
def rest_version_absent_where_none(probe: Probe) -> None:
    """A server without versions leaves model_version out.

    Only where metadata lists no versions and a versioned path is refused. Null is left to the check of optional
    members.
    """
    if probe.model.metadata is None:
        probe.not_applicable("there is no metadata that could list versions")
    versions = probe.model.metadata.versions
    body = probe.json_object(probe.accepted().exchange)
    value = body.get("model_version")
    if versions:
        probe.not_applicable("the model lists versions")
    if isinstance(value, str) and value:
        versioned = probe.answered(probe.client.model_metadata(probe.model.name, value))
        if not refused(versioned):
            probe.not_applicable("the version that the answer names can be requested: there are versions")
    exchange = probe.accepted().exchange
    good = value in (None, "")
    probe.holds(good, expected="no model_version", observed=shown(value), exchange=exchange)
