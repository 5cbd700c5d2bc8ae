"""Management calls: whether they can be reached with no more rights than an inference needs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from harness.check import check
from harness.criteria import Advice
from harness.endpoint.known import value_of
from harness.judging.extensions import repository_path
from harness.judging.repository import INDEX, of_name
from harness.probing.guards import ABSENT, guarded
from harness.probing.probe import UNKNOWN_MODEL, Probe
from harness.probing.replies import refused, status_of
from harness.record.exchange import Exchange
from harness.record.quoting import clip

# How servers say that they do not have a call, beside that it is closed.
NOT_SUPPORTED = ("not supported", "unsupported", "not implemented")
# Of load and unload this may speak of the model; 405 and 501 speak of the call.
NOT_FOUND = 404
_WORDS = re.compile(rb"[\w.:+-]+")
WHY_NOT = "the policy does not say whether management may be reached (criteria.management_reachable)"


@dataclass(frozen=True, slots=True)
class _Call:
    """A management call that changes nothing, and the same with a verb that nobody has."""

    name: str
    method: str
    path: str
    invented: str
    body: bytes | None = None


READING = (
    _Call("index", "POST", INDEX, "/v2/repository/art15index", b"{}"),
    _Call("log settings", "GET", "/v2/logging", "/v2/art15logging"),
    _Call("trace settings", "GET", "/v2/trace/setting", "/v2/trace/art15setting"),
    _Call("shared memory, status", "GET", "/v2/systemsharedmemory/status", "/v2/systemsharedmemory/art15verb"),
    _Call("CUDA shared memory, status", "GET", "/v2/cudasharedmemory/status", "/v2/cudasharedmemory/art15verb"),
)
# Only ever for a name that the endpoint itself says it does not have.
CONTROL = tuple(
    _Call(verb, "POST", repository_path(UNKNOWN_MODEL, verb), repository_path(UNKNOWN_MODEL, "art15verb"), b"{}")
    for verb in ("load", "unload")
)
RPCS = ("RepositoryModelLoad", "RepositoryModelUnload")


@check(
    "security-management-reachable",
    duties=["A15-5-a"],
    criterion="the policy says whether management calls may be reached: observe (the default), warn or fail",
    advice=[Advice.CLOSED_MANAGEMENT],
    only_records=True,
    fix="Serve management on another port, or ask for rights of its own; switch off what is not used.",
)
def security_management_reachable(probe: Probe) -> None:
    """Whether management calls can be reached with the rights of an inference is seen.

    The index, log and trace settings and the status of shared memory are read. Load and unload are sent for an invented
    name, and only where neither the index nor the model metadata knows it; nothing that could change anything is sent.
    A call counts as reached unless it is refused for rights, said to be switched off, or answered like a verb that
    nobody has. With criteria.management_reachable = "warn" or "fail" in the policy that is a finding; by default it is
    recorded. MITRE ATLAS AML.T0040.
    """
    seen = [found for call in READING if (found := _asked(probe, call)) is not None]
    listed = next((exchange for name, exchange, _ in seen if name == "index"), None)
    if _is_nobody(probe, listed):
        seen += [found for call in CONTROL if (found := _asked(probe, call)) is not None]
    else:
        probe.observe("load and unload: not sent, since the endpoint does not say that it lacks the invented model")
    _judge(probe, seen)


@check(
    "security-grpc-management-reachable",
    duties=["A15-5-a"],
    criterion="the policy says whether management calls may be reached: observe (the default), warn or fail",
    advice=[Advice.CLOSED_MANAGEMENT],
    transport="grpc",
    only_records=True,
    fix="Serve management on another port, or ask for rights of its own; switch off what is not used.",
)
def security_grpc_management_reachable(probe: Probe) -> None:
    """Whether the repository can be reached over gRPC with the rights of an inference is seen.

    The index is asked first. Where it can be read, and does not have the invented name, load and unload are called for
    that name. Elsewhere the layout of their messages is not known (in KServe's the name is another field): they get
    bytes that are no message, which no server can carry out, and any answer but UNIMPLEMENTED or a refusal for rights
    counts as reached; but where the index is closed, only an answer OK does, since bytes that cannot be read are
    refused before rights are looked at. What comes of it is as over REST. MITRE ATLAS AML.T0040.
    """
    from harness.probing.grpc_calls import NO_MESSAGE, load_of_nobody  # noqa: PLC0415 -- needs the extra grpc

    index = probe.grpc.call("RepositoryIndex")
    message = load_of_nobody(index)
    asked = [("RepositoryIndex", index), *((method, probe.grpc.call(method, message)) for method in RPCS)]
    seen = []
    for method, exchange in asked:
        if exchange.rpc is None:
            probe.observe(f"{method}: {status_of(exchange)}")
        elif method in RPCS and message == NO_MESSAGE and guarded(index) and _unread(exchange):
            probe.observe(f"{method}: not decided, bytes that are no message stay unread ({status_of(exchange)})")
        else:
            seen.append((method, exchange, _rpc_state(exchange)))
    _judge(probe, seen)


def _unread(exchange: Exchange) -> bool:
    """Whether it may have been refused because it could not be read, by whatever reads messages."""
    return exchange.rpc is not None and exchange.rpc.name in ("INTERNAL", "UNKNOWN", "INVALID_ARGUMENT")


def _rpc_state(exchange: Exchange) -> str:
    assert exchange.rpc is not None
    if exchange.rpc.name == "UNIMPLEMENTED":
        return "absent"
    if guarded(exchange):
        return "closed"
    return "absent" if not exchange.ok and _is_off(exchange.rpc.details) else "reachable"


def _asked(probe: Probe, call: _Call) -> tuple[str, Exchange, str] | None:
    """Name, answer and state of a call over REST; None without an answer, which is noted."""
    exchange = probe.client.send(call.method, call.path, call.body)
    if exchange.error is not None or exchange.status is None:
        probe.observe(f"{call.name}: {status_of(exchange)}")
        return None
    # A server that answers every path alike, with 200 and a page, say, has none of them.
    others = [] if guarded(exchange) else [probe.client.send(call.method, call.invented, call.body)]
    state = _state(exchange, others, call)
    if state == "reachable":
        # Answers may have an id or a time of their own: what another answer to the invented path has otherwise.
        others.append(probe.client.send(call.method, call.invented, call.body))
        state = _state(exchange, others, call)
    return call.name, exchange, state


def _is_nobody(probe: Probe, listed: Exchange | None) -> bool:
    """Whether the endpoint says that it does not have the invented model: no metadata, and no row in an index."""
    if listed is not None and listed.ok and (value_of(listed) is None or of_name(listed, UNKNOWN_MODEL)):
        return False
    return refused(probe.client.model_metadata(UNKNOWN_MODEL))


def _judge(probe: Probe, seen: Sequence[tuple[str, Exchange, str]]) -> None:
    if not seen:
        probe.untestable("no management call was answered")
    wanted = probe.endpoint.policy.criteria.management_reachable
    for name, exchange, state in seen:
        probe.observe(f"{name}: {state} ({clip(status_of(exchange), 120)})")
    reached = [name for name, _, state in seen if state == "reachable"]
    for name, exchange, state in seen:
        if state == "reachable":
            probe.fact("management", name, f"reachable: {clip(status_of(exchange), 80)}", exchange)
    if reached and wanted == "observe":
        probe.not_applicable(f"{WHY_NOT}; reachable: {', '.join(reached)}")
    for name, exchange, state in seen:
        probe.holds(
            state != "reachable",
            expected="closed to those who may only infer",
            observed=f"{name}: {state} ({clip(status_of(exchange), 120)})",
            exchange=exchange,
            root=f"management-reachable:{name}",
            by_policy=wanted == "fail",
        )


def _state(exchange: Exchange, invented: Sequence[Exchange], call: _Call) -> str:
    if guarded(exchange):
        return "closed"
    if exchange.status in ABSENT and (call in READING or exchange.status != NOT_FOUND or _is_page(exchange)):
        return "absent"
    if call in READING and exchange.ok and not exchange.response_body.strip():
        return "absent"  # 200, and nothing was told
    if invented and all(each.status == exchange.status for each in invented) and _alike(exchange, invented, call):
        return "absent"
    text = exchange.response_body[:2000].decode("utf-8", "replace")
    return "absent" if not exchange.ok and _is_off(text) else "reachable"


def _is_page(exchange: Exchange) -> bool:
    """Whether it is a page for people, which says nothing of a model."""
    return exchange.media_type == "text/html"


def _alike(exchange: Exchange, invented: Sequence[Exchange], call: _Call) -> bool:
    """Whether bodies are the same but for the path that they may repeat, and for words that are never the same."""
    words = _WORDS.findall(exchange.response_body.replace(call.path.encode(), b""))
    others = [_WORDS.findall(each.response_body.replace(call.invented.encode(), b"")) for each in invented]
    if any(len(each) != len(words) for each in others):
        return False
    return all(
        word == found[0] or any(other != found[0] for other in found)
        for word, *found in zip(words, *others, strict=True)
    )


def _is_off(text: str) -> bool:
    lowered = text.lower()
    return any(words in lowered for words in NOT_SUPPORTED)
