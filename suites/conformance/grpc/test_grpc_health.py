"""Health over gRPC: ServerLive, ServerReady and ModelReady (inference_grpc.md, "Health")."""

from __future__ import annotations

from harness.check import NotApplicable, Untestable, check
from harness.criteria import Criterion
from harness.judging.ready_infers import ready_means_able
from harness.probing.names import name_root
from harness.probing.probe import UNKNOWN_MODEL, Probe
from harness.probing.replies import refused, status_of
from harness.record.exchange import Exchange

NO_SUCH_VERSION = "999999"


@check(
    "grpc-server-live",
    clauses=["GRPC-HEALTH-01"],
    duties=["A15-4-d"],
    criterion="ServerLive is OK and live is true",
    transport="grpc",
    faults=["grpc-live-unset", "grpc-live-fails"],
    fix="Answer ServerLive with live set to true whenever the process can answer at all.",
)
def grpc_server_live(probe: Probe) -> None:
    """A running server says that it is live.

    One call; no answer breaks it, too.
    """
    exchange = probe.grpc.server_live()
    good = exchange.ok and bool(probe.message("ServerLive", exchange).live)
    observed = f"{status_of(exchange)}{', live is false' if exchange.ok and not good else ''}"
    probe.holds(good, expected="OK and live true", observed=observed, exchange=exchange)


@check(
    "grpc-server-ready",
    clauses=["GRPC-HEALTH-02"],
    duties=["A15-4-d", "A15-4-i"],
    criterion="ServerReady is OK and ready is true while the models under test infer",
    transport="grpc",
    faults=["grpc-ready-stays-false"],
    fix="Set ready to true once every configured model is loaded.",
)
def grpc_server_ready(probe: Probe) -> None:
    """A server whose models infer says that it is ready.

    One call. Anything else is only held against a server on which every model under test infers.
    """
    exchange = probe.answered(probe.grpc.server_ready())
    good = exchange.ok and bool(probe.message("ServerReady", exchange).ready)
    if not good and not all(_infers(probe, position) for position in range(len(probe.endpoint.models))):
        probe.untestable("not ready, and not every model under test infers: the server may be right")
    observed = f"{status_of(exchange)}{', ready is false' if exchange.ok and not good else ''}"
    probe.holds(good, expected="OK and ready true", observed=observed, exchange=exchange)


def _infers(probe: Probe, position: int) -> bool:
    try:
        return probe.endpoint.models[position].grpc.accepted().exchange.ok
    except (Untestable, NotApplicable):
        return False


@check(
    "grpc-model-ready",
    clauses=["GRPC-HEALTH-03"],
    duties=["A15-4-d", "A15-4-i"],
    criterion="after a successful inference, ModelReady with the name alone is OK and ready is true",
    per="model",
    transport="grpc",
    needs=["grpc-infer-answers-ok"],
    faults=["grpc-model-ready-false", "grpc-model-ready-needs-version", "grpc-model-ready-unimplemented"],
    fix="Look the model up by name, choose the version yourself where it is empty, and set ready.",
)
def grpc_model_ready(probe: Probe) -> None:
    """A model that infers is reported as ready.

    One call with an empty version, after the model has answered an inference.
    """
    probe.model.grpc.accepted()
    exchange = probe.answered(probe.grpc.model_ready(probe.model.name))
    good = exchange.ok and said_ready(probe, exchange)
    observed = f"{status_of(exchange)}{', ready is false' if exchange.ok and not good else ''}"
    probe.holds(good, expected="OK and ready true", observed=observed, exchange=exchange)


@check(
    "grpc-unknown-model-not-ready",
    clauses=["GRPC-HEALTH-05", "GRPC-HEALTH-04"],
    duties=["A15-4-d", "A15-4-i"],
    criterion="ModelReady of a model that does not exist is an error status, or OK with ready false",
    transport="grpc",
    faults=["any-model-name-answered", "grpc-unknown-model-ready"],
    fix="Look the model up before answering; NOT_FOUND is usual.",
)
def grpc_unknown_model_not_ready(probe: Probe) -> None:
    """A model that does not exist is never reported as ready.

    One call with a name that no server has. The two negative answers are equally right; which it is is recorded.
    """
    exchange = probe.answered(probe.grpc.model_ready(UNKNOWN_MODEL))
    good = refused(exchange) or not said_ready(probe, exchange)
    observed = f"{status_of(exchange)}{'' if not exchange.ok else ', ready is false' if good else ', ready is true'}"
    expected = "an error status, or ready false"
    root = name_root(probe, "unknown-model-answered:ready" if exchange.ok else None)
    probe.holds(good, clause="GRPC-HEALTH-05", expected=expected, observed=observed, exchange=exchange, root=root)
    if good:
        probe.holds(True, clause="GRPC-HEALTH-04", expected=expected, observed=observed)
        probe.observe(f"the negative answer is {observed}", "GRPC-HEALTH-04")


@check(
    "grpc-unknown-version-not-ready",
    clauses=["GRPC-HEALTH-05"],
    duties=["A15-4-d", "A15-4-i"],
    criterion="ModelReady of a version that a model with versions does not have is an error, or OK with ready false",
    per="model",
    transport="grpc",
    needs=["grpc-model-ready"],
    faults=["grpc-unknown-version-ready"],
    fix="Look the version up before answering; NOT_FOUND is usual.",
)
def grpc_unknown_version_not_ready(probe: Probe) -> None:
    """A version that does not exist is never reported as ready.

    One call for version 999999 of a model whose metadata lists versions.
    """
    metadata = probe.model.grpc.metadata
    if metadata is None or not metadata.versions:
        probe.not_applicable("the model reports no versions over gRPC")
    exchange = probe.answered(probe.grpc.model_ready(probe.model.name, NO_SUCH_VERSION))
    good = refused(exchange) or not said_ready(probe, exchange)
    observed = f"{status_of(exchange)}{'' if not exchange.ok else ', ready is false' if good else ', ready is true'}"
    root = "unknown-version-answered:ready" if exchange.ok else None
    probe.holds(good, expected="an error status, or ready false", observed=observed, exchange=exchange, root=root)


@check(
    "grpc-ready-model-infers",
    criteria=[Criterion.READY_INFERS],
    duties=["A15-4-d", "A15-4-i"],
    criterion="a model that says it is ready does not end every valid call in UNKNOWN, INTERNAL or UNAVAILABLE",
    per="model",
    transport="grpc",
    faults=["ready-and-every-inference-500"],
    fix="Report a model ready only once an inference has worked; report it not ready while none does.",
)
def grpc_ready_model_infers(probe: Probe) -> None:
    """A model that is ready over gRPC infers.

    As over REST, with ModelReady and calls of ModelInfer.
    """

    def says_ready() -> bool:
        exchange = probe.grpc.model_ready(probe.model.name)
        return exchange.ok and said_ready(probe, exchange)

    ready_means_able(probe, probe.model.grpc, says_ready)


def said_ready(probe: Probe, exchange: Exchange) -> bool:
    """Whether an answer to ModelReady that is OK says ready."""
    return bool(probe.message("ModelReady", exchange).ready)
