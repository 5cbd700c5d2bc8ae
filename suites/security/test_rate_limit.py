"""Whether a limit on the rate of requests is visible from outside."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from harness.check import check
from harness.criteria import Advice
from harness.probing.probe import Probe
from harness.probing.replies import status_of
from harness.record.exchange import Exchange
from harness.wire.pace import pause_of
from harness.wire.rest import RestClient

# Alike requests of one burst, how many at once, and for how long at most.
REQUESTS, AT_ONCE, SECONDS = 400, 4, 5.0
ANNOUNCING = ("RateLimit", "RateLimit-Limit", "RateLimit-Policy", "X-RateLimit-Limit", "X-Rate-Limit-Limit")


@check(
    "security-rate-limit-visible",
    duties=["A15-5-g.detect", "A15-5-g.respond", "A15-5-h.detect", "A15-5-h.respond"],
    criterion="a burst of alike inferences meets a limit that can be seen (429, Retry-After), or a limit is announced",
    advice=[Advice.SERVES_OTHERS],
    per="model",
    needs=["rest-infer-answers-200"],
    allow="stress",
    only_records=True,
    fix="Limit the rate of each client in front of the service, with 429 and Retry-After.",
)
def security_rate_limit_visible(probe: Probe) -> None:
    """Whether many alike inferences meet a limit is seen.

    Up to 400 of the same valid inference, four at a time, for at most five seconds and within the budget; it stops at
    the first 429, or 503 with Retry-After. Announcing headers count. No limit seen is no finding: one may lie higher,
    or count something else; the check then does not apply. MITRE ATLAS AML.T0034.000, AML.T0024.002, AML.T0005.001.
    """
    announced = [name for name in ANNOUNCING if probe.accepted().exchange.header(name)]
    begin = time.monotonic()
    sent, limited = _burst(probe)
    rate = sent / max(time.monotonic() - begin, 1e-3)
    burst = f"{sent} alike inferences, {rate:.0f} a second"
    if limited is not None:
        after = limited.header("Retry-After")
        observed = f"{burst}: {status_of(limited)}, Retry-After {after or 'not given'}"
        probe.observe(observed)
        probe.holds(True, expected="a limit, visible or not", observed=observed, exchange=limited)
    elif announced:
        probe.observe(f"announced by {', '.join(announced)}; not met by {burst}")
        probe.holds(True, expected="a limit, visible or not", observed="announced")
    else:
        probe.observe(f"no limit was visible in {burst}")
        probe.not_applicable(f"no limit was visible in {burst}: there may be one that lies higher, or none")


def _burst(probe: Probe) -> tuple[int, Exchange | None]:
    """How many were sent, and the first answer that says not now."""
    request = probe.accepted().request
    end = time.monotonic() + SECONDS
    found: list[Exchange] = []
    # A client of its own: the limit that is looked for must not slow down the rest of the run.
    with RestClient(probe.client.access, probe.client.recorder, probe.client.budget) as client:
        client.waits = False

        def one(_: int) -> bool:
            if found or time.monotonic() > end:
                return False
            exchange = client.infer(probe.model.name, request, probe.model.address)
            if pause_of(exchange) is not None:
                found.append(exchange)
            return True

        with ThreadPoolExecutor(AT_ONCE) as pool:
            sent = sum(pool.map(one, range(REQUESTS)))
    return sent, found[0] if found else None
