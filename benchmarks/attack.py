"""How near attacks come: `python -m benchmarks.attack [--rows N] [--limit N] [--seed N]`.

The digits model of the embedded server, asked through its endpoint: every query is an HTTP request for one row, and
goes through the same ledger, for our attack as for HopSkipJump of adversarial-robustness-toolbox. That one runs as it
comes, beginning with random pictures, and beginning with the row that ours begins with. Printed: after how many
queries the nearest picture with another decision is how far away (median over the rows, L2, grey values from 0 to 16),
and for how many rows it is no further than HALF.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from harness.attacks.hop_skip import hop_skip
from harness.attacks.search import Answers, Attack, RowSearch, carry_out
from harness.attacks.space import Floats, box
from harness.attacks.toolbox import toolbox_attack

ROOT = Path(__file__).resolve().parent.parent
AT = (50, 100, 200, 500, 1000, 2000)
HALF = 0.5
OURS, SAME_START, AS_IT_COMES = "ours (hop-skip)", "ART HopSkipJump, our beginning", "ART HopSkipJump"


@contextlib.contextmanager
def digits() -> Iterator[str]:
    """The URL at which the embedded server answers for the digits model."""
    command = [sys.executable, "-m", "harness.reference", "--models", "digits", "--port", "0", "--exit-with-stdin"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        assert server.stdin is not None
        try:
            yield str(json.loads(server.stdout.readline())["url"]) + "/v2/models/digits/infer"
        finally:
            server.stdin.close()
            server.wait(30)


class Endpoint:
    """Asks about one row with each request."""

    def __init__(self, client: httpx.Client, url: str) -> None:
        self._client, self._url = client, url
        self.sent = 0

    def __call__(self, rows: Floats) -> Answers:
        found = [self._one(row) for row in rows]
        return Answers([str(np.argmax(each)) for each in found], np.array(found))

    def _one(self, row: Floats) -> list[float]:
        self.sent += 1
        tensor = {"name": "image", "shape": [1, 64], "datatype": "FP32", "data": row.tolist()}
        answer = self._client.post(self._url, json={"inputs": [tensor]})
        answer.raise_for_status()
        outputs = {each["name"]: each["data"] for each in answer.json()["outputs"]}
        return [float(each) for each in outputs["probabilities"]]


def held_out(count: int) -> Floats:
    """Pictures that the model was not trained on."""
    rows, wanted = load_digits(return_X_y=True)
    _, rows, _, _ = train_test_split(rows, wanted, test_size=0.25, random_state=0)
    found: Floats = rows[:count].astype(np.float64)
    return found


def after(search: RowSearch, queries: int) -> float:
    """How near the search was after so many queries; infinite where it had found nothing."""
    return min((step.distance for step in search.steps if step.queries <= queries), default=float("inf"))


def distances(endpoint: Endpoint, attack: Attack, rows: Floats, limit: int, seed: int) -> Floats:
    """(rows, AT): how near an attack came to each row after so many queries."""
    said = endpoint(rows).labels
    found = []
    for place, row in enumerate(rows):
        decision = str(said[place])
        others = rows[[each != decision for each in said]]
        search = RowSearch(endpoint, box(row, 0, 16, dtype=np.float32, shape=(8, 8, 1)), decision, others, "l2", limit)
        carry_out(attack, search, np.random.default_rng([seed, place]))
        found.append([after(search, queries) for queries in AT])
    return np.array(found)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=30)
    parser.add_argument("--limit", type=int, default=1000, help="queries of each row")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    attacks = {
        OURS: hop_skip,
        SAME_START: toolbox_attack("hop-skip-jump"),
        AS_IT_COMES: toolbox_attack("hop-skip-jump", begins_by_chance=True),
    }
    at = [queries for queries in AT if queries <= options.limit]
    lines = [["median L2 after queries", *map(str, at), f"rows within {HALF} in the end"]]
    medians = {}
    with digits() as url, httpx.Client() as client:
        for name, attack in attacks.items():
            endpoint, began = Endpoint(client, url), time.monotonic()
            found = distances(endpoint, attack, held_out(options.rows), options.limit, options.seed)[:, : len(at)]
            medians[name] = np.median(found, axis=0)
            within = int((found[:, -1] <= HALF).sum())
            lines.append([name, *(f"{each:.3f}" for each in medians[name]), f"{within} of {len(found)}"])
            seconds = time.monotonic() - began
            print(f"{name}: {endpoint.sent} requests in {seconds:.0f} s", file=sys.stderr, flush=True)  # noqa: T201
    for line in [lines[0], ["---"] * len(lines[0]), *lines[1:]]:
        print("| " + " | ".join(line) + " |")  # noqa: T201
    return int(any((medians[OURS] > medians[other]).any() for other in (SAME_START, AS_IT_COMES)))


if __name__ == "__main__":
    sys.exit(main())
