"""Replicas that say their name in a header of their answers: how many of them were met."""

from __future__ import annotations

import re
from collections.abc import Sequence

from harness.record.exchange import Exchange
from harness.record.quoting import clip

# What balancers, orchestrators and servers call such a header: x-replica, x-pod-name, x-served-by, x-backend-server.
_NAMED = re.compile(r"(?:^|-)(?:replica|pod|instance|backend|node|worker|hostname|served-by|upstream)(?:-|$)")
# Durations and counters come again as well: x-envoy-upstream-service-time.
_NUMBER = re.compile(r"[0-9.,]*(?:ms|s)?")
_MOST = 80


def named_by_header(answers: Sequence[Exchange]) -> list[tuple[str, str, Exchange]]:
    """Each name that was said, with its header and the first answer that says it; empty where none tells replicas.

    A header tells them where every answer has it, and its values come again: what is new with each answer is the name
    of a request. Of several headers the one with the most names counts.
    """
    whole = [each for each in answers if each.ok]
    told: list[tuple[str, str, Exchange]] = []
    for header in dict.fromkeys(name.lower() for each in whole for name, _ in each.response_headers):
        if _NAMED.search(header) is None:
            continue
        first: dict[str, Exchange] = {}
        for each in whole:
            first.setdefault(each.header(header) or "", each)
        if (
            2 * len(first) <= len(whole)
            and not any(_NUMBER.fullmatch(value) for value in first)
            and len(first) > len(told)
        ):
            told = [(header, clip(value, _MOST), each) for value, each in first.items()]
    return told
