"""Whether the endpoint answers to any model name: asked once a run, with a random name, and known to every check.

Where it does, a 200 says nothing of a name: neither that a path led elsewhere, nor that the name was another's.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from harness.probing.probe import Probe
from harness.probing.replies import object_or_none
from harness.record.exchange import Exchange

# The root cause of everything that is answered for a model that nobody has, over whichever transport.
ANY_NAME = "any-model-name-answered"


@dataclass(slots=True)
class _AnyName:
    """Whether a random name was asked for, and the answer to it as if there were the model."""

    asked: bool = False
    answer: Exchange | None = None


def any_name(probe: Probe) -> Exchange | None:
    """The answer to the metadata of a random name over the first transport that gives one as if there were the model.

    None where none does. Asked once; a question that was not answered is put again.
    """
    known = probe.endpoint.memory.of(_AnyName)
    if not known.asked:
        # Of the run's seed, so that the same seed sends the same requests.
        name = f"art15-nobody-{random.Random(probe.endpoint.seed).randbytes(6).hex()}"  # noqa: S311 -- no secret
        asked = [client.model_metadata(name) for client in probe.endpoint.clients]
        if not any(exchange.answered for exchange in asked):
            return None
        known.asked, known.answer = True, next((exchange for exchange in asked if exchange.ok), None)
    return known.answer


def name_root(probe: Probe, otherwise: str | None = None) -> str | None:
    """The root cause of an answer for a model that nobody has: one for all where any name is answered."""
    return ANY_NAME if any_name(probe) is not None else otherwise


def another(exchange: Exchange, asked: str) -> bool:
    """Whether a 200 for the name ``asked`` is an answer for something else; one that repeats the name is not."""
    named = (object_or_none(exchange) or {}).get("name")
    return exchange.status == 200 and named != asked
