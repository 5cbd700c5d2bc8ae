"""The command line."""

from __future__ import annotations

import json
import sys

import click

from harness.reference.faults import FAULTS
from harness.reference.models.catalogue import BUILDERS
from harness.reference.variants import VARIANTS


def inventory() -> dict[str, object]:
    """What there is to start: faults, variants, models."""
    return {
        "faults": [
            {"name": fault.name, "clauses": list(fault.clauses), "text": fault.text, "models": list(fault.models)}
            for fault in FAULTS.values()
        ],
        "variants": [{"name": variant.name, "text": variant.text} for variant in VARIANTS.values()],
        "models": list(BUILDERS),
    }


@click.command()
@click.option("--host", default="127.0.0.1", help="Loopback address to listen on.")
@click.option("--port", default=0, help="Port; 0 takes a free one.")
@click.option("--fault", "faults", multiple=True, type=click.Choice(list(FAULTS)), metavar="NAME")
@click.option("--variant", "variants", multiple=True, type=click.Choice(list(VARIANTS)), metavar="NAME")
@click.option("--models", default="", help="Comma-separated names; default all.")
@click.option("--token", default=None, help="What the variant auth-required asks for.")
@click.option("--exit-with-stdin", is_flag=True, help="End when standard input does.")
@click.option("--list", "only_list", is_flag=True, help="Print what there is as JSON, and end.")
def main(
    *,
    host: str,
    port: int,
    faults: tuple[str, ...],
    variants: tuple[str, ...],
    models: str,
    token: str | None,
    exit_with_stdin: bool,
    only_list: bool,
) -> None:
    """Serve the reference models by the Open Inference Protocol (REST)."""
    if only_list:
        sys.stdout.write(json.dumps(inventory(), indent=1) + "\n")
        return
    if host not in ("127.0.0.1", "::1", "localhost"):
        raise click.UsageError("the reference server listens on loopback only")
    names = [name for name in models.split(",") if name]
    unknown = sorted(set(names) - set(BUILDERS))
    if unknown:
        raise click.UsageError(f"no model {unknown[0]!r}; there are: {', '.join(BUILDERS)}")
    run(host, port, names, faults, variants, token, exit_with_stdin=exit_with_stdin)


def run(
    host: str,
    port: int,
    names: list[str],
    faults: tuple[str, ...],
    variants: tuple[str, ...],
    token: str | None,
    *,
    exit_with_stdin: bool,
) -> None:
    """Build the server with its faults and variants, and serve."""
    # Late: --list and usage errors need none of it.
    from harness.reference.hooks import Hooks  # noqa: PLC0415
    from harness.reference.http.app import build_app  # noqa: PLC0415
    from harness.reference.http.server import Server  # noqa: PLC0415
    from harness.reference.launch import serve  # noqa: PLC0415
    from harness.reference.models.catalogue import build  # noqa: PLC0415

    hooks = Hooks()
    if token is not None:
        hooks.settings.token = token
    for name in variants:
        VARIANTS[name].install(hooks)
    for name in faults:
        FAULTS[name].install(hooks)
    app = build_app(Server(build(names), hooks))
    serve(app, host, port, path=hooks.settings.prefix, exit_with_stdin=exit_with_stdin)
