"""By hand: `python -m tests.servers serve NAME` (until Ctrl-C), `... install NAME...`, `... matrix`."""

from __future__ import annotations

import json
import signal
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

import click

from harness.cluster.balancer import CONFIGURATIONS
from harness.run.bundles.drill_table import drill_table
from harness.run.bundles.recordings import read_document
from tests.servers.findings import Way, differences
from tests.servers.install import NAMES, install, recipe_of
from tests.servers.matrix import PAGE, probe_server, table
from tests.servers.processes import members
from tests.servers.replicas import drilled, replicated
from tests.servers.servers import serve


@click.group()
def main() -> None:
    """Real inference servers for the tests, each in its own environment under .servers/."""


@main.command("install")
@click.argument("names", nargs=-1, required=True, type=click.Choice(NAMES))
def install_command(names: tuple[str, ...]) -> None:
    """Install the servers, if they are not there yet."""
    for name in names:
        began = time.monotonic()
        home = install(recipe_of(name))
        click.echo(f"{name}: {home.path} ({time.monotonic() - began:.1f} s)")


@main.command("drill")
@click.argument("configurations", nargs=-1, type=click.Choice(CONFIGURATIONS))
@click.option("--server", default="mlserver", type=click.Choice(NAMES), help="What the replicas are.")
def drill_command(configurations: tuple[str, ...], server: str) -> None:
    """Drill three replicas behind balancers, and say what became of every request."""
    for configuration in configurations or ("haproxy-good", "envoy-good"):
        with tempfile.TemporaryDirectory() as folder, replicated(server, configuration) as service:
            drilled(service, Path(folder) / "evidence")
            click.echo(f"{server} behind {configuration}")
            click.echo("\n".join(drill_table(read_document(Path(folder) / "evidence").drills).lines))


@main.command("matrix")
@click.option("--runs", type=click.Path(path_type=Path), help="Keep the runs there, and take those that are there.")
def matrix_command(runs: Path | None) -> None:
    """Probe all servers, write docs/servers.md anew, and say where the runs and the findings.md differ."""
    with tempfile.TemporaryDirectory() as folder:
        kept = Path(folder) if runs is None else runs.absolute()
        evidence = {name: _evidence(name, kept / name) for name in NAMES}
    for name, document in evidence.items():
        seen = {check["id"]: check["verdict"] for check in document["checks"]}
        for check, said in differences(seen, Way(name).recorded(seen)).items():
            click.echo(f"{name}: {check}: {said}")
    PAGE.write_text(table(evidence))
    click.echo(f"written: {PAGE}")


def _evidence(name: str, folder: Path) -> dict[str, Any]:
    """The document of the run in `folder`, which is made if it is not there."""
    document = folder / "evidence.json"
    if not document.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with Way(name).served() as endpoint:
            ran = probe_server(endpoint, folder)
        if ran.code not in (0, 1):
            raise click.ClickException(f"{name}: the run ended with exit code {ran.code}\n{ran.output}")
    found: dict[str, Any] = json.loads(document.read_bytes())
    return found


@main.command("serve")
@click.argument("name", type=click.Choice(NAMES))
@click.option("--env", "environ", multiple=True, metavar="KEY=VALUE", help="Added to the server's environment.")
@click.option("--restart", is_flag=True, help="Start the server again whenever it ends, until Ctrl-C.")
def serve_command(name: str, environ: tuple[str, ...], restart: bool) -> None:
    """Serve in the foreground; ends on Ctrl-C or SIGTERM, or when the server ends by itself."""
    signal.signal(signal.SIGTERM, _interrupt)
    added = dict(pair.split("=", 1) for pair in environ)
    with serve(name, added, restart=restart) as endpoint:
        click.echo(f"url {endpoint.url}\ngrpc {endpoint.grpc}\nmodels {' '.join(endpoint.models)}")
        click.echo(f"pid {endpoint.pid}\nlog {endpoint.log}\nready")
        # Caught inside the block: an exception that leaves it means a failure, and would keep the log.
        with suppress(KeyboardInterrupt):
            while members(endpoint.pid):
                time.sleep(0.5)
            raise click.ClickException("the server ended by itself")
    click.echo("stopped")


def _interrupt(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
