"""Toxiproxy over its HTTP API, against a small server of the calls that its README documents."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from harness.drills.declared import Drill
from harness.drills.faults.fault import FaultError
from harness.drills.injector import Injector
from tests.harness.drills.conftest import drill_of

Proxies = dict[str, dict[str, Any]]


class Api(BaseHTTPRequestHandler):
    """``GET`` and ``POST /proxies/{proxy}``, ``POST /proxies/{proxy}/toxics``, ``DELETE .../toxics/{toxic}``."""

    proxies: Proxies

    def do_GET(self) -> None:
        self.on_proxy(lambda proxy, _: (200, proxy))

    def do_POST(self) -> None:
        self.on_proxy(self.added if self.path.endswith("/toxics") else self.changed)

    def do_DELETE(self) -> None:
        name = self.path.rpartition("/")[2]
        self.on_proxy(lambda proxy, _: (204 if proxy["toxics"].pop(name, None) else 404, None))

    def added(self, proxy: dict[str, Any], body: dict[str, Any]) -> tuple[int, object]:
        if body["name"] in proxy["toxics"]:
            return 409, {"error": "toxic already exists"}
        proxy["toxics"][body["name"]] = body
        return 200, body

    def changed(self, proxy: dict[str, Any], body: dict[str, Any]) -> tuple[int, object]:
        proxy.update(body)
        return 200, proxy

    def on_proxy(self, act: Any) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
        found = self.proxies.get(self.path.split("/")[2])
        browser = self.headers["User-Agent"].startswith("Mozilla/")
        status, said = (403, None) if browser else act(found, body) if found else (404, {"error": "proxy not found"})
        data = b"" if status == 204 else json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def proxies() -> Iterator[tuple[str, Proxies]]:
    found: Proxies = {"r1": {"name": "r1", "enabled": True, "toxics": {}}}
    with ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Api,), {"proxies": found})) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", found
        server.shutdown()


def drill(api: str, toxics: str = "", proxy: str = "r1") -> Drill:
    return drill_of(f"kind = 'toxiproxy'\napi = '{api}'\nproxy = '{proxy}'\n{toxics}")


LATENCY = """toxics = [
  {type = 'latency', attributes = {latency = 300, jitter = 100}},
  {type = 'bandwidth', stream = 'upstream', toxicity = 0.5, attributes = {rate = 10}},
]"""


def test_toxics_are_added_and_removed(proxies: tuple[str, Proxies]) -> None:
    api, found = proxies
    slow = drill(api, LATENCY)
    with Injector(["faults"]) as injector:
        fault = injector.prepared(slow)
        assert (fault.target, fault.caused_by) == ("r1", "Toxiproxy")
        injector.inject(slow)
        assert list(found["r1"]["toxics"].values()) == [
            {
                "name": "art15-d-1", "type": "latency", "stream": "downstream", "toxicity": 1.0,
                "attributes": {"latency": 300, "jitter": 100},
            },
            {
                "name": "art15-d-2", "type": "bandwidth", "stream": "upstream", "toxicity": 0.5,
                "attributes": {"rate": 10},
            },
        ]  # fmt: skip
        injector.revert(slow)
        assert not found["r1"]["toxics"]
        injector.revert(slow)


def test_a_proxy_is_disabled_and_enabled(proxies: tuple[str, Proxies]) -> None:
    api, found = proxies
    down = drill(api)
    with Injector(["faults"]) as injector:
        injector.prepared(down)
        injector.inject(down)
        assert found["r1"]["enabled"] is False
        injector.revert(down)
        assert found["r1"]["enabled"] is True


@pytest.mark.parametrize("toxics", ["", LATENCY])
def test_the_watchdog_removes_what_was_not_reverted(toxics: str, proxies: tuple[str, Proxies]) -> None:
    api, found = proxies
    with Injector(["faults"]) as injector:
        injector.prepared(drill(api, toxics))
        injector.inject(drill(api, toxics))
    assert found["r1"] == {"name": "r1", "enabled": True, "toxics": {}}


def test_what_toxiproxy_refuses_is_said(proxies: tuple[str, Proxies]) -> None:
    api, found = proxies
    with Injector(["faults"]) as injector, pytest.raises(FaultError, match=r"404: .*proxy not found"):
        injector.prepared(drill(api, proxy="none"))
    with Injector(["faults"]) as injector, pytest.raises(FaultError, match="cannot be asked for r1"):
        injector.prepared(drill("http://127.0.0.1:1"))
    found["r1"]["enabled"] = False
    with Injector(["faults"]) as injector, pytest.raises(FaultError, match="is disabled before anything was caused"):
        injector.prepared(drill(api))
    found["r1"]["enabled"] = True
    found["r1"]["toxics"]["art15-d-1"] = {}
    with Injector(["faults"]) as injector:
        injector.prepared(drill(api, LATENCY))
        with pytest.raises(FaultError, match=r"409: .*toxic already exists"):
            injector.inject(drill(api, LATENCY))
