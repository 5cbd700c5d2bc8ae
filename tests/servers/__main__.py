"""By hand: `python -m tests.servers serve NAME` (until Ctrl-C), `... install NAME...`, `... matrix`."""

from __future__ import annotations

import signal
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from types import FrameType

import click

from tests.servers.install import NAMES, install, recipe_of
from tests.servers.matrix import PAGE, probe_server, table, title
from tests.servers.processes import members
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


@main.command("matrix")
def matrix_command() -> None:
    """Probe all servers and write docs/servers.md anew."""
    with tempfile.TemporaryDirectory() as folder:
        evidence = {}
        for name in NAMES:
            with serve(name, restart=recipe_of(name).restarted) as endpoint:
                ran = probe_server(endpoint, Path(folder) / name)
                if ran.code not in (0, 1):
                    raise click.ClickException(f"{name}: the run ended with exit code {ran.code}\n{ran.output}")
                evidence[title(name)] = ran.evidence
    PAGE.write_text(table(evidence))
    click.echo(f"written: {PAGE}")


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
