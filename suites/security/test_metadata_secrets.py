"""Secrets in what describes the service: anybody who may ask for metadata may read them."""

from __future__ import annotations

from harness.check import check
from harness.oracles.disclosure import INSIDE, SECRETS, disclosures, words_of
from harness.record.exchange import Exchange
from harness.target.probe import Probe
from harness.wire import strictjson
from harness.wire.rest import json_of

SECRET, INSIDE_TOLD = "advice:no-secrets", "advice:no-disclosure"


@check(
    "security-metadata-holds-no-secret",
    duties=["A15-5-h"],
    criterion="no metadata, configuration, setting, index or metric holds a key, a token or a password",
    advice=["no-secrets", "no-disclosure"],
    faults=[],
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
    read = 0
    for name, exchange in _described(probe):
        if not exchange.ok:
            continue
        read += 1
        text = _words(exchange)
        found = disclosures(text, SECRETS)
        probe.client.recorder.redactor.add([each.value for each in found])
        for each in found:
            probe.holds(False, clause=SECRET, expected="no secret", observed=f"{name}: {each.text}", exchange=exchange,
                        root=f"secret-in:{name}")  # fmt: skip
        if not found:
            probe.holds(True, clause=SECRET, expected="no secret", observed=name, exchange=exchange)
        for each in disclosures(text, INSIDE):
            probe.observe(f"{name}: {each.category}, {each.text}")
            if each.category == "environment" and name == "server metadata":
                probe.holds(False, clause=INSIDE_TOLD, expected="nothing of the environment", observed=each.text,
                            exchange=exchange, root="discloses:environment")  # fmt: skip
    if not read:
        probe.untestable("no description of the service could be read")


def _described(probe: Probe) -> list[tuple[str, Exchange]]:
    client, target = probe.client, probe.target
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


def _words(exchange: Exchange) -> str:
    try:
        return words_of(json_of(exchange).value)
    except strictjson.NotJson:
        return exchange.response_body.decode("utf-8", "replace")
