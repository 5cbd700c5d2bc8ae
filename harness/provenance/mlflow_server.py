"""A server of MLflow, asked over its REST API (MLflow 2 and 3): everything it says is bounded and read strictly.

MLflow's own client is not used: it loads what it downloads into a folder, follows what the server names, and waits as
long as the server likes.
"""

from __future__ import annotations

import hashlib
import ssl
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import quote, urlsplit

import httpx
import msgspec

from harness.provenance.registry import CannotAsk, NotThere
from harness.wire.connection import ConnectionSettings
from harness.wire.transport import DeadlineTransport

API, PROXY = "/api/2.0/mlflow", "/api/2.0/mlflow-artifacts/artifacts"
EXCHANGE_S, SMALL, FILES, DEPTH = 10.0, 4 << 20, 20_000, 8
ABSENT = "RESOURCE_DOES_NOT_EXIST"
Reply = TypeVar("Reply")


class _Refusal(msgspec.Struct):
    error_code: str = ""


class _Listed(msgspec.Struct):
    path: str
    is_dir: bool = False
    file_size: int | str | None = None


class _Listing(msgspec.Struct):
    files: list[_Listed] = []


@dataclass(slots=True)
class MlflowServer:
    """One server, for as long as one question about an entry takes.

    Args:
        address: http(s)://HOST[:PORT][/PREFIX].
        headers: with the credentials, where there are some.
        octets, seconds: that all files of an entry may have, and that all of its requests may take.
        transport: of another kind, for tests.
    """

    address: str
    headers: Mapping[str, str] = field(default_factory=dict)
    octets: int = 1 << 30
    seconds: float = 60.0
    transport: httpx.BaseTransport | None = None
    _end: float = 0.0

    def begin(self) -> None:
        """Start the clock of a question."""
        self._end = time.monotonic() + self.seconds

    def get(self, path: str, reply: type[Reply], **parameters: str) -> Reply:
        """What the API answers.

        Raises:
            NotThere: MLflow has nothing of that name; without a message.
            CannotAsk: it does not answer, refuses, or answers something else.
        """
        status, body = self._read(API + path, parameters)
        try:
            if status == httpx.codes.OK:
                return msgspec.json.decode(body, type=reply)
            if msgspec.json.decode(body, type=_Refusal).error_code == ABSENT:
                raise NotThere
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            pass
        raise CannotAsk(f"MLflow answers {path} with {status}, and not as its API does")

    def files(self, root: str) -> dict[str, str]:
        """Path of each artefact below a folder of the store -> its SHA-256 in hex; empty where there is none.

        Raises:
            CannotAsk: they are not given, or are more than may be read.
        """
        found: dict[str, str] = {}
        left = self.octets
        for name, size in list(self._walked(root, "", DEPTH, [FILES])):
            digest, octets = self._digest(f"{root}/{name}", left)
            if size is not None and size != octets:
                raise CannotAsk(f"MLflow lists {name[:100]!r} with {size} bytes, and gives {octets}")
            left -= octets
            found[name] = digest
        return found

    def _walked(self, root: str, below: str, depth: int, budget: list[int]) -> Iterator[tuple[str, int | None]]:
        path = f"{root}/{below}".rstrip("/")
        status, body = self._read(PROXY, {"path": path})
        try:
            listing = msgspec.json.decode(body, type=_Listing)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise CannotAsk("MLflow lists the artefacts in no way that is known") from None
        if status != httpx.codes.OK:
            raise CannotAsk(f"MLflow does not list the artefacts ({status}): it may serve none (--no-serve-artifacts)")
        for each in listing.files:
            budget[0] -= 1
            name = each.path.rstrip("/").rpartition("/")[2]
            if budget[0] < 0 or not depth or name in ("", ".", "..") or not name.isprintable():
                raise CannotAsk("MLflow lists more artefacts than are read, deeper ones, or names that no file has")
            if each.is_dir:
                yield from self._walked(root, f"{below}{name}/", depth - 1, budget)
            else:
                size = str(each.file_size)
                yield f"{below}{name}", int(size) if size.isdecimal() and len(size) < 20 else None

    def _digest(self, path: str, most: int) -> tuple[str, int]:
        total, octets = hashlib.sha256(), 0
        for status, chunk in self._chunks(f"{PROXY}/{quote(path)}", {}, self._left(self.seconds)):
            if status != httpx.codes.OK:
                raise CannotAsk(f"MLflow does not give an artefact that it lists ({status})")
            total.update(chunk)
            octets += len(chunk)
            if octets > most:
                raise CannotAsk(f"the artefacts are larger than the {self.octets >> 20} MiB that are read of them")
        return total.hexdigest(), octets

    def _read(self, path: str, parameters: Mapping[str, str]) -> tuple[int, bytes]:
        body, code = b"", 0
        for status, chunk in self._chunks(path, parameters, self._left(EXCHANGE_S)):
            body, code = body + chunk, status
            if len(body) > SMALL:
                raise CannotAsk(f"MLflow answers with more than {SMALL >> 20} MiB")
        return code, body

    def _left(self, seconds: float) -> float:
        left = self._end - time.monotonic()
        if left <= 0:
            raise CannotAsk(f"MLflow did not give the entry within {self.seconds:g} s")
        return min(left, seconds)

    def _chunks(self, path: str, parameters: Mapping[str, str], seconds: float) -> Iterator[tuple[int, bytes]]:
        """Status and body, piece by piece as it came; the status comes with an empty piece first."""
        # Bytes that are compressed would have to be bounded twice.
        headers = {"accept-encoding": "identity", "user-agent": "art15", **self.headers}
        transport = self.transport or DeadlineTransport(_settings(self.address))
        try:
            with (
                httpx.Client(transport=transport, timeout=seconds, trust_env=False) as client,
                client.stream("GET", self.address + path, params=parameters or None, headers=headers) as response,
            ):
                if response.headers.get("content-encoding", "identity") != "identity":
                    raise CannotAsk("MLflow answers compressed, which was not asked for")
                yield response.status_code, b""
                for chunk in response.iter_raw():
                    yield response.status_code, chunk
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise CannotAsk(f"MLflow cannot be asked: {type(error).__name__} {str(error)[:200]}".rstrip()) from None


def _settings(address: str) -> ConnectionSettings:
    # The default context trusts what the system does, or SSL_CERT_FILE.
    return ConnectionSettings(ssl.create_default_context() if urlsplit(address).scheme == "https" else None)
