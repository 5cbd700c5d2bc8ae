"""What each check costs, from recorded runs against the embedded server: writes ``suites/costs.json``.

    pytest --endpoint embedded -q --oip-profile standard --oip-max-requests 1000000 --oip-evidence DIR
    python -m benchmarks.costs standard=DIR quick=DIR

With a limit, however large, checks come in the order of runs with a budget: what several need, the first one pays.
Of a check the mean of requests over the models that it applies to is kept, and the least time. Of several folders
of a profile the first that has a check counts: give those first in which a check pays alone for what it shares with
others (``-k rest-error-object``), and those last that add what applies to other servers (``--variant auth-required``).
"""

from __future__ import annotations

import json
import math
import sys
from collections import defaultdict
from pathlib import Path
from statistics import fmean

from harness.run.planning.telling import COSTS
from reports.evidence import Evidence, decode

CARRIED_OUT = ("pass", "warn", "fail")


def costs(document: Evidence) -> dict[str, list[float]]:
    """Requests and seconds by slug, for what was carried out."""
    seen: dict[str, list[tuple[int, float]]] = defaultdict(list)
    for check in document.checks:
        if check.verdict in CARRIED_OUT or check.exchanges_total:
            seen[check.slug].append((check.exchanges_total, check.duration_s))
    return {
        slug: [math.ceil(fmean(requests for requests, _ in each)), round(min(seconds for _, seconds in each), 1)]
        for slug, each in seen.items()
    }


def main(arguments: list[str]) -> None:
    """Read the folders and write the table."""
    profiles: dict[str, dict[str, list[float]]] = defaultdict(dict)
    made = ""
    for argument in arguments:
        profile, _, folder = argument.partition("=")
        document = decode((Path(folder) / "evidence.json").read_bytes())
        made = document.run.start[:10]
        for slug, cost in costs(document).items():
            profiles[profile].setdefault(slug, cost)
    lines = [
        f'  "{profile}": {{\n'
        + ",\n".join(f'   "{slug}": {json.dumps(cost)}' for slug, cost in sorted(found.items()))
        + "\n  }"
        for profile, found in sorted(profiles.items())
    ]
    COSTS.write_text(f'{{\n "made": "{made}",\n "profiles": {{\n' + ",\n".join(lines) + "\n }\n}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
