"""What the policy says of where models come from: ``[provenance]``, ``[artefact.MODEL]``, ``[registry]``, ``[log]``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

import msgspec

from harness.provenance.kinds import claim_kinds


class ProvenanceTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[provenance]``: claims that an endpoint must make of each model, and how it calls them.

    Attributes:
        required: names of claims, such as ``model.digest`` (``harness/provenance/claims.toml``).
        expected: name of a claim -> how its value is to look: the value itself, or with ``*`` for any text.
        keys: name of a claim -> the key under which this endpoint makes it, beside that of the convention.
        model_version: the claim that ``model_version`` of an answer is, such as ``model.run``; without it, none.
    """

    required: list[str] = []
    expected: dict[str, str] = {}
    keys: dict[str, str] = {}
    model_version: str | None = None

    def __post_init__(self) -> None:
        named = [*self.required, *self.expected, *self.keys, *([self.model_version] if self.model_version else [])]
        for name in named:
            if name not in claim_kinds():
                raise ValueError(f"{name!r} is no claim; there are {', '.join(claim_kinds())}")

    @property
    def asks(self) -> list[str]:
        """The claims that must be made, in the order of the policy."""
        return list(dict.fromkeys([*self.required, *self.expected]))


class ArtefactTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[artefact.MODEL]``: the artefact that a model is to be served from, and what was made beside it.

    Attributes:
        path: the file or the folder.
        version: of the model that it is; without it, of whichever is probed.
        signature: an OpenSSF model signature of it (a Sigstore bundle).
        key: the public key of the signature, in PEM.
        bill: a bill of materials in CycloneDX (JSON) that states its digest.
    """

    path: str
    version: str | None = None
    signature: str | None = None
    key: str | None = None
    bill: str | None = None

    def __post_init__(self) -> None:
        if (self.signature is None) != (self.key is None):
            raise ValueError("signature and key are given together")


class RegistryTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[registry]``: where models are to come from; one of ``layout`` and ``mlflow``.

    Attributes:
        layout: a folder that is an OCI image layout.
        mlflow: address of a server of MLflow, without credentials.
        token_env: the environment variable that holds a token for it; or ``user_env`` and ``password_env``.
        user_env, password_env: the environment variables that hold a name and a password for it.
        download_mebibytes: that the artefacts of one entry may have.
        download_s: within which one entry is to be there with its artefacts.
    """

    layout: str | None = None
    mlflow: str | None = None
    token_env: str | None = None
    user_env: str | None = None
    password_env: str | None = None
    download_mebibytes: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 1024
    download_s: Annotated[float, msgspec.Meta(gt=0, le=3600)] = 60.0

    def __post_init__(self) -> None:
        if (self.layout is None) == (self.mlflow is None):
            raise ValueError("a registry is a layout, or mlflow")
        named = [self.token_env, self.user_env, self.password_env]
        if self.layout is not None and any(named):
            raise ValueError("a layout needs no credentials")
        if (self.user_env is None) != (self.password_env is None) or (self.token_env and self.user_env):
            raise ValueError("credentials are a token_env, or a user_env with its password_env")
        if self.mlflow is not None:
            _refuse_address(self.mlflow)


def _refuse_address(address: str) -> None:
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("mlflow is the address of a server: http(s)://HOST:PORT")
    # A policy is kept, and so would be a password; the message names none.
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError("mlflow is an address without credentials, query and fragment; those stand in the environment")


LOGGED = ("id", "model", "version", "request_sha256", "response_sha256")
"""What an entry of a log may have; ``id`` it must."""


class LogPart(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[log.responses]`` or ``[log.errors]``: a further table of the same database.

    Attributes:
        table: its name, with its schema where it has one.
        columns: what it calls ``id`` and the rest, as ``[log.columns]`` does.
    """

    table: str
    columns: dict[str, str] = {}

    def __post_init__(self) -> None:
        _refuse_columns(self.columns)


def _refuse_columns(columns: Mapping[str, str]) -> None:
    unknown = [name for name in columns if name not in LOGGED]
    if unknown:
        raise ValueError(f"{', '.join(unknown)} is no column that is looked at; there are {', '.join(LOGGED)}")


class LogTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[log]``: where the service writes an entry for each inference.

    Attributes:
        path: a file, ``.jsonl``, ``.csv`` or ``.parquet``.
        path_env: the environment variable that holds its path, instead.
        database_env: the environment variable that holds the URL of a database, for SQLAlchemy. A URL may hold a
            password, and a policy is kept.
        table: of the database, with its schema where it has one.
        cloudevents: HOST:PORT at which events of inferences are waited for; nothing else is then read.
        columns: what the log calls ``id``, ``model``, ``version``, ``request_sha256`` and ``response_sha256``; what is
            not named is not compared, but for ``id``.
        responses: a table of the database that has an entry of each answer, where requests and answers are apart.
        errors: a table of the database that has an entry of each request that was refused, and of no other.
        refused: whether requests that are refused are to be logged as well.
        wait_s: within which an entry is to be there.
        requests: that are sent and looked up.
    """

    path: str | None = None
    path_env: str | None = None
    database_env: str | None = None
    table: str | None = None
    cloudevents: str | None = None
    columns: dict[str, str] = {}
    responses: LogPart | None = None
    errors: LogPart | None = None
    refused: Literal["either", "logged", "absent"] = "either"
    wait_s: Annotated[float, msgspec.Meta(ge=0, le=100)] = 10.0
    requests: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 50

    def __post_init__(self) -> None:
        given = [each for each in (self.path, self.path_env, self.database_env, self.cloudevents) if each is not None]
        if len(given) != 1 or (self.database_env is None) != (self.table is None):
            raise ValueError("a log is a path, a path_env, a database_env with its table, or cloudevents")
        if self.cloudevents is not None:
            self.listen_at  # noqa: B018 -- refuses what is no address
        _refuse_columns(self.columns)
        if self.database_env is None and (self.responses or self.errors):
            raise ValueError("responses and errors are further tables of a database: database_env is to name it")

    @property
    def beside(self) -> dict[str, LogTable]:
        """The further tables, each as a log of its own."""
        return {
            name: msgspec.structs.replace(self, table=part.table, columns=part.columns, responses=None, errors=None)
            for name, part in (("responses", self.responses), ("errors", self.errors))
            if part is not None
        }

    @property
    def listen_at(self) -> tuple[str, int]:
        """Host and port of ``cloudevents``.

        Raises:
            ValueError: it is no address.
        """
        host, _, port = (self.cloudevents or "").rpartition(":")
        if not (host and port.isascii() and port.isdecimal() and 0 < int(port[:6]) < 65_536):
            raise ValueError(f"cloudevents = {self.cloudevents!r} is no address to listen at: write 127.0.0.1:8090")
        return host.removeprefix("[").removesuffix("]"), int(port)

    @property
    def named(self) -> dict[str, str]:
        """Our name of each column that is read, and the log's."""
        return {"id": "id"} | self.columns


def log_rooted(table: LogTable | None, policy: Path) -> LogTable | None:
    """The table, with its path as it is seen from the working directory; the file may still have to be written."""
    if table is None or table.path is None:
        return table
    return msgspec.structs.replace(table, path=str(policy.parent / table.path))


def registry_rooted(table: RegistryTable | None, policy: Path) -> RegistryTable | None:
    """The table, with its path as it is seen from the working directory.

    Raises:
        ValueError: a folder that is not there.
    """
    if table is None or table.layout is None:
        return table
    if not (policy.parent / table.layout).is_dir():
        raise ValueError(f"registry: layout = {table.layout!r} is no folder beside the policy")
    return msgspec.structs.replace(table, layout=str(policy.parent / table.layout))


def artefacts_rooted(tables: Mapping[str, ArtefactTable], policy: Path) -> dict[str, ArtefactTable]:
    """The tables, with each path as it is seen from the working directory.

    Raises:
        ValueError: a file that is not there.
    """
    found = {}
    for model, table in tables.items():
        given = {name: value for name in ("path", "signature", "key", "bill") if (value := getattr(table, name))}
        for name, value in given.items():
            if not (policy.parent / value).exists():
                raise ValueError(f"artefact of {model!r}: {name} = {value!r} is not there, beside the policy")
        found[model] = msgspec.structs.replace(
            table, **{name: str(policy.parent / value) for name, value in given.items()}
        )
    return found
