"""What counts as one client before it says who it is."""

from functools import lru_cache
from ipaddress import IPv6Address, ip_address

from fastapi import Request
from starlette.types import Scope

IPV6_NETWORK_BITS = 64


def address_of(scope: Scope) -> str:
    """An IPv6 client owns a network of 64 bits: it counts as one."""
    client = scope.get("client")
    return _network(client[0]) if client else "unknown"


def by_address(request: Request) -> str:
    return address_of(request.scope)


@lru_cache(maxsize=4096)
def _network(host: str) -> str:
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if not isinstance(address, IPv6Address):
        return host
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Address(int(address) >> IPV6_NETWORK_BITS << IPV6_NETWORK_BITS))
