"""Compares what each path answers with the right credentials, with wrong ones, and with none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from harness.probing.credentials import ProtectedPath, nobody, protected_paths, refuses_credentials, served
from harness.probing.probe import Probe
from harness.probing.replies import status_of
from harness.record.exchange import Exchange

NOWHERE = "credentials were given, and the endpoint asks nobody for any: everything is served to everybody"
# The root cause of everything that is open where nobody is asked, over either transport.
EVERYWHERE = "open-access:everywhere"


@dataclass(frozen=True, slots=True)
class Answered:
    """What a stranger got at a door, beside what the right credentials get."""

    door: ProtectedPath
    right: Exchange
    answer: Exchange
    name: str = ""

    def judge(self, probe: Probe, how: str, root: str | None = None) -> None:
        """Record it as a case; what health says is only observed. By default each kind of door is a root cause."""
        observed = f"{self.name or self.door.name}, {how}: {status_of(self.answer)}"
        if self.door.health:
            probe.observe(observed)
            return
        good = not served(self.answer, self.right)
        expected = "nothing of what the right credentials get"
        root = root or f"open-access:{self.door.kind}"
        probe.holds(good, expected=expected, observed=observed, exchange=self.answer, root=root)


def judge_rows(probe: Probe, rows: list[Answered], how: str) -> None:
    """Every row as a case; not applicable where nobody is asked for credentials, unless the policy requires it."""
    if not any(not row.door.health for row in rows):
        probe.untestable("no route is served with what credentials were given")
    asks = any(refuses_credentials(row.answer) for row in rows) or rest_asks(probe)
    if not asks and not required(probe):
        nowhere(probe, next(row.answer for row in rows if not row.door.health))
    for row in rows:
        row.judge(probe, how, None if asks else EVERYWHERE)


def required(probe: Probe) -> bool:
    """Whether the policy says that credentials are required."""
    return probe.endpoint.policy.criteria.credentials == "required"


def nowhere(probe: Probe, exchange: Exchange | None = None) -> None:
    """End the check: nobody is asked for credentials, as an exchange shows."""
    probe.observe(NOWHERE)
    probe.fact("credentials-ignored", "everything", NOWHERE, exchange)
    probe.not_applicable(f'{NOWHERE}; set criteria.credentials = "required" in the policy if it should ask')


def rest_asks(probe: Probe) -> bool:
    """Whether REST refuses metadata, a model's metadata or the list of models without credentials."""
    if probe.endpoint.rest is None:
        return False
    with nobody(probe) as stranger:
        asked = [f"/{probe.endpoint.metadata_path}", "/v2/models"]
        asked += [stranger.model_path(model.name, model.address) for model in probe.endpoint.models[:1]]
        return any(refuses_credentials(stranger.send("GET", path, fresh=True)) for path in asked)


def served_paths(probe: Probe) -> Iterator[tuple[ProtectedPath, Exchange]]:
    """The routes that serve the right credentials, with the answer."""
    for door in protected_paths(probe.endpoint):
        right = probe.client.send(door.method, door.path, door.body)
        if right.ok:
            yield door, right
