"""Seeded faults that the checks of ``suites/security/test_metadata_secrets.py`` find."""

from __future__ import annotations

from typing import Any

from harness.reference.faults.registry import Install, fault
from harness.reference.messages import Call

# Invented for this server; none of them opens anything.
ACCESS_KEY = "AKIA" + "QZ7SEEDEDFAULT42"
LEAK = "policy:no-leak"
DATABASE = "postgres://scoring:correct-horse-42@db-7.internal:5432/features"
PRIVATE_KEY = (
    "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIHNlZWRlZCBmYXVsdCwgbm8ga2V5IGF0IGFsbA==\n"
    "-----END PRIVATE KEY-----"
)
ENVIRONMENT = (
    "environ({'HOME': '/root', 'AWS_SECRET_ACCESS_KEY': 'wJalrSEEDEDxUtnFEMI0K7MDENG1bPxRfiCYzSEEDED', "
    "'PATH': '/usr/bin'})"
)


def _property(name: str, value: str) -> Install:
    def edit(_: Call, body: dict[str, Any]) -> None:
        body["properties"] = {**body.get("properties", {}), name: value}

    return lambda hooks: hooks.on("model-metadata")(edit)


fault(
    "access-key-in-metadata", LEAK, text="a property of the model is the access key of its store", effect="disclosure"
)(_property("store.access_key_id", ACCESS_KEY))

fault(
    "database-url-in-metadata",
    LEAK,
    text="a property of the model is the URL of a database, password and all",
    effect="disclosure",
)(_property("feature_store", DATABASE))

fault("private-key-in-metadata", LEAK, text="a property of the model is a private key", effect="disclosure")(
    _property("signing", PRIVATE_KEY)
)

fault("environment-in-server-metadata", LEAK, text="server metadata carries the environment", effect="disclosure")(
    lambda hooks: hooks.on("server-metadata")(lambda _, body: {**body, "environment": ENVIRONMENT})
)

fault(
    "password-in-configuration", LEAK, text="the configuration of the model has a password in it", effect="disclosure"
)(lambda hooks: hooks.on("config")(lambda _, body: {**body, "parameters": {"store": {"string_value": DATABASE}}}))

fault("access-key-in-statistics", LEAK, text="statistics name the store with its access key", effect="disclosure")(
    lambda hooks: hooks.on("stats", "all-stats")(lambda _, body: {**body, "store": f"s3://{ACCESS_KEY}@models"})
)
