"""The model repository over gRPC (Triton extension_model_repository.md, "GRPC"; states of MLServer's documents)."""

from __future__ import annotations

from harness.check import check
from harness.probing.grpc_replies import outputs
from harness.probing.grpc_repository import (
    FOLLOW_SECONDS,
    NOT_ALLOWED,
    UNLOAD_SECONDS,
    Cycle,
    control,
    index,
    is_ready,
    listed,
    settled,
    states,
    unloaded,
)
from harness.probing.names import name_root
from harness.probing.probe import UNKNOWN_MODEL, Probe
from harness.probing.replies import refused, status_of
from harness.record.exchange import Exchange

STATE_ROOT = "grpc-repository-state"


@check(
    "grpc-repository-index",
    clauses=["REPO-10", "REPO-03", "REST-SMETA-06"],
    duties=["A15-4-d"],
    criterion="RepositoryIndex is OK, lists the model and says READY of one that is ready",
    per="model",
    transport="grpc",
    needs=["grpc-model-ready"],
    faults=["grpc-index-unimplemented", "grpc-index-empty", "grpc-state-prefixed", "grpc-state-lowercase"],
    fix="Answer RepositoryIndex with a row for each model version, whose state is READY, UNAVAILABLE or another name.",
)
def grpc_repository_index(probe: Probe) -> None:
    """The index over gRPC lists the model as READY.

    One call, after the model has said that it is ready. Not applicable where the method is absent, unless server
    metadata over gRPC lists the extension.
    """
    exchange = probe.answered(index(probe))
    observed, offered = status_of(exchange), listed(probe)
    if refused(exchange) and not offered:
        probe.not_applicable(f"no repository over gRPC: {observed}")
    there = exchange.rpc is not None and exchange.rpc.name != "UNIMPLEMENTED"
    if offered:
        expected = "the index is there, as model_repository is listed"
        probe.holds(there, clause="REST-SMETA-06", expected=expected, observed=observed, exchange=exchange)
    probe.holds(exchange.ok, clause="REPO-10", expected="OK", observed=observed, exchange=exchange)
    if not exchange.ok:
        return
    found = states(probe, exchange)
    observed = f"{len(found)} entries for the model"
    probe.holds(bool(found), clause="REPO-10", expected="an entry for the model", observed=observed, exchange=exchange)
    if found:
        observed, good = f"states {', '.join(map(repr, found))}", "READY" in found
        expected = "READY of a version, at least"
        probe.holds(good, clause="REPO-03", expected=expected, observed=observed, exchange=exchange, root=STATE_ROOT)


@check(
    "grpc-repository-unload-and-load",
    clauses=["REPO-10", "REPO-03", "GRPC-HEALTH-04"],
    duties=["A15-4-d", "A15-4-i"],
    criterion="unload and load are OK and do what they say; an unloaded model is neither ready nor READY",
    per="model",
    transport="grpc",
    allow="repository",
    needs=["grpc-repository-index"],
    faults=[
        "grpc-load-succeeds-internal",
        "grpc-unload-succeeds-internal",
        "grpc-unload-without-effect",
        "grpc-load-name-in-field-one",
        "grpc-unloaded-model-ready",
        "grpc-state-always-ready",
    ],
    fix="Read model_name from field 2, answer OK with an empty message, and keep state and readiness in step.",
)
def grpc_repository_unload_and_load(probe: Probe) -> None:
    """A model can be unloaded and loaded over gRPC.

    Unloads the model, looks at ModelReady, the index and one inference until it is gone, and loads it again, whatever
    was seen. Only on a server with RepositoryIndex, which KServe, whose messages are laid out otherwise, does not have.
    A server that lets no client unload is not applicable.
    """
    if not index(probe).ok:
        probe.not_applicable("there is no index over gRPC, so the layout of load and unload is not known")
    accepted = probe.model.grpc.accepted()
    with unloaded(probe) as cycle:
        gone = _unload(probe, cycle)
    exchange = cycle.load[0] if cycle.load else None
    if exchange is None or not gone:
        return
    observed = f"load: {status_of(exchange)}, ready afterwards: {cycle.ready}"
    good, expected = exchange.ok and cycle.ready, "OK, and the model is ready again"
    probe.holds(good, clause="REPO-10", expected=expected, observed=observed, exchange=exchange)
    if not cycle.ready:
        probe.untestable(f"model {probe.model.name!r} could not be loaded again: load it by hand")
    after = probe.model.grpc.infer(accepted.request, accepted.form)
    observed = f"inference after load: {status_of(after)}"
    probe.holds(after.ok, clause="REPO-10", expected="OK", observed=observed, exchange=after)


def _unload(probe: Probe, cycle: Cycle) -> bool:
    """Look at what unload has done; whether the model is gone."""
    exchange = cycle.unload
    gone = not is_ready(probe) if refused(exchange) else settled(probe, lambda: not _serves(probe), UNLOAD_SECONDS)
    code = exchange.rpc.name if exchange.rpc is not None else ""
    if refused(exchange) and not gone and code in NOT_ALLOWED:
        probe.not_applicable(f"the server lets no client unload: {status_of(exchange)}")
    observed = f"unload: {status_of(exchange)}, the model is {'gone' if gone else 'still there'}"
    expected = "OK, and the model is gone"
    probe.holds(exchange.ok and gone, clause="REPO-10", expected=expected, observed=observed, exchange=exchange)
    if gone:
        _while_gone(probe)
    return gone


def _serves(probe: Probe) -> bool:
    """Whether the model still infers; an OK without outputs is none (GRPC-ERR-01)."""
    accepted = probe.model.grpc.accepted()
    exchange = probe.model.grpc.infer(accepted.request, accepted.form)
    return exchange.ok and bool(outputs(exchange))


def _while_gone(probe: Probe) -> None:
    """Readiness and state of a model that no longer infers; both may take a moment to follow."""
    settled(probe, lambda: not is_ready(probe), FOLLOW_SECONDS)
    exchange = probe.grpc.model_ready(probe.model.name, probe.model.version)
    denied = refused(exchange) or not is_ready(probe)
    observed = f"ModelReady of the unloaded model: {status_of(exchange)}{'' if denied else ', ready is true'}"
    expected = "an error status, or ready false"
    probe.holds(denied, clause="GRPC-HEALTH-04", expected=expected, observed=observed, exchange=exchange)
    listing: Exchange = probe.answered(index(probe))
    found = states(probe, listing) if listing.ok else []
    observed = f"states of the unloaded model {', '.join(map(repr, found)) or 'none'}"
    expected = "another state than READY, or none"
    good = not any(state.rpartition(".")[2].upper() == "READY" for state in found)
    probe.holds(good, clause="REPO-03", expected=expected, observed=observed, exchange=listing, root=STATE_ROOT)


@check(
    "grpc-repository-load-unknown",
    clauses=["REPO-10"],
    duties=["A15-4-d"],
    criterion="loading a model that does not exist ends in an error status",
    transport="grpc",
    allow="repository",
    faults=["grpc-load-unknown-ok"],
    fix="Look the model up in the repository before answering.",
)
def grpc_repository_load_unknown(probe: Probe) -> None:
    """A model that does not exist cannot be loaded.

    One call with a name that no server has. Only on a server with RepositoryIndex.
    """
    if not probe.answered(index(probe)).ok:
        probe.not_applicable("there is no index over gRPC, so the layout of load and unload is not known")
    exchange = probe.answered(control(probe, "RepositoryModelLoad", UNKNOWN_MODEL))
    observed, root = status_of(exchange), name_root(probe)
    probe.holds(refused(exchange), expected="an error status", observed=observed, exchange=exchange, root=root)
