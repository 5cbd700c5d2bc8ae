"""The command line."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import click

from harness.reference.faults import FAULTS, Fault
from harness.reference.models.catalogue import AWKWARD, BUILDERS
from harness.reference.variants import VARIANTS, Variant

_OUT = click.Path(dir_okay=False, path_type=Path)
_PEM = click.Path(exists=True, dir_okay=False, path_type=Path)


def inventory() -> dict[str, object]:
    """What there is to start: faults, variants, models."""
    return {
        "faults": [_listed(fault) for fault in FAULTS.values()],
        "variants": [_listed(variant) for variant in VARIANTS.values()],
        "models": list(BUILDERS),
    }


def _listed(row: Fault | Variant) -> dict[str, object]:
    """All that it says of itself."""
    return {field.name: getattr(row, field.name) for field in fields(row) if field.name != "install"}


@click.command()
@click.option("--host", default="127.0.0.1", help="Loopback address to listen on.")
@click.option("--port", default=0, help="Port; 0 takes a free one.")
@click.option("--grpc/--no-grpc", "grpc", default=None, help="Serve gRPC too; default if grpcio is installed.")
@click.option("--grpc-port", default=0, help="Port of the gRPC side; 0 takes a free one.")
@click.option("--tls-cert", type=_PEM, default=None, help="Certificate chain of the gRPC side (PEM).")
@click.option("--tls-key", type=_PEM, default=None, help="Private key of the gRPC side (PEM).")
@click.option("--fault", "faults", multiple=True, type=click.Choice(list(FAULTS)), metavar="NAME")
@click.option("--variant", "variants", multiple=True, type=click.Choice(list(VARIANTS)), metavar="NAME")
@click.option("--models", default="", help="Comma-separated names; default all.")
@click.option("--token", default=None, help="What the variant auth-required asks for.")
@click.option(
    "--replica",
    default=None,
    metavar="NAME",
    help="Say in each answer which replica it is (x-replica); on SIGUSR1 not ready.",
)
@click.option("--replica-number", type=int, default=None, help="Which one it is for faults that tell replicas apart.")
@click.option("--id-log", type=_OUT, default=None, help="Append the id of each executed inference.")
@click.option("--inference-log", type=_OUT, default=None, help="Append an entry for each inference (JSONL).")
@click.option("--infer-seconds", default=0.0, help="Every inference takes so many seconds, wrong ones as well.")
@click.option("--exit-with-stdin", is_flag=True, help="End when standard input does.")
@click.option("--list", "only_list", is_flag=True, help="Print what there is as JSON, and end.")
def main(*, only_list: bool, **options: Any) -> None:
    """Serve the reference models by the Open Inference Protocol (REST and gRPC)."""
    if only_list:
        sys.stdout.write(json.dumps(inventory(), indent=1) + "\n")
        return
    run(_Options(**options))


@dataclass(frozen=True, slots=True)
class _Options:
    host: str
    port: int
    grpc: bool | None
    grpc_port: int
    tls_cert: Path | None
    tls_key: Path | None
    faults: tuple[str, ...]
    variants: tuple[str, ...]
    models: str
    token: str | None
    replica: str | None
    replica_number: int | None
    id_log: Path | None
    inference_log: Path | None
    infer_seconds: float
    exit_with_stdin: bool

    def names(self) -> list[str]:
        """Names of the models to serve; empty for all."""
        names = [name for name in self.models.split(",") if name]
        unknown = sorted(set(names) - {*BUILDERS, *AWKWARD})
        if unknown:
            raise click.UsageError(f"no model {unknown[0]!r}; there are: {', '.join((*BUILDERS, *AWKWARD))}")
        return names

    def tls(self) -> tuple[Path, Path] | None:
        """Both files or none."""
        if (self.tls_cert is None) != (self.tls_key is None):
            raise click.UsageError("--tls-cert and --tls-key go together")
        return None if self.tls_cert is None or self.tls_key is None else (self.tls_cert, self.tls_key)


def run(options: _Options) -> None:
    """Build the server with its faults and variants, and serve."""
    if options.host not in ("127.0.0.1", "::1", "localhost"):
        raise click.UsageError("the reference server listens on loopback only")
    names, tls = options.names(), options.tls()
    # Late: --list and usage errors need none of it.
    from harness.reference.hooks import Hooks  # noqa: PLC0415
    from harness.reference.http.server import Server  # noqa: PLC0415
    from harness.reference.inference_log import write_log  # noqa: PLC0415
    from harness.reference.launch import Where, grpc_is_there, serve  # noqa: PLC0415
    from harness.reference.models.catalogue import build  # noqa: PLC0415
    from harness.reference.replica import drain_on_signal, log_executions, name_replica, take_longer  # noqa: PLC0415

    hooks = Hooks()
    if options.token is not None:
        hooks.settings.token = options.token
    hooks.settings.replica = options.replica_number
    for name in options.variants:
        VARIANTS[name].install(hooks)
    for name in options.faults:
        FAULTS[name].install(hooks)
    if options.infer_seconds:
        take_longer(hooks, options.infer_seconds)
    if options.replica is not None:
        name_replica(hooks, options.replica)
        drain_on_signal(hooks)
    if options.id_log is not None:
        log_executions(hooks, options.id_log, options.replica)
    if options.inference_log is not None:
        write_log(hooks, options.inference_log)
    wanted = _grpc_wanted(options, offered=grpc_is_there(), http=hooks.settings.http)
    grpc_port = options.grpc_port if wanted else None
    serve(Server(build(names), hooks), Where(options.host, options.port, grpc_port, tls, options.exit_with_stdin))


def _grpc_wanted(options: _Options, *, offered: bool, http: bool) -> bool:
    """Whether gRPC is served; a usage error where it cannot be, or nothing would be."""
    if not offered and (options.grpc or not http):
        raise click.UsageError("gRPC needs grpcio and protobuf; install the extra: pip install 'art15[reference]'")
    wanted = offered if options.grpc is None else options.grpc
    if not (wanted or http):
        raise click.UsageError("with --no-grpc and without HTTP there is nothing to serve")
    return wanted
