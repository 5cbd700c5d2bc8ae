"""Secrets in what describes the service: anybody who may ask for metadata may read them."""

from __future__ import annotations

from harness.check import check
from harness.criteria import Advice
from harness.judging.disclosure import DISCLOSURE, SECRET, words
from harness.oracles.disclosure import INSIDE, SECRETS, disclosures
from harness.probing.probe import Probe
from harness.record.exchange import Exchange


@check(
    "security-metadata-holds-no-secret",
    duties=["A15-5-h"],
    criterion="no metadata, configuration, setting, index or metric holds a key, a token or a password",
    advice=[Advice.NO_SECRETS, Advice.NO_DISCLOSURE],
    faults=[
        "access-key-in-metadata",
        "database-url-in-metadata",
        "private-key-in-metadata",
        "environment-in-server-metadata",
        "password-in-configuration",
        "access-key-in-statistics",
    ],
    fix="Keep secrets out of model configurations and their properties; the server hands those out as they are.",
)
def security_metadata_holds_no_secret(probe: Probe) -> None:
    """What describes the service holds no secret.

    Metadata of server and models, and where they are offered configuration, log and trace settings, index, statistics
    and metrics. Only patterns of high confidence (private keys, tokens of well-known kinds, addresses with a password,
    assigned secrets); a secret is shown by its first characters only. The environment in server metadata counts too.
    Paths of the host are recorded and not held against anybody: configurations have them by design.
    MITRE ATLAS AML.T0063.
    """
    _judge(probe, [(name, exchange, words(exchange)) for name, exchange in _described(probe) if exchange.ok])


@check(
    "security-grpc-metadata-holds-no-secret",
    duties=["A15-5-h"],
    criterion="no metadata, configuration, index or statistics over gRPC hold a key, a token or a password",
    advice=[Advice.NO_SECRETS, Advice.NO_DISCLOSURE],
    transport="grpc",
    faults=["access-key-in-metadata", "database-url-in-metadata", "private-key-in-metadata"],
    fix="Keep secrets out of model configurations and their properties; the server hands those out as they are.",
)
def security_grpc_metadata_holds_no_secret(probe: Probe) -> None:
    """What describes the service over gRPC holds no secret.

    As over REST, with ServerMetadata, RepositoryIndex and ModelStatistics, and per model ModelMetadata and ModelConfig.
    Texts are found in fields of every number, so that layouts of other servers are read as well. MITRE ATLAS AML.T0063.
    """
    from harness.probing.grpc_calls import named, texts_of  # noqa: PLC0415 -- needs the extra grpc

    general = {"server metadata": "ServerMetadata", "repository index": "RepositoryIndex",
               "statistics": "ModelStatistics"}  # fmt: skip
    calls = [(name, probe.grpc.call(method)) for name, method in general.items()]
    for model in probe.endpoint.models:
        for name, method in (("metadata", "ModelMetadata"), ("configuration", "ModelConfig")):
            calls.append((f"{name} of {model.name}", probe.grpc.call(method, named(method, model.name, model.version))))
    _judge(probe, [(name, exchange, texts_of(exchange.response_body)) for name, exchange in calls if exchange.ok])


def _judge(probe: Probe, read: list[tuple[str, Exchange, str]]) -> None:
    if not read:
        probe.untestable("no description of the service could be read")
    for name, exchange, text in read:
        _look(probe, name, exchange, text)


def _look(probe: Probe, name: str, exchange: Exchange, text: str) -> None:
    """One case for one description; several models with a secret at the same place are one root cause."""
    kind = name.partition(" of ")[0]
    found = disclosures(text, SECRETS)
    (probe.endpoint.rest or probe.grpc).recorder.redactor.add([each.value for each in found])
    for each in found:
        probe.holds(False, clause=SECRET, expected="no secret", observed=f"{name}: {each.text}", exchange=exchange,
                    root=f"secret-in:{kind}")  # fmt: skip
    if not found:
        probe.holds(True, clause=SECRET, expected="no secret", observed=name, exchange=exchange)
    for each in disclosures(text, INSIDE):
        probe.observe(f"{name}: {each.category}, {each.text}")
        if each.category == "environment" and kind == "server metadata":
            probe.holds(False, clause=DISCLOSURE, expected="nothing of the environment", observed=each.text,
                        exchange=exchange, root="discloses:environment")  # fmt: skip


def _described(probe: Probe) -> list[tuple[str, Exchange]]:
    client, target = probe.client, probe.endpoint
    found = [
        ("server metadata", target.metadata_exchange),
        ("log settings", client.send("GET", "/v2/logging")),
        ("trace settings", client.send("GET", "/v2/trace/setting")),
        ("repository index", client.send("POST", "/v2/repository/index", b"{}")),
        ("statistics", client.send("GET", "/v2/models/stats")),
        ("metrics", client.send("GET", "/metrics")),
    ]
    for model in target.models:
        path = client.model_path(model.name, model.address)
        found.append((f"metadata of {model.name}", client.send("GET", path)))
        found.append((f"configuration of {model.name}", client.send("GET", f"{path}/config")))
    return found
