"""Faults by Toxiproxy, over its HTTP API as its README documents it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

import httpx
import msgspec

from harness.drills.faults.fault import TOXIPROXY, FaultError, Happening, Undo, done
from harness.drills.kinds import ToxiproxyFault
from harness.drills.undoing import command
from harness.record.quoting import clip

# Toxiproxy refuses what calls itself a browser, and nothing else.
_AGENT = {"User-Agent": "art15"}
_MOST_SAID = 400
_GONE = 404
_ENABLED, _DISABLED = b'{"enabled":true}', b'{"enabled":false}'


@dataclass(slots=True)
class Toxic:
    """Toxics on one proxy, or its end; see :class:`harness.drills.faults.fault.DrillFault`.

    Attributes:
        drill: its name, of which the names of the toxics are made.
    """

    table: ToxiproxyFault
    drill: str
    name: str = "toxiproxy"
    caused_by: str = TOXIPROXY
    standing: Sequence[Undo] = ()

    @property
    def target(self) -> str:
        """The proxy."""
        return self.table.proxy

    @property
    def undo(self) -> Sequence[Undo]:
        """Remove the toxics, or enable the proxy."""
        calls = [("DELETE", url, "") for url in self._toxics()] or [("POST", self._proxy, _ENABLED.decode())]
        return [Undo(command("call", *call)) for call in calls]

    def prepare(self) -> None:
        """Ask for the proxy; one that is disabled is none to drill."""
        try:
            enabled = msgspec.json.decode(self._call("GET", self._proxy).content, type=_Known).enabled
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise FaultError(f"Toxiproxy cannot be asked for {self.table.proxy}: {error}") from None
        if not enabled:
            raise FaultError(f"the proxy {self.table.proxy} of Toxiproxy is disabled before anything was caused")

    def inject(self) -> Happening:
        """Add the toxics, or disable the proxy."""
        return done("Toxiproxy was told", self._add)

    def revert(self) -> Happening:
        """Remove the toxics, or enable the proxy."""
        return done("Toxiproxy was told to pass everything", self._remove)

    def close(self) -> None:
        """Nothing was started."""

    def _add(self) -> str:
        if not self.table.toxics:
            self._call("POST", self._proxy, _DISABLED)
            return "disabled"
        for toxic, url in zip(self.table.toxics, self._toxics(), strict=True):
            body = {**msgspec.to_builtins(toxic), "name": url.rpartition("/")[2]}
            self._call("POST", f"{self._proxy}/toxics", msgspec.json.encode(body))
        return f"{len(self.table.toxics)} toxics added"

    def _remove(self) -> str:
        if not self.table.toxics:
            self._call("POST", self._proxy, _ENABLED)
            return "enabled"
        for url in self._toxics():
            self._call("DELETE", url)
        return "removed"

    @property
    def _proxy(self) -> str:
        return f"{self.table.api.rstrip('/')}/proxies/{quote(self.table.proxy, safe='')}"

    def _toxics(self) -> list[str]:
        """The address of each toxic."""
        return [f"{self._proxy}/toxics/art15-{self.drill}-{n}" for n in range(1, len(self.table.toxics) + 1)]

    def _call(self, method: str, url: str, body: bytes | None = None) -> httpx.Response:
        """One call.

        Raises:
            OSError: it was not answered, or with an error; that a toxic to be removed is gone is none.
        """
        headers = {**_AGENT, "Content-Type": "application/json"}
        try:
            found = httpx.request(
                method, url, content=body, headers=headers, timeout=self.table.timeout_s, trust_env=False
            )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise OSError(f"{method} {url}: {str(error) or type(error).__name__}") from error
        if not found.is_success and not (method == "DELETE" and found.status_code == _GONE):
            raise OSError(f"{method} {url} is answered with {found.status_code}: {clip(found.text, _MOST_SAID)}")
        return found


class _Known(msgspec.Struct, frozen=True):
    enabled: bool
