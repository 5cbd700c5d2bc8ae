"""How the server is reached: paths, names, credentials, rates."""

from __future__ import annotations

import hmac
import time

from harness.reference.hooks import Hooks
from harness.reference.messages import Call, Reply, error
from harness.reference.variants.registry import excuse, sets, variant

# Tokens of the rate limit: how many requests at once, and how many more per second.
BURST, PER_SECOND = 60.0, 60.0
HEALTH = ("live", "ready")

variant("path-prefix", "everything is below /serving/x")(sets(prefix="/serving/x"))
variant(
    "percent-encoded-names",
    "model names have spaces, slashes and accents",
    excuses=excuse("The policy of the suite has the names of the clean server.", "accuracy-*", "robustness-*"),
)(sets(rename=lambda name: f"{name} é 1/2"))
variant(
    "versions-required",
    "paths without a version are refused (VERS-01)",
    excuses=excuse("The path of a model's trace settings has no form with a version.", "trace-settings-of-model")
    | excuse("Version 1 is probed, and the artefact of method validation is of another.", "provenance-artefact-served"),
)(sets(versions_required=True))
variant(
    "no-listing",
    "the server does not say which models it has",
    lists_models=False,
    excuses=excuse(
        "There is no repository.",
        "adversarial-*load*",
        "repository-*",
        "grpc-repository-*",
    ),
)(sets(model_listing=False))


@variant("auth-required", "everything but health needs the bearer token (--token)")
def auth_required(hooks: Hooks) -> None:
    def gate(call: Call) -> Reply | None:
        wanted = f"Bearer {hooks.settings.token}"
        given = call.headers.get("authorization", "")
        if call.op in HEALTH or hmac.compare_digest(given.encode(), wanted.encode()):
            return None
        return error(401, "credentials are needed", WWW_Authenticate="Bearer")

    hooks.gates.append(gate)


@variant(
    "rate-limited",
    "429 with Retry-After above 60 requests a second; health is exempt",
    effect="slow",
    excuses=excuse(
        "Requests go out at the pace that the limit asks for, so that hardly two are under way at once.",
        "adversarial-*-apart",
        "adversarial-*concurrent-answers-belong",
        "adversarial-*company-of-other-kinds",
    ),
)
def rate_limited(hooks: Hooks) -> None:
    bucket = {"tokens": BURST, "at": time.monotonic()}

    def gate(call: Call) -> Reply | None:
        if call.op in HEALTH:
            return None
        now = time.monotonic()
        bucket["tokens"] = min(BURST, bucket["tokens"] + (now - bucket["at"]) * PER_SECOND)
        bucket["at"] = now
        if bucket["tokens"] < 1:
            return error(429, "too many requests", Retry_After="1")
        bucket["tokens"] -= 1
        return None

    hooks.gates.append(gate)


def _redirect(hooks: Hooks, *, to_slash: bool) -> None:
    def gate(call: Call) -> Reply | None:
        if call.op != "server-metadata" or call.slashed == to_slash or not call.verb_fits:
            return None
        path = f"{hooks.settings.prefix}/v2{'/' if to_slash else ''}"
        return Reply(307, headers={"location": path})

    hooks.gates.append(gate)


@variant("slash-redirect", "GET v2 is redirected to v2/")
def slash_redirect(hooks: Hooks) -> None:
    _redirect(hooks, to_slash=True)


@variant("no-slash-redirect", "GET v2/ is redirected to v2, as FastAPI does")
def no_slash_redirect(hooks: Hooks) -> None:
    _redirect(hooks, to_slash=False)
