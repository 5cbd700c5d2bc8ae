"""Management calls: whether they can be reached with no more rights than an inference needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.check import check
from harness.record.exchange import Exchange
from harness.target.probe import UNKNOWN_MODEL, Probe
from harness.target.replies import status_of

CLOSED = frozenset({401, 403, 407})
ABSENT = frozenset({404, 405, 501})
RPC_CLOSED = frozenset({"UNAUTHENTICATED", "PERMISSION_DENIED"})
# How servers say that a call of theirs is switched off.
SWITCHED_OFF = ("not allowed", "not enabled", "disabled", "not supported", "unsupported", "read-only")
# A setting and a region that no server has: nothing can be changed by naming them.
SETTING = b'{"art15_no_such_setting":""}'
REGION = "art15-no-such-region-7f3a"
WHY_NOT = "the policy does not say whether management may be reached (criteria.management_reachable)"


@dataclass(frozen=True, slots=True)
class _Call:
    """A management call that changes nothing, and the same with a verb that nobody has."""

    name: str
    method: str
    path: str
    invented: str
    body: bytes | None = None


CALLS = (
    _Call("load", "POST", f"/v2/repository/models/{UNKNOWN_MODEL}/load",
          f"/v2/repository/models/{UNKNOWN_MODEL}/art15verb", b"{}"),
    _Call("unload", "POST", f"/v2/repository/models/{UNKNOWN_MODEL}/unload",
          f"/v2/repository/models/{UNKNOWN_MODEL}/art15verb", b"{}"),
    _Call("log settings read", "GET", "/v2/logging", "/v2/art15logging"),
    _Call("log settings written", "POST", "/v2/logging", "/v2/art15logging", SETTING),
    _Call("trace settings read", "GET", "/v2/trace/setting", "/v2/trace/art15setting"),
    _Call("trace settings written", "POST", "/v2/trace/setting", "/v2/trace/art15setting", SETTING),
    _Call("shared memory, status", "GET", "/v2/systemsharedmemory/status", "/v2/systemsharedmemory/art15verb"),
    _Call("shared memory, unregister", "POST", f"/v2/systemsharedmemory/region/{REGION}/unregister",
          f"/v2/systemsharedmemory/region/{REGION}/art15verb", b"{}"),
    _Call("CUDA shared memory, status", "GET", "/v2/cudasharedmemory/status", "/v2/cudasharedmemory/art15verb"),
)  # fmt: skip
RPCS = ("RepositoryModelLoad", "RepositoryModelUnload")


@check(
    "security-management-reachable",
    duties=["A15-5-a"],
    criterion="the policy says whether management calls may be reached: observe (the default), warn or fail",
    advice=["closed-management"],
    only_records=True,
    fix="Serve management on another port, or ask for rights of its own; switch off what is not used.",
)
def security_management_reachable(probe: Probe) -> None:
    """Whether management calls can be reached with the rights of an inference is seen.

    Load and unload of a model that no server has, reading of log and trace settings and writing of a setting that no
    server has, status of shared memory and removal of a region that no server has: nothing changes. A call counts as
    reached unless it is refused for rights, said to be switched off, or answered like a verb that nobody has. With
    criteria.management_reachable = "warn" or "fail" in the policy that is a finding; by default it is recorded.
    MITRE ATLAS AML.T0040.
    """
    seen = []
    for call in CALLS:
        exchange = probe.client.send(call.method, call.path, call.body)
        if exchange.error is not None or exchange.status is None:
            probe.observe(f"{call.name}: {status_of(exchange)}")
            continue
        other = probe.client.send(call.method, call.invented, call.body) if exchange.status in ABSENT else None
        seen.append((call.name, exchange, _state(exchange, other, call)))
    _judge(probe, seen)


@check(
    "security-grpc-management-reachable",
    duties=["A15-5-a"],
    criterion="the policy says whether management calls may be reached: observe (the default), warn or fail",
    advice=["closed-management"],
    transport="grpc",
    only_records=True,
    fix="Serve management on another port, or ask for rights of its own; switch off what is not used.",
)
def security_grpc_management_reachable(probe: Probe) -> None:
    """Whether load and unload can be reached over gRPC with the rights of an inference is seen.

    Both, for a model that no server has; what counts as reached, and what comes of it, is as over REST. MITRE ATLAS
    AML.T0040.
    """
    from harness.target.grpc_calls import named  # noqa: PLC0415 -- needs the extra grpc

    seen = []
    for method in RPCS:
        exchange = probe.grpc.call(method, named(method, UNKNOWN_MODEL))
        if exchange.rpc is None:
            probe.observe(f"{method}: {status_of(exchange)}")
            continue
        if exchange.rpc.name == "UNIMPLEMENTED":
            state = "absent"
        elif exchange.rpc.name in RPC_CLOSED:
            state = "closed"
        else:
            state = "switched off" if _is_off(exchange.rpc.details) else "reachable"
        seen.append((method, exchange, state))
    _judge(probe, seen)


def _judge(probe: Probe, seen: Sequence[tuple[str, Exchange, str]]) -> None:
    if not seen:
        probe.untestable("no management call was answered")
    wanted = probe.target.policy.criteria.management_reachable
    for name, exchange, state in seen:
        probe.observe(f"{name}: {state} ({status_of(exchange)[:120]})")
    reached = [name for name, _, state in seen if state == "reachable"]
    if reached and wanted == "observe":
        probe.not_applicable(f"{WHY_NOT}; reachable: {', '.join(reached)}")
    for name, exchange, state in seen:
        probe.holds(
            state != "reachable",
            expected="closed to those who may only infer",
            observed=f"{name}: {state} ({status_of(exchange)[:120]})",
            exchange=exchange,
            root=f"management-reachable:{name}",
            by_policy=wanted == "fail",
        )


def _state(exchange: Exchange, invented: Exchange | None, call: _Call) -> str:
    if exchange.status in CLOSED:
        return "closed"
    if invented is not None and invented.status == exchange.status and _alike(exchange, invented, call):
        return "absent"
    text = exchange.response_body[:2000].decode("utf-8", "replace")
    if not exchange.ok and _is_off(text):
        return "switched off"
    return "reachable"


def _alike(exchange: Exchange, invented: Exchange, call: _Call) -> bool:
    """Whether both bodies are the same but for the path that they may repeat."""
    one = exchange.response_body.replace(call.path.encode(), b"")
    return one == invented.response_body.replace(call.invented.encode(), b"")


def _is_off(text: str) -> bool:
    lowered = text.lower()
    return any(words in lowered for words in SWITCHED_OFF)
