"""The models that an endpoint lists, over whichever transport; of a list without end, its beginning."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from harness.endpoint.describing import grpc_part
from harness.endpoint.known import value_of
from harness.endpoint.listed import Listed, TooLong
from harness.record.coding import Undecodable, codings, decode
from harness.record.exchange import Exchange
from harness.wire import strictjson
from harness.wire.reading import MORE, MORE_BODY
from harness.wire.rest import RestClient

if TYPE_CHECKING:
    from harness.wire.rpc import GrpcClient

# So an index marks a model that is there and not loaded; it is not under test.
UNAVAILABLE = "UNAVAILABLE"
# Of a list that is more than is read, so many bytes are looked through for whole rows.
BEGINNING = 1 << 20
_BETWEEN = re.compile(r"[ ,\t\r\n]*")


@dataclass(frozen=True, slots=True)
class Listing:
    """What the endpoint lists.

    Attributes:
        there: whether there is any listing.
        rows: of it.
        unread: why these are only its beginning; empty where they are all.
    """

    there: bool = False
    rows: list[Listed] = field(default_factory=list)
    unread: str = ""

    @property
    def names(self) -> tuple[str, ...] | None:
        """Every name once; None where not all of them are known."""
        return self.loaded if self.there and not self.unread else None

    @property
    def loaded(self) -> tuple[str, ...]:
        """The name of each model that can be under test."""
        return tuple(dict.fromkeys(row.name for row in self.rows if row.state != UNAVAILABLE))

    @property
    def unloaded(self) -> tuple[str, ...]:
        """The name of each model that is listed and not loaded."""
        return tuple(dict.fromkeys(row.name for row in self.rows if row.state == UNAVAILABLE))

    @property
    def versions(self) -> dict[str, str | None]:
        """The first version of each model that is loaded."""
        return {row.name: row.version for row in reversed(self.rows) if row.state != UNAVAILABLE}


def listing_of(rest: RestClient | None, grpc: GrpcClient | None) -> Listing:
    """The first listing that can be read whole; else the beginning of the first that there is."""
    partial = Listing()
    for client in (each for each in (rest, grpc) if each is not None):
        try:
            rows = listed_models(client) if isinstance(client, RestClient) else grpc_part().grpc_listing(client)
        except TooLong as error:
            partial = partial if partial.there else Listing(True, error.rows, f"over {client.transport} {error}")
            continue
        if rows is not None:
            return Listing(True, rows)
    return partial


def listed_models(client: RestClient) -> list[Listed] | None:
    """Every model the endpoint lists; None if it offers no listing.

    OIP itself has none: the repository extension's index and ``GET v2/models`` (KServe's own) are what servers offer.

    Raises:
        TooLong: there is one, of more than is read.
    """
    rows = _rows_in(client.send("POST", "/v2/repository/index", body=b"{}"))
    if isinstance(rows, list):
        return _rows(rows)
    value = _rows_in(client.send("GET", "/v2/models"))
    if isinstance(value, dict) and isinstance(value.get("models"), list):
        return _rows(value["models"])
    return None


def _rows_in(exchange: Exchange) -> object:
    if exchange.status != 200:
        return None
    beyond = MORE_BODY if exchange.cut else ""
    try:
        value = None if beyond else value_of(exchange)
    except strictjson.TooMuch:
        beyond = MORE
    if beyond:
        told = f"the list of models is more than is read ({len(exchange.response_body)} bytes and its parts)"
        raise TooLong(f"{told}: {beyond}", _rows(_beginning(exchange)))
    return value


def _beginning(exchange: Exchange) -> list[Any]:
    """Whole rows of the array within the first bytes; what follows is not read, however long it is."""
    try:
        body = decode(exchange.response_body, codings(exchange.response_headers), BEGINNING, partial=True)
    except Undecodable:
        return []
    text = body[:BEGINNING].decode("utf-8", "replace")
    found: list[Any] = []
    reader, position = json.JSONDecoder(), text.find("[") + 1
    while position:
        between = _BETWEEN.match(text, position)
        try:
            row, position = reader.raw_decode(text, between.end() if between else position)
        except (ValueError, RecursionError):
            break
        found.append(row)
    return found


def _rows(rows: list[Any]) -> list[Listed]:
    """Names from either listing."""
    found: list[Listed] = []
    for row in rows:
        if isinstance(row, str):
            found.append(Listed(row))
        elif isinstance(row, dict) and isinstance(row.get("name"), str):
            version, state = row.get("version"), row.get("state")
            found.append(
                Listed(
                    row["name"],
                    version if isinstance(version, str) and version else None,
                    state if isinstance(state, str) else "",
                )
            )
    return found
