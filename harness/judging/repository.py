"""The model repository: its index, and a model that is taken away and brought back whatever happens."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from harness.budget import BudgetExhausted
from harness.check import Untestable
from harness.endpoint.known import value_of
from harness.endpoint.models import ModelUnderTest
from harness.judging.extensions import polled, repository_path
from harness.probing.probe import UNKNOWN_MODEL, Probe
from harness.probing.replies import object_or_none, refused, status_of
from harness.record.exchange import Exchange
from harness.wire.rest import RestClient

# KServe loads and unloads under the name model_repository_extension, and has no index: another extension. What it
# unloads it may not be able to load again, although it answers 200 to the load of a loaded model.
LISTED = "model_repository"
INDEX = "/v2/repository/index"
# Unloading may end after the answer, and loading may take its time.
SECONDS = 60.0
# No more entries of an index are judged one by one: it is of any length.
MOST_ROWS = 5_000
AGAIN_SECONDS = 10.0
# Requests that an unload and its load may take, all waiting included.
RESERVE = 250


def is_listed(probe: Probe) -> bool:
    """Whether server metadata lists the repository."""
    return probe.endpoint.extension(LISTED)


def index(probe: Probe, body: bytes | None = b"{}") -> Exchange:
    """The answer to an index request, or untestable."""
    return probe.answered(probe.client.send("POST", INDEX, body))


def rows_of(exchange: Exchange) -> list[dict[str, Any]]:
    """The entries of an index that are objects with a name; what else there is, is passed over."""
    value = value_of(exchange)
    rows = value if exchange.ok and isinstance(value, list) else []
    return [row for row in rows if isinstance(row, dict) and isinstance(row.get("name"), str)]


def of_name(exchange: Exchange, name: str) -> list[dict[str, Any]]:
    """The entries of one model."""
    return [row for row in rows_of(exchange) if row["name"] == name]


def spare(probe: Probe) -> ModelUnderTest:
    """The model to load and unload: the last one under test that infers; untestable without one."""
    found = next((model for model in reversed(probe.endpoint.models) if accepts(model)), None)
    if found is None:
        probe.untestable("no model under test infers, so that nothing shows whether one is loaded")
    return found


def offered(probe: Probe) -> None:
    """End the check unless the server lists the repository, or has an index."""
    if not is_listed(probe) and not rows_of(index(probe)):
        probe.not_applicable("model_repository is not listed, and there is no index")


def named_by_index(probe: Probe) -> ModelUnderTest:
    """The model to load and unload, if there is a repository whose index names it; else the check ends."""
    offered(probe)
    model = spare(probe)
    if not of_name(index(probe), model.name):
        probe.not_applicable(f"the index does not name model {model.name!r}")
    return model


def loadable(probe: Probe, model: ModelUnderTest, seconds: float) -> None:
    """End the check unless the model can be loaded anew; then it can be loaded after an unload, too."""
    exchange = probe.answered(load(probe, model.name))
    if refused(exchange) and loading_is_off(probe, exchange):
        probe.not_applicable(f"nothing is loaded on demand: {status_of(exchange)}")
    if not exchange.ok or not until(probe, model, ready=True, seconds=seconds)[0]:
        probe.untestable(f"model {model.name!r} cannot be loaded anew: {status_of(exchange)}")


def accepts(model: ModelUnderTest) -> bool:
    """Whether a request is known that the model accepts when it is loaded."""
    with contextlib.suppress(Untestable):
        model.rest.accepted()
        return True
    return False


def infers(model: ModelUnderTest) -> bool:
    """Whether the model answers its accepted request now."""
    return accepts(model) and model.rest.infer(model.rest.accepted().request).ok


def with_reserve(probe: Probe) -> None:
    """Untestable unless the budget surely lasts for bringing a model back: nothing may be sent beyond it."""
    budget = probe.client.budget
    most = budget.limits.requests
    if budget.seconds_left < 2 * SECONDS or (most is not None and most - budget.used < RESERVE):
        probe.untestable("too little of the budget is left to be sure that the model can be loaded again")


def load(probe: Probe, name: str, verb: str = "load", client: RestClient | None = None) -> Exchange:
    """Load (or unload) a model; an empty object is a body that every server takes."""
    return (client or probe.client).send("POST", repository_path(name, verb), b"{}")


def is_ready(probe: Probe, model: ModelUnderTest) -> bool:
    """Whether readiness says so: 200, and no member that denies it."""
    exchange = probe.client.model_ready(model.name, model.address)
    return exchange.ok and (object_or_none(exchange) or {}).get("ready") is not False


def until(probe: Probe, model: ModelUnderTest, *, ready: bool, seconds: float = SECONDS) -> tuple[bool, Exchange]:
    """Ask until the model is ready and infers, or is not and does not; whether it came to that, and the last answer.

    The last answer is the inference; that of the readiness question is in the record, too.
    """
    request = model.rest.accepted().request
    last = None
    for last in polled(probe, lambda: model.rest.infer(request), seconds):
        if last.ok is ready and is_ready(probe, model) is ready:
            return True, last
    assert last is not None
    return False, last


def loading_is_off(probe: Probe, refusal: Exchange) -> bool:
    """Whether a load was refused as one of an unknown model is: then nothing can be loaded at all.

    Triton outside its explicit mode answers so, and a proxy that forbids it.
    """
    other = load(probe, UNKNOWN_MODEL)
    return (refusal.status, _words(refusal)) == (other.status, _words(other))


def _words(exchange: Exchange) -> str:
    """What a refusal says, with no name in it."""
    text = exchange.response_body.decode("utf-8", "replace")
    name = unquote(exchange.url.rsplit("/", 2)[-2])
    return text.replace(name, "")


@dataclass(slots=True)
class Absence:
    """A model that was unloaded for a while.

    Attributes:
        unload: the answer to the unload.
        load: the answer to the load that brought it back; None while it is away.
        back: whether it is ready and infers again.
        last: the last inference.
    """

    model: ModelUnderTest
    unload: Exchange
    load: Exchange | None = None
    back: bool = False
    last: Exchange | None = field(default=None)


@contextlib.contextmanager
def unloaded(probe: Probe, model: ModelUnderTest, seconds: float = SECONDS) -> Iterator[Absence]:
    """Unload a model for the block; load it again whatever happens in it, and wait ``seconds`` until it infers.

    Whether it came back is in the absence, to be looked at after the block.

    Raises:
        Untestable: the budget may not last for both.
    """
    with_reserve(probe)
    absence = Absence(model, load(probe, model.name, "unload"))
    try:
        yield absence
    finally:
        bring_back(probe, absence, seconds)


def bring_back(probe: Probe, absence: Absence, seconds: float = SECONDS) -> None:
    """Load the model again and wait until it infers; what came of it is in the absence, and said where it failed."""
    try:
        absence.load = load(probe, absence.model.name)
        absence.back, absence.last = until(probe, absence.model, ready=True, seconds=seconds)
        if not absence.back:
            # Once more: a server may have refused while it was still unloading.
            absence.load = load(probe, absence.model.name)
            absence.back, absence.last = until(probe, absence.model, ready=True, seconds=AGAIN_SECONDS)
    except BudgetExhausted as error:
        why = str(error)
    else:
        why = f"load: {status_of(absence.load)}, then inference: {status_of(absence.last)}"
    if not absence.back:
        probe.observe(f"model {absence.model.name!r} was unloaded and is NOT LOADED AGAIN ({why})")
