"""Other load tools on the same request: their command lines, and what they print about latency."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from fixed_target import framed

from harness.load.plan.load_plan import LoadCase

TEMPLATES = Path(__file__).with_name("load_targets")
GRACE_S = 30.0
_UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4}
Arguments = list[str]


@dataclass(frozen=True)
class Work:
    """What a tool is to do.

    Attributes:
        folder: for files of this one run.
        case: the request, sent with ``request_id`` every time.
        port: on loopback.
        at_once: connections or users; over gRPC, streams of one connection.
        rate: requests a second, for tools that can hold one; 0: as fast as it goes.
    """

    folder: Path
    case: LoadCase
    port: int
    at_once: int
    seconds: float
    rate: float = 0.0
    request_id: bytes = b"load0000ffffffff"

    @property
    def url(self) -> str:
        """Of the request."""
        return f"http://127.0.0.1:{self.port}{self.case.path}"

    @property
    def body(self) -> Path:
        """The file with the body."""
        return self.folder / "body"

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """All of them; a case without a content type is one of gRPC."""
        kind = self.case.content_type or "application/grpc"
        return (("content-type", kind), *((("te", "trailers"),) if not self.case.content_type else self.case.headers))


@dataclass(frozen=True)
class Said:
    """What a tool printed: requests, and latency in milliseconds; None where it does not say."""

    requests: int | None
    p50: float | None
    p99: float | None
    worst: float | None


@dataclass(frozen=True)
class Tool:
    """One tool in one setting.

    Attributes:
        program: looked for on the path.
        arguments: of its command line.
        read: what it says, from its output and the files it left.
    """

    name: str
    program: str
    arguments: Callable[[Work], Arguments]
    read: Callable[[Work, str], Said]

    @property
    def there(self) -> bool:
        """Whether it can be run here."""
        return shutil.which(self.program) is not None

    def start(self, work: Work) -> subprocess.Popen[str]:
        """Start it in a folder of its own; the caller ends it."""
        body = work.case.body(work.request_id)
        # Who has no content type speaks gRPC, where each message has a length before it.
        work.body.write_bytes(body if work.case.content_type else framed(body))
        given = {
            "LOAD_URL": work.url,
            "LOAD_BODY": str(work.body),
            "LOAD_HEADERS": "\n".join(f"{name}: {value}" for name, value in work.headers),
            "LOAD_SECONDS": f"{work.seconds:g}",
            "LOAD_CONNECTIONS": str(work.at_once),
            "LOAD_RATE": f"{work.rate:g}",
        }
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("LOCUST_", "OIP_", "K6_"))}
        with (work.folder / "errors").open("w") as errors, (work.folder / "printed").open("w") as printed:
            return subprocess.Popen(
                [self.program, *self.arguments(work)],
                cwd=work.folder,
                env={**clean, **given},
                stdout=printed,
                stderr=errors,
                text=True,
            )

    def say(self, work: Work) -> Said:
        """Run it to its end.

        Raises:
            RuntimeError: it does not end, or says nothing that can be read.
        """
        process = self.start(work)
        try:
            process.wait(work.seconds + GRACE_S)
            return self.read(work, (work.folder / "printed").read_text())
        except (subprocess.TimeoutExpired, OSError, LookupError, ValueError, AttributeError) as error:
            words = (work.folder / "errors").read_text(errors="replace")[-500:]
            raise RuntimeError(f"{self.name}: {error!r} {words}") from error
        finally:
            end(process)


def end(process: subprocess.Popen[str]) -> None:
    """Terminate it, then kill it; a process that is gone stays so."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(GRACE_S / 3)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wrk(work: Work) -> Arguments:
    script = ["-s", str(TEMPLATES / "infer.lua")]
    return ["-t1", f"-c{work.at_once}", f"-d{work.seconds:.0f}", "--latency", *script, work.url]


def _wrk2(work: Work) -> Arguments:
    return [f"-R{work.rate:.0f}", *_wrk(work)]


def _h2load(work: Work) -> Arguments:
    grpc = not work.case.content_type
    streams = ["-c1", f"-m{work.at_once}"] if grpc else ["--h1", f"-c{work.at_once}"]
    headers = [part for name, value in work.headers for part in ("-H", f"{name}: {value}")]
    return ["-t1", *streams, f"-D{work.seconds:.0f}", "-d", str(work.body), *headers, work.url]


def _locust(user: str) -> Callable[[Work], Arguments]:
    def arguments(work: Work) -> Arguments:
        users = str(work.at_once)
        made = ["-m", "locust", "-f", str(TEMPLATES / "closed_loop.py"), user, "--headless", "--only-summary"]
        made += ["-u", users, "-r", users, "-t", f"{work.seconds:.0f}s", "-H", work.url.removesuffix(work.case.path)]
        return [*made, "--csv", str(work.folder / "locust")]

    return arguments


def _k6(_: Work) -> Arguments:
    return ["run", "--quiet", "--no-usage-report", "--summary-export", "summary.json", str(TEMPLATES / "infer.js")]


def _perf_analyzer(work: Work) -> Arguments:
    """Three windows at most, which together last as long as the others run; it makes its own body."""
    made = ["-m", "m", "-u", urlsplit(work.url).netloc, "--shape", "x:1,4", "-s", "999"]
    made += ["--measurement-interval", f"{work.seconds * 1000 / 3:.0f}", "--max-trials", "3"]
    made += ["--request-rate-range", f"{work.rate:g}"] if work.rate else ["--concurrency-range", str(work.at_once)]
    if not work.case.content_type:
        return [*made, "-i", "grpc"]
    return [*made, "-i", "http", "--input-tensor-format", "json", "--output-tensor-format", "json"]


def _number(pattern: str, text: str) -> float | None:
    """A time in milliseconds, or a number without a unit."""
    found = re.search(pattern, text, re.MULTILINE)
    if found is None:
        return None
    return float(found[1]) * (_UNITS[found[2]] if found.lastindex == 2 else 1)


def _count(pattern: str, text: str) -> int | None:
    found = _number(pattern, text)
    return None if found is None else int(found)


def _said_wrk(_: Work, text: str) -> Said:
    time = r"([\d.]+)(us|ms|s|m)"
    return Said(
        _count(r"^\s*(\d+) requests in", text),
        _number(rf"^\s*50(?:\.0+)?%\s+{time}", text),
        _number(rf"^\s*99(?:\.0+)?%\s+{time}", text),
        _number(rf"^\s*Latency\s+\S+\s+\S+\s+{time}", text),
    )


def _said_locust(work: Work, _: str) -> Said:
    with (work.folder / "locust_stats.csv").open() as file:
        row = next(row for row in csv.DictReader(file) if row["Name"] == "Aggregated")
    return Said(int(row["Request Count"]), float(row["50%"]), float(row["99%"]), float(row["Max Response Time"]))


def _said_k6(work: Work, _: str) -> Said:
    metrics = json.loads((work.folder / "summary.json").read_bytes())["metrics"]
    times = metrics["http_req_duration"]
    return Said(int(metrics["http_reqs"]["count"]), times["med"], times["p(99)"], times["max"])


def _said_perf_analyzer(_: Work, text: str) -> Said:
    p50, p99 = (_number(rf"p{each} latency: ([\d.]+) (us)ec", text) for each in (50, 99))
    return Said(_count(r"Request count: (\d+)", text), p50, p99, None)


def _said_h2load(_: Work, text: str) -> Said:
    return Said(_count(r"^requests: \d+ total.* (\d+) succeeded", text), None, None, None)


WRK = Tool("wrk", "wrk", _wrk, _said_wrk)
WRK2 = Tool("wrk2", "wrk2", _wrk2, _said_wrk)
H2LOAD = Tool("h2load", "h2load", _h2load, _said_h2load)
FAST = Tool("locust FastHttpUser", sys.executable, _locust("Fast"), _said_locust)
PLAIN = Tool("locust HttpUser", sys.executable, _locust("Plain"), _said_locust)
K6 = Tool("k6", "k6", _k6, _said_k6)
PERF_ANALYZER = Tool("perf_analyzer", "perf_analyzer", _perf_analyzer, _said_perf_analyzer)
