"""Access over gRPC without the right credentials."""

from __future__ import annotations

from collections.abc import Callable

from harness.check import Untestable, check
from harness.record.exchange import Exchange
from harness.target.credentials import configured, ordinary, refuses_credentials, wrong_headers
from harness.target.probe import Probe
from harness.target.replies import status_of
from harness.target.strangers import nowhere, required, rest_asks


@check(
    "security-grpc-no-access-without-credentials",
    duties=["A15-5-a"],
    criterion="no call but health is served without credentials or with wrong ones",
    criteria=["no-open-access"],
    transport="grpc",
    faults=["auth-metadata-open", "auth-infer-open", "auth-management-open"],
    fix="Check the metadata of every call in one interceptor.",
)
def security_grpc_no_access_without_credentials(probe: Probe) -> None:
    """Nothing but health is served over gRPC without the right credentials.

    Each call that is OK with the right credentials is made without any and with wrong ones, on new connections. That
    credentials are needed may also be seen over REST. MITRE ATLAS AML.T0040.
    """
    configured(probe)
    asks, rows = False, []
    wrong = wrong_headers(probe)
    for name, health, call in _calls(probe):
        right = call(True, ())
        if not right.ok:
            continue
        tries = [("no credentials", call(False, ())), *((why, call(False, headers)) for why, headers in wrong)]
        for why, answer in tries:
            asks = asks or refuses_credentials(answer)
            rows.append((f"{name}, {why}", health, answer))
    asks = asks or required(probe) or rest_asks(probe)
    if not asks:
        nowhere(probe)
    for name, health, answer in rows:
        observed = f"{name}: {status_of(answer)}"
        if health:
            if "no credentials" in observed:
                probe.observe(observed)
        else:
            probe.holds(not answer.ok, expected="no OK", observed=observed, exchange=answer,
                        root=f"open-access-grpc:{name.partition(',')[0]}")  # fmt: skip
    if not any(not health for _, health, _ in rows):
        probe.untestable("no call is served with the credentials that were given")


def _calls(probe: Probe) -> list[tuple[str, bool, Callable[..., Exchange]]]:
    """Calls by name, whether they are of health, and how to make them with or without the right credentials."""
    from harness.target.grpc_calls import infer_message, named  # noqa: PLC0415 -- needs the extra grpc

    def caller(method: str, message: object) -> Callable[..., Exchange]:
        return lambda credentials, metadata: probe.grpc.call(
            method,
            message,
            credentials=credentials,
            metadata=metadata if credentials else (metadata or ordinary(probe)),
            fresh=True,
        )

    found = [
        ("ServerLive", True, caller("ServerLive", b"")),
        ("ServerReady", True, caller("ServerReady", b"")),
        ("ServerMetadata", False, caller("ServerMetadata", b"")),
        ("RepositoryIndex", False, caller("RepositoryIndex", b"")),
    ]
    for model in probe.target.models[:2]:
        if model.grpc is None:
            continue
        found.append(
            (f"ModelReady of {model.name}", True, caller("ModelReady", named("ModelReady", model.name, model.version)))
        )
        found.append(
            (
                f"ModelMetadata of {model.name}",
                False,
                caller("ModelMetadata", named("ModelMetadata", model.name, model.version)),
            )
        )
        try:
            found.append((f"ModelInfer of {model.name}", False, caller("ModelInfer", infer_message(model))))
        except Untestable:
            continue
    return found
