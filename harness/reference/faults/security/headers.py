"""Seeded faults that the checks of ``suites/security/test_headers.py`` find."""

from __future__ import annotations

from collections.abc import Callable

from harness.reference.faults.registry import Install, fault
from harness.reference.messages import Call

LEAK = "policy:no-leak"


def _headers(headers: Callable[[Call], dict[str, str]]) -> Install:
    return lambda hooks: hooks.bodies.append(lambda call, reply: reply.headers.update(headers(call)))


def _cors(origin: Callable[[str], str]) -> Install:
    def headers(call: Call) -> dict[str, str]:
        allowed = origin(call.headers.get("origin", ""))
        return {"access-control-allow-origin": allowed, "access-control-allow-credentials": "true"} if allowed else {}

    return _headers(headers)


fault(
    "cors-reflects-origin",
    "policy:no-open-access",
    text="whatever origin asks is allowed, with credentials",
    effect="disclosure",
)(_cors(lambda origin: origin))

fault(
    "cors-null-allowed",
    "policy:no-open-access",
    text="the origin null is allowed, with credentials",
    effect="disclosure",
)(_cors(lambda origin: "null" if origin == "null" else ""))

fault(
    "cors-suffix-allowed",
    "policy:no-open-access",
    text="origins that begin with the server's own are allowed, with credentials",
    effect="disclosure",
)(
    _headers(
        lambda call: (
            {"access-control-allow-origin": call.headers["origin"], "access-control-allow-credentials": "true"}
            if call.headers.get("origin", "").startswith(f"http://{call.headers.get('host', '-')}")
            else {}
        )
    )
)

fault("versions-in-headers", LEAK, text="headers name the versions of everything inside", effect="disclosure")(
    _headers(lambda _: {"server": "nginx/1.14.0", "x-powered-by": "Python/3.7.3 OpenSSL/1.0.2k TensorFlow/1.15.0"})
)
