"""Two hosts for workers, made of namespaces: `unshare --net --fork --kill-child python hosts.py PLAN FOLDER`.

Each has a network, a host name and a monotonic clock of its own; master and target stay where this runs, and are
reached over one address through either link. Prints the exit codes. Needs root, iproute2 and util-linux; everything
ends with this process, and nothing of it is seen outside.
"""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import threading
from pathlib import Path

from tests.harness.load.engines import ROOT
from tests.harness.load.hostile_server import answer, body_of, http

ADDRESS, PORT, TARGET = "10.77.0.1", 15557, 15080
CLOCKS = (1_000, 50_000)
FILE = ROOT / "harness" / "load" / "locust" / "locustfile.py"


def do(command: str, *inside: str) -> None:
    """Carry out a command of ip(8)."""
    subprocess.run([*inside, "ip", *command.split()], check=True)


def host(number: int, running: contextlib.ExitStack) -> list[str]:
    """A host of its own, until the stack is left; what to put before a command to run it there."""
    holds = f"hostname host-{number}; echo there; exec sleep 600"
    own = ["unshare", "--net", "--uts", "--kill-child", "--time", "--monotonic", str(CLOCKS[number]), "--fork"]
    held = subprocess.Popen([*own, "sh", "-c", holds], stdout=subprocess.PIPE, text=True)
    running.callback(held.wait)
    running.callback(held.kill)  # and, by --kill-child, what holds the namespaces
    assert held.stdout is not None
    assert held.stdout.readline() == "there\n"
    children = Path(f"/proc/{held.pid}/task/{held.pid}/children").read_text().split()
    inside = ["nsenter", "--target", children[0], "--net", "--uts", "--time"]
    do(f"link add name here{number} type veth peer name there{number} netns {children[0]}")
    do(f"address add 10.77.{number + 1}.1/24 dev here{number}")
    do(f"link set here{number} up")
    do("link set lo up", *inside)
    do(f"address add 10.77.{number + 1}.2/24 dev there{number}", *inside)
    do(f"link set there{number} up", *inside)
    do(f"route add default via 10.77.{number + 1}.1", *inside)
    return inside


def echo(connection: socket.socket, body: bytes, _: int) -> bool:
    """A good answer."""
    connection.sendall(answer(body_of(body)))
    return True


def serve() -> None:
    """The target."""
    listener = socket.create_server((ADDRESS, TARGET), backlog=512)
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=http(echo), args=(connection,), daemon=True).start()


def main(plan: str, folder: Path) -> None:
    """Carry out the plan with two workers and print the exit codes, the master's first."""
    do("link set lo up")
    do(f"address add {ADDRESS}/32 dev lo")
    threading.Thread(target=serve, daemon=True).start()
    with contextlib.ExitStack() as running:
        hosts = [host(number, running) for number in range(len(CLOCKS))]
        sys.stdout.write(f"{carried_out(plan, folder, hosts)}\n")


def carried_out(plan: str, folder: Path, hosts: list[list[str]]) -> list[int]:
    """Exit codes of master and workers."""
    locust = [sys.executable, "-m", "locust", "-f", str(FILE)]
    given = ["--host", f"http://{ADDRESS}:1", "--headless", "--oip-plan", plan, "--oip-series", str(folder)]
    given += ["--master", "--master-bind-host", ADDRESS, "--master-bind-port", str(PORT), "--expect-workers", "2"]
    master = subprocess.Popen([*locust, *given, "--expect-workers-max-wait", "60"])
    there = ["--worker", "--master-host", ADDRESS, "--master-port", str(PORT)]
    workers = [subprocess.Popen([*inside, *locust, *there]) for inside in hosts]
    return [each.wait(120) for each in (master, *workers)]


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
