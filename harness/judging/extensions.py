"""Extensions: what is not listed is never held against the endpoint; and the paths that extensions add."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from urllib.parse import quote

from harness.probing.probe import Probe
from harness.probing.replies import error_object_problem, error_root, refused, status_of
from harness.record.exchange import Exchange
from harness.waiting import wait
from harness.wire.messages import InferRequest

# Work that an endpoint may end after its answer is waited for, in pauses that grow.
PAUSES = (0.05, 0.1, 0.2, 0.4, 0.8, 1.5, 2.0)


def claim(
    probe: Probe,
    listed: bool,
    condition: bool,
    *,
    clause: str,
    expected: str,
    observed: str,
    exchange: Exchange | None = None,
    root: str | None = None,
) -> bool:
    """Record a case of an extension that the endpoint lists; what is not listed may agree, but can break nothing.

    Something unlisted that behaves otherwise is taken for something else: the check ends, with what was seen.
    """
    if not condition and not listed:
        probe.observe(f"expected {expected}; observed {observed}", clause)
        probe.not_applicable(f"the extension is not listed, and what stands there behaves otherwise: {observed}")
    return probe.holds(
        condition, clause=clause, expected=expected, observed=observed, exchange=exchange, root=root
    )  # fmt: skip


def error_answer(
    probe: Probe, exchange: Exchange, *, clause: str, what: str, listed: bool = True, root: str | None = None
) -> None:
    """An error status, and in the body the error object; one case each. ``root`` is of the first."""
    good = refused(exchange)
    observed = f"{what}: {status_of(exchange)}"
    claim(probe, listed, good, clause=clause, expected="an error status", observed=observed, exchange=exchange,
          root=root)  # fmt: skip
    if good:
        problem = error_object_problem(exchange)
        claim(probe, listed, problem is None, clause=clause, expected="an object with a string error",
              observed=f"{what}: {problem or 'so it is'}", exchange=exchange, root=error_root(exchange))  # fmt: skip


def offered(probe: Probe, *names: str) -> None:
    """End the check unless server metadata lists one of the names."""
    if not probe.endpoint.extension(*names):
        probe.not_applicable(f"the server lists no extension {names[0]}")


def send_json(probe: Probe, method: str, path: str, body: bytes | None = None) -> Exchange:
    """Send to a path that starts with ``/v2``."""
    return probe.client.send(method, path, body)


def of_model(probe: Probe, leaf: str, version: str | None = None) -> str:
    """Path of the model of this item, by the version that works."""
    return probe.client.model_path(probe.model.name, version or probe.model.address, leaf)


def repository_path(name: str, verb: str) -> str:
    """Path of load or unload; the name is one percent-encoded segment."""
    return f"/v2/repository/models/{quote(name, safe='')}/{verb}"


def infer(probe: Probe, request: InferRequest | bytes) -> Exchange:
    """Send an inference to the model of this item, with an answer."""
    return probe.answered(probe.client.infer(probe.model.name, request, probe.model.address))


def polled(probe: Probe, ask: Callable[[], Exchange], seconds: float) -> Iterator[Exchange]:
    """Ask again and again for ``seconds``, within the time of the run; the caller leaves when it has seen enough."""
    end = time.monotonic() + min(seconds, probe.client.budget.seconds_left / 2)
    pauses = iter(PAUSES)
    while True:
        yield ask()
        left = end - time.monotonic()
        if left <= 0:
            return
        wait(min(next(pauses, PAUSES[-1]), left))
