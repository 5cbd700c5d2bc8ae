"""How long one model takes, and how much memory: `python benchmarks/conformance.py [RUNS]`.

Profile standard, one model, the embedded server on the same machine; whole processes, from outside. Once over REST
alone, once over REST and gRPC with all extensions. Prints the median of the wall time and the largest resident set of
the probing process. Aims on 2 cores: 15 s and 200 MB over REST, 30 s and 300 MB with everything.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from harness.run.embedded import EmbeddedServer

MODEL = "matrix"


def once(url: str, *options: str) -> tuple[float, float, int]:
    """Wall seconds, peak resident megabytes and requests of one run."""
    with tempfile.TemporaryDirectory() as folder:
        evidence = Path(folder) / "evidence"
        command = [sys.executable, "-P", "-m", "pytest", "-q", "--endpoint", url, "--oip-model", MODEL, *options]
        begin = time.monotonic()
        process = subprocess.Popen([*command, "--oip-evidence", str(evidence)], stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - begin
        if status:
            sys.exit(f"the run ended with {os.waitstatus_to_exitcode(status)}")
        requests = json.loads((evidence / "evidence.json").read_bytes())["run"]["requests"]
    return seconds, usage.ru_maxrss / 1024, int(requests)


def measure(label: str, runs: int, url: str, *options: str) -> None:
    """Run a few times and print medians."""
    once(url, *options)
    seconds, megabytes, requests = zip(*(once(url, *options) for _ in range(runs)), strict=True)
    sys.stdout.write(
        f"{label}, model {MODEL}, {runs} runs: median {statistics.median(seconds):.1f} s "
        f"({min(seconds):.1f} to {max(seconds):.1f}), {requests[0]} requests, peak memory {max(megabytes):.0f} MB\n"
    )


def main() -> None:
    """Both measurements."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with EmbeddedServer() as server:
        measure("REST", runs, server.url)
        if server.grpc is None:
            sys.exit("the embedded server has no gRPC side: pip install 'art15[reference]'")
        measure("REST and gRPC", runs, server.url, "--oip-grpc", server.grpc, "--oip-allow", "repository,stress")


if __name__ == "__main__":
    main()
