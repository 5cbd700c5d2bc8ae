"""``python -m harness.drills.proxy --listen HOST:PORT --to HOST:PORT``.

It is told what to do by lines of JSON, each a fault as it stands in the policy, and answers each with a line: on
standard input, with whose end it ends; or on a socket of the file system (``--control``), and then until a signal.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from pathlib import Path

import click
import msgspec

from harness.drills.kinds import NoFault
from harness.drills.proxy.proxy import Proxy
from harness.drills.proxy_kinds import ProxyFault

_ORDERS = msgspec.json.Decoder(NoFault | ProxyFault)


def _address(context: click.Context, parameter: click.Parameter, value: str) -> tuple[str, int]:
    host, _, port = value.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise click.BadParameter(f"{value!r} is no HOST:PORT", context, parameter)
    return host.strip("[]"), int(port)


@click.command()
@click.option("--listen", required=True, callback=_address, help="HOST:PORT; port 0 takes a free one.")
@click.option("--to", required=True, callback=_address, help="HOST:PORT of the replica.")
@click.option("--control", type=click.Path(path_type=Path), default=None, help="Socket on which it is told what to do.")
def main(listen: tuple[str, int], to: tuple[str, int], control: Path | None) -> None:
    """Pass everything on to a replica, until a drill says otherwise."""
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_run(Proxy(*listen, *to), control))


async def _run(proxy: Proxy, control: Path | None) -> None:
    try:
        await proxy.listen()
    except OSError as error:
        sys.stdout.write(msgspec.json.encode({"error": f"cannot listen: {error}"}).decode() + "\n")
        sys.exit(1)
    loop = asyncio.get_running_loop()
    if control is None:
        reader = asyncio.StreamReader()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        _say(proxy)
        while line := await reader.readline():
            await _obey(proxy, line)
            _say(proxy)
        return
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    control.unlink(missing_ok=True)

    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer), contextlib.suppress(OSError):
            while line := await reader.readline():
                await _obey(proxy, line)
                writer.write(msgspec.json.encode(proxy.told()) + b"\n")
                await writer.drain()

    async with await asyncio.start_unix_server(hear, control):
        # Nobody else's process may do harm with it.
        control.chmod(0o600)
        _say(proxy)
        await ended.wait()
    control.unlink(missing_ok=True)


async def _obey(proxy: Proxy, line: bytes) -> None:
    """Do what a line says; an empty one only asks."""
    if line.strip():
        await proxy.put(_ORDERS.decode(line))


def _say(proxy: Proxy) -> None:
    sys.stdout.write(msgspec.json.encode(proxy.told()).decode() + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
