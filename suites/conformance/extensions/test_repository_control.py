"""Loading and unloading (Triton extension_model_repository.md, "Load" and "Unload"); only with permission."""

from __future__ import annotations

from collections.abc import Iterator

from harness.check import check
from harness.endpoint.models import ModelUnderTest
from harness.judging.extensions import error_answer
from harness.judging.repository import (
    AGAIN_SECONDS,
    Absence,
    index,
    is_ready,
    load,
    loading_is_off,
    of_name,
    offered,
    rows_of,
    spare,
    unloaded,
    until,
)
from harness.probing.names import name_root
from harness.probing.probe import UNKNOWN_MODEL, Probe
from harness.probing.replies import refused, status_of
from harness.record.exchange import Exchange


@check(
    "repository-load-loaded",
    clauses=["REPO-06"],
    duties=["A15-4-d"],
    criterion="loading a loaded model answers 200, and the model is ready and infers after it",
    allow="repository",
    faults=["load-of-loaded-refused", "load-of-loaded-unloads"],
    fix="Load a loaded model anew, and answer 200 once it is ready.",
)
def repository_load_loaded(probe: Probe) -> None:
    """A model that is loaded can be loaded anew.

    The last model under test that infers is loaded, and then asked until it is ready and infers, a minute at most. A
    refusal in the very words that a model unknown to the server gets means that nothing is loaded on demand, as in
    Triton outside its explicit mode; then nothing is unloaded either.
    """
    offered(probe)
    model = spare(probe)
    exchange = probe.answered(load(probe, model.name))
    if refused(exchange) and loading_is_off(probe, exchange):
        probe.not_applicable(
            f"nothing is loaded on demand: {status_of(exchange)} for {model.name!r} and unknown models"
        )
    observed = f"load of {model.name!r}, which is loaded: {status_of(exchange)}"
    if probe.holds(exchange.ok, expected="status 200", observed=observed, exchange=exchange):
        back, last = until(probe, model, ready=True)
        observed = f"readiness {'yes' if is_ready(probe, model) else 'no'}, inference {status_of(last)}"
        probe.holds(back, expected="ready and infers", observed=observed, exchange=last)
        if not back:
            load(probe, model.name)
            back, _ = until(probe, model, ready=True, seconds=AGAIN_SECONDS)
        if not back:
            probe.untestable(f"model {model.name!r} was loaded anew, and could not be brought back")


@check(
    "repository-load-unknown-refused",
    clauses=["REPO-07"],
    duties=["A15-4-d"],
    criterion="loading a model that does not exist is answered with an error status and a string error",
    allow="repository",
    faults=["load-unknown-200", "load-unknown-detail", "load-unknown-empty"],
    fix="Answer a load that fails with 4xx or 5xx and an object with the member error.",
)
def repository_load_unknown_refused(probe: Probe) -> None:
    """A load that fails says so.

    Loads a model of a name that no server has; any error status is right.
    """
    offered(probe)
    exchange = probe.answered(load(probe, UNKNOWN_MODEL))
    error_answer(probe, exchange, clause="REPO-07", what="load of an unknown model", root=name_root(probe))


@check(
    "repository-unload-unknown",
    clauses=["REPO-09"],
    duties=["A15-4-d"],
    criterion="unloading a model that does not exist is an error status or 200",
    allow="repository",
    faults=["unload-unknown-redirect"],
    fix="Answer 404, or 200 if nothing is to be done.",
)
def repository_unload_unknown(probe: Probe) -> None:
    """Unloading a model that does not exist is refused, or a silent success.

    Both are right; which it is, is recorded.
    """
    offered(probe)
    exchange = probe.answered(load(probe, UNKNOWN_MODEL, "unload"))
    probe.observe(f"unloading an unknown model is answered {status_of(exchange)}")
    good = exchange.ok or refused(exchange)
    probe.holds(good, expected="200 or an error status", observed=status_of(exchange), exchange=exchange)


@check(
    "repository-unload-and-load",
    clauses=["REPO-08", "REPO-06", "REPO-04", "REPO-03"],
    duties=["A15-4-d"],
    criterion="after an unload the model is not ready and does not infer; after a load it is and does",
    allow="repository",
    needs=["repository-load-loaded"],
    faults=[
        "unload-without-effect",
        "unloaded-still-infers",
        "unloaded-still-ready",
        "unload-newest-version-only",
        "index-state-always-ready",
        "index-ready-ignored",
        "index-ready-is-default",
        "load-without-effect",
        "loaded-again-and-broken",
        "loaded-again-and-not-ready",
    ],
    fix="Take requests for a model only between its load and its unload, and let readiness and index say the same.",
)
def repository_unload_and_load(probe: Probe) -> None:
    """An unloaded model is gone, and a loaded one is back.

    Only where a load was seen to work. The last model under test that infers is unloaded; for a minute at most it may
    still answer, then readiness, inference (with each version in the path, too) and the index have to say that it is
    gone: no state READY, and no entry with ready true. It is loaded again whatever happens; where that fails, this
    check says so in its reason.
    """
    offered(probe)
    model = spare(probe)
    with unloaded(probe, model) as absence:
        if _gone(probe, absence):
            _index_of_gone(probe, model)
    if absence.unload.ok and absence.load is not None:
        observed = f"load: {status_of(absence.load)}"
        probe.holds(absence.load.ok, clause="REPO-06", expected="status 200", observed=observed, exchange=absence.load)
        last = status_of(absence.last) if absence.last else "not asked"
        observed = f"readiness {'yes' if is_ready(probe, model) else 'no'}, inference {last}"
        probe.holds(absence.back, clause="REPO-06", expected="ready and infers after the load", observed=observed,
                    exchange=absence.last)  # fmt: skip
    if not absence.back:
        probe.untestable(f"model {model.name!r} was unloaded, and could NOT BE LOADED AGAIN: please load it")


def _gone(probe: Probe, absence: Absence) -> bool:
    model, unload = absence.model, probe.answered(absence.unload)
    observed = f"unload: {status_of(unload)}"
    if not probe.holds(unload.ok, clause="REPO-08", expected="status 200", observed=observed, exchange=unload):
        return False
    gone, last = until(probe, model, ready=False)
    observed = f"inference {status_of(last)}, readiness {'yes' if is_ready(probe, model) else 'no'}"
    probe.holds(gone, clause="REPO-08", expected="not ready, and no inference", observed=observed, exchange=last)
    for version, exchange in _each_version(probe, model) if gone else ():
        observed = f"inference on version {version}: {status_of(exchange)}"
        probe.holds(not exchange.ok, clause="REPO-08", expected="no inference", observed=observed, exchange=exchange)
    return gone


def _each_version(probe: Probe, model: ModelUnderTest) -> Iterator[tuple[str, Exchange]]:
    request = model.rest.accepted().request
    for version in model.metadata.versions[:5] if model.metadata else ():
        yield version, probe.client.infer(model.name, request, version)


def _index_of_gone(probe: Probe, model: ModelUnderTest) -> None:
    """What the index says of a model that does not infer, where there is one that can be read."""
    everything = probe.client.send("POST", "/v2/repository/index", b"{}")
    if not rows_of(everything):
        return
    states = [row["state"] for row in of_name(everything, model.name) if "state" in row]
    observed = f"states {states}"
    if states:
        probe.holds("READY" not in states, clause="REPO-03", expected="no state READY", observed=observed,
                    exchange=everything)  # fmt: skip
    ready = index(probe, b'{"ready":true}')
    listed = of_name(ready, model.name)
    probe.holds(not listed, clause="REPO-04", expected="not listed with ready true", observed=f"{listed}",
                exchange=ready)  # fmt: skip
    observed = f"{len(of_name(everything, model.name))} entries of {model.name!r}"
    probe.holds(bool(of_name(everything, model.name)), clause="REPO-04", observed=observed, exchange=everything,
                expected="listed without ready true, though not ready")  # fmt: skip
