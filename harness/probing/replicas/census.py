"""The census of one address: the same questions over one new connection after another."""

from __future__ import annotations

from dataclasses import dataclass, field

from harness.endpoint.route import AnyRoute
from harness.oracles.taking_turns import odd
from harness.probing.probe import Probe
from harness.probing.replicas.glances import Glance, glance, groups, silent
from harness.record.exchange import Exchange, Transport
from harness.waiting import wait
from harness.wire.client import on_used_connection
from harness.wire.reading import readable

# Of three replicas that a balancer draws from, one is missed by ten connections in one of sixty cases.
CONNECTIONS: dict[Transport, int] = {"rest": 10, "grpc": 6}
FEWEST = 4
# Requests that follow each other on one connection.
ON_ONE: dict[Transport, int] = {"rest": 16, "grpc": 8}
# Seconds that a series may take where answers are slow.
SECONDS = 6.0
EACH = 5
# Inferences, and the seconds before each, of a series that is to meet no limit of a rate.
SLOW, APART = 10, 1.0
# After so many inferences without an answer the rest is not waited for in full.
SILENT = 2
HURRIED_SECONDS = 1.0


@dataclass(slots=True)
class Census:
    """What was seen of one model over one transport, kept for all checks that read it.

    Attributes:
        glances: one for each connection, in their order.
        kept: inferences that followed each other on one connection.
        lost: those of them that were sent on a connection which had served, and ended without an answer.
    """

    route: AnyRoute
    glances: list[Glance] = field(default_factory=list)
    kept: list[Exchange] = field(default_factory=list)
    lost: list[Exchange] = field(default_factory=list)

    @property
    def fresh(self) -> list[Exchange]:
        """The inferences on new connections."""
        return [exchange for each in self.glances for exchange in each.answers]

    def facts(self, name: str) -> list[str | None]:
        """What was said at each glance of one thing."""
        return [each.facts.get(name) for each in self.glances]

    @property
    def is_odd(self) -> bool:
        """Whether something differs, and too little was seen to say why."""
        names = {name for each in self.glances for name in each.facts}
        return odd(groups(self.glances)) or any(odd(self.facts(name)) for name in names)

    def look_on(self, probe: Probe) -> None:
        """A series of connections, each with the same inference twice, or three times.

        Were their number always the same, a balancer that goes round by requests might give each to its own replica.
        """
        request = self.route.accepted().request
        for _ in range(_affordable(self.route)):
            unanswered = sum(map(silent, self.fresh))
            with self.route.client.apart() as client:
                where = f"connection {len(self.glances) + 1}"
                timeout = HURRIED_SECONDS if unanswered >= SILENT else None
                self.glances.append(
                    glance(probe.endpoint, self.route, client, [request] * (2 + len(self.glances) % 2), where, timeout)
                )

    def slowly(self) -> list[Exchange]:
        """Inferences on new connections, so far apart that no limit of a rate refuses them."""
        found = []
        for _ in range(SLOW):
            wait(APART)
            with self.route.client.apart() as client:
                found.append(self.route.by(client).ask(self.route.accepted().request))
        return found

    def stay_on(self) -> list[Exchange]:
        """Inferences one after the other on one connection; gives those that were lost with it."""
        request = self.route.accepted().request
        with self.route.client.apart() as client, client.recorder.watching() as seen:
            own = self.route.by(client)
            for _ in range(readable(ON_ONE[self.route.transport], 2, self.route.accepted().exchange)):
                self.kept.append(own.ask(request))
                if silent(self.kept[-1]):
                    break
            lost = [each for each in seen if on_used_connection(each) and not each.received]
        self.lost += lost
        return lost


class Censuses(dict[Transport, Census]):
    """Those of one model."""


def census_of(probe: Probe, transport: Transport) -> Census:
    """The census of the model of this item, taken once; a second series follows where the first leaves a doubt."""
    kept = probe.model.memory.of(Censuses)
    if transport not in kept:
        found = Census(probe.model.over(transport))
        found.look_on(probe)
        if found.is_odd:
            found.look_on(probe)
        kept[transport] = found
    return kept[transport]


def _affordable(route: AnyRoute) -> int:
    # Each with up to three answers, and twice as many where the first series leaves a doubt.
    most = readable(6 * CONNECTIONS[route.transport], 6 * FEWEST, route.accepted().exchange) // 6
    one = max(route.accepted().exchange.elapsed_s, route.client.pace.interval, 1e-4)
    return max(FEWEST, min(most, int(SECONDS / (EACH * one))))
