"""Access over gRPC without the right credentials."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from harness.check import Untestable, check
from harness.criteria import Criterion
from harness.judging.open_access import EVERYWHERE, nowhere, required, rest_asks
from harness.probing.credentials import configured, ordinary, refuses_credentials, wrong_headers
from harness.probing.probe import Probe
from harness.probing.replies import status_of
from harness.record.exchange import Exchange, Headers

# Tries with wrong credentials on one connection.
INSISTING = 5
Caller = Callable[..., Exchange]
"""``(right credentials, metadata instead of them, fresh=on a connection of its own)``."""


@check(
    "security-grpc-no-access-without-credentials",
    duties=["A15-5-a"],
    criterion="no call but health is served without credentials or with wrong ones",
    criteria=[Criterion.NO_OPEN_ACCESS],
    transport="grpc",
    faults=[
        "auth-grpc-open",
        "auth-grpc-metadata-open",
        "auth-any-token-on-infer",
        "auth-token-case-folded",
        "auth-empty-token-accepted",
        "auth-third-try-accepted",
        "auth-grpc-remembered-by-connection",
    ],
    fix="Check the metadata of every call in one interceptor.",
)
def security_grpc_no_access_without_credentials(probe: Probe) -> None:
    """Nothing but health is served over gRPC without the right credentials.

    Each call that is OK with the right credentials is made without any and with wrong ones on new connections, without
    any on one that has carried the right ones, and server metadata with wrong ones again and again on one. That
    credentials are needed may also be seen over REST. MITRE ATLAS AML.T0040.
    """
    configured(probe, or_required=True)
    asks, rows = False, []
    wrong = wrong_headers(probe)
    for name, health, call in _calls(probe):
        if not call(True, (), fresh=False).ok:
            continue
        for why, answer in _tries(call, wrong, INSISTING if name == "ServerMetadata" else 0):
            asks = asks or refuses_credentials(answer)
            rows.append((f"{name}, {why}", health, answer))
    asks = asks or rest_asks(probe)
    if not asks and not required(probe):
        nowhere(probe, next((answer for _, health, answer in rows if not health), None))
    for name, health, answer in rows:
        observed = f"{name}: {status_of(answer)}"
        if health:
            if "no credentials" in observed:
                probe.observe(observed)
        else:
            root = f"open-access-grpc:{name.partition(',')[0].partition(' ')[0]}" if asks else EVERYWHERE
            probe.holds(not answer.ok, expected="no OK", observed=observed, exchange=answer, root=root)
    if not any(not health for _, health, _ in rows):
        probe.untestable("no call is served with the credentials that were given")


def _tries(call: Caller, wrong: list[tuple[str, Headers]], insisting: int) -> Iterator[tuple[str, Exchange]]:
    """The call with no credentials and with each of the wrong ones, the first of those ``insisting`` times more."""
    # A connection that has just carried the right credentials is no credential itself.
    yield "no credentials, on a connection that had them", call(False, (), fresh=False)
    yield "no credentials", call(False, ())
    for why, headers in wrong:
        yield why, call(False, headers)
    for why, headers in wrong[:1]:
        # The endpoint must not tire of refusing.
        for n in range(1, insisting + 1):
            yield f"{why}, try {n} on a connection", call(False, headers, fresh=False)


def _calls(probe: Probe) -> list[tuple[str, bool, Caller]]:
    """Calls by name, whether they are of health, and how to make them with or without the right credentials."""
    from harness.probing.grpc_calls import infer_message, named  # noqa: PLC0415 -- needs the extra grpc

    def caller(method: str, message: object) -> Caller:
        def call(credentials: bool, metadata: Headers, *, fresh: bool = True) -> Exchange:
            given = metadata if credentials else (metadata or ordinary(probe))
            return probe.grpc.call(method, message, credentials=credentials, metadata=given, fresh=fresh)

        return call

    found = [
        ("ServerLive", True, caller("ServerLive", b"")),
        ("ServerReady", True, caller("ServerReady", b"")),
        ("ServerMetadata", False, caller("ServerMetadata", b"")),
        ("RepositoryIndex", False, caller("RepositoryIndex", b"")),
        ("ModelStatistics", False, caller("ModelStatistics", b"")),
        ("SystemSharedMemoryStatus", False, caller("SystemSharedMemoryStatus", b"")),
    ]
    for model in probe.endpoint.models[:2]:
        for method, health in (("ModelReady", True), ("ModelMetadata", False), ("ModelConfig", False)):
            message = named(method, model.name, model.version)
            found.append((f"{method} of {model.name}", health, caller(method, message)))
        try:
            found.append((f"ModelInfer of {model.name}", False, caller("ModelInfer", infer_message(model))))
        except Untestable:
            continue
    return found
