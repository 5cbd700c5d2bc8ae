"""Access while others are let in: who is asked for credentials must not depend on who else is asking."""

from __future__ import annotations

from harness.check import check
from harness.criteria import Criterion
from harness.judging.open_access import Answered, served_paths
from harness.probing.concurrent import together
from harness.probing.credentials import ProtectedPath, configured, nobody, refuses_credentials
from harness.probing.probe import Probe
from harness.record.exchange import Exchange
from harness.wire.rest import RestClient

# Requests to each door, every second one with the right credentials, and how many at once.
REQUESTS, AT_ONCE = 96, 32


@check(
    "security-no-access-beside-others",
    duties=["A15-5-a"],
    criterion=f"with {AT_ONCE} requests at once, half of them with the right credentials, the others get nothing",
    criteria=[Criterion.NO_OPEN_ACCESS],
    faults=["auth-caller-in-shared-variable", "auth-open-above-12-at-once"],
    fix="Keep who is asking with the request, and refuse where credentials cannot be checked in time.",
)
def security_no_access_beside_others(probe: Probe) -> None:
    """Requests without credentials get nothing while others with the right ones are served.

    Metadata and, if there is one, an inference that are refused without credentials are asked 96 times each, 32 at
    once, every second time without. A variable that requests share, or a check that lets through when it is
    overwhelmed, shows only so. MITRE ATLAS AML.T0040.
    """
    configured(probe)
    asked = 0
    with nobody(probe) as stranger:
        for door, right in _doors(probe):
            if not refuses_credentials(_send(stranger, door)):
                continue
            asked += 1
            for answer in _at_once(probe.client, stranger, door):
                Answered(door, right, answer).judge(probe, "without credentials, beside others that had them")
    if not asked:
        probe.not_applicable("neither metadata nor inference is refused without credentials")


def _doors(probe: Probe) -> list[tuple[ProtectedPath, Exchange]]:
    """The first metadata and the first inference that are served."""
    first: dict[str, tuple[ProtectedPath, Exchange]] = {}
    for door, right in served_paths(probe):
        if door.kind in ("metadata", "inference"):
            first.setdefault(door.kind, (door, right))
    return list(first.values())


def _send(client: RestClient, door: ProtectedPath) -> Exchange:
    return client.send(door.method, door.path, door.body)


def _at_once(client: RestClient, stranger: RestClient, door: ProtectedPath) -> list[Exchange]:
    """The answers to those without credentials."""
    answers = together(lambda n: _send(stranger if n % 2 else client, door), range(REQUESTS), AT_ONCE)
    return answers[1::2]
