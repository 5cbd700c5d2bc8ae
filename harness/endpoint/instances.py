"""Every instance of the service that is known: those that were named, or those that its name stands for."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
from collections.abc import Iterator
from dataclasses import dataclass

from harness.endpoint.endpoint import Endpoint
from harness.endpoint.replica import Replica
from harness.record.exchange import Transport
from harness.wire.access import Access
from harness.wire.client import Client

# Of a name that stands for very many, so many are asked.
MOST = 8


@dataclass(frozen=True, slots=True)
class Instance:
    """An instance, with a client of its own for one transport.

    Attributes:
        name: its address, for people.
    """

    name: str
    client: Client


@contextlib.contextmanager
def instances(endpoint: Endpoint, transport: Transport) -> Iterator[list[Instance]]:
    """The instances that are reached over a transport; closed at the end."""
    ours = next(each for each in endpoint.clients if each.transport == transport)
    with contextlib.ExitStack() as closing:
        found = []
        for access in accesses(endpoint.replicas, transport):
            address = access.address
            name = ours.recorder.redactor.url(address.url if transport == "rest" else address.grpc_url)
            found.append(Instance(name, closing.enter_context(ours.apart(access))))
        yield found


def accesses(replicas: tuple[Replica, ...], transport: Transport) -> list[Access]:
    """How each instance is reached: each that was named, otherwise each address of the one that was."""
    named = [access for replica in replicas for own, access in replica.by_transport if own == transport]
    if len(named) != 1:
        return named
    hosts = _addresses_of(named[0])
    return [named[0].pinned(host) for host in hosts] if len(hosts) > 1 else named


def _addresses_of(access: Access) -> list[str]:
    """The addresses that its name stands for; empty for an address, for this machine, and behind a proxy.

    ``localhost`` stands for this machine in two versions of IP, which are no two instances.
    """
    host = access.address.host
    if access.proxy is not None or access.is_loopback or _is_address(host):
        return []
    try:
        found = socket.getaddrinfo(host, access.address.port, type=socket.SOCK_STREAM)
    except OSError:
        return []
    # Of both versions of IP, one: an instance has an address of each as a rule.
    families = {family for family, *_ in found}
    chosen = socket.AF_INET if socket.AF_INET in families else socket.AF_INET6
    return sorted({str(place[0]) for family, *_, place in found if family == chosen})[:MOST]


def _is_address(host: str) -> bool:
    with contextlib.suppress(ValueError):
        ipaddress.ip_address(host)
        return True
    return False
