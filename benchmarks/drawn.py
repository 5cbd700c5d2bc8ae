"""Which servers `schemathesis.py` compares on: the clean one, benign variants and seeded faults, drawn by a seed."""

from __future__ import annotations

import random
from dataclasses import dataclass

from harness.validation.cases import reference_inventory

MODEL = "pair"
FAULTS_OF_EACH_KIND, VARIANTS = 12, 8
# Only what the description has words for, and what shows in answers to whole requests.
PROTOCOL = ("REST-", "TDATA-", "VERS-", "BATCH-", "DTYPE-")
BEHAVIOUR = {"policy:no-crash", "policy:no-hang", "policy:no-silent-change", "policy:same-answer"}
ELSEWHERE = ("grpc", "auth", "binary", "generate", "stream", "index", "repository", "unload")


@dataclass(frozen=True)
class Server:
    """One server to be looked at; kind: clean, variant, protocol or behaviour."""

    kind: str
    name: str

    @property
    def arguments(self) -> list[str]:
        """Of ``python -m harness.reference``."""
        side = {"clean": [], "variant": ["--variant", self.name]}.get(self.kind, ["--fault", self.name])
        return [*side, "--models", MODEL, "--no-grpc"]


def drawn(seed: int) -> list[Server]:
    """The clean server first, then variants and faults."""
    listed, random_ = reference_inventory(), random.Random(seed)
    protocol: list[str] = []
    behaviour: list[str] = []
    for fault in listed["faults"]:
        known = all(clause.startswith(PROTOCOL) or clause in BEHAVIOUR for clause in fault["clauses"])
        if not known or (fault["models"] and MODEL not in fault["models"]) or fault["name"].startswith(ELSEWHERE):
            continue
        (behaviour if BEHAVIOUR.intersection(fault["clauses"]) else protocol).append(fault["name"])
    variants = [each["name"] for each in listed["variants"] if not each["name"].startswith(ELSEWHERE)]
    servers = [Server("clean", "clean")]
    for kind, names, count in (
        ("variant", variants, VARIANTS),
        ("protocol", protocol, FAULTS_OF_EACH_KIND),
        ("behaviour", behaviour, FAULTS_OF_EACH_KIND),
    ):
        servers += [Server(kind, name) for name in random_.sample(names, count)]
    # Shuffled, so that a run that is cut short has seen something of everything.
    return [servers[0], *random_.sample(servers[1:], len(servers) - 1)]
