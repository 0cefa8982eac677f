"""Who may come in, and how many: names of this machine, addresses for a class, room for pages."""

import ipaddress
import socket
from collections.abc import Sequence

from rwlib.system import free_mb

FORK_MB = 150
"""Memory of a page whose kernel is a fork: measured at 100 MB, and 110 after a training at 64 px; see LOG.md."""
KERNEL_MB = 900
"""Memory of a page whose kernel loads everything itself."""
SPARE_MB = 2000
"""What is left to the browser and to everything else."""
LOOPBACK = ("localhost", "127.0.0.1", "::1")


def room_for(page_mb: float) -> int:
    """Return how many pages fit into the memory that is free now, at least one."""
    return max(1, int((free_mb() - SPARE_MB) // page_mb))


def is_local(ip: str) -> bool:
    """Whether a server at this address is reached from its own machine alone.

    Example:
        >>> is_local("localhost"), is_local("127.0.0.1"), is_local("0.0.0.0"), is_local("")
        (True, True, False, False)
    """
    try:
        return ip == "localhost" or ipaddress.ip_address(ip).is_loopback
    except ValueError:
        return False


def own_addresses(versions: Sequence[int] = (4, 6)) -> list[str]:
    """Return this machine's addresses of these IP versions in its networks: no loopback, none of a single cable."""
    import psutil

    families = {4: socket.AF_INET, 6: socket.AF_INET6}
    every = [each for addresses in psutil.net_if_addrs().values() for each in addresses]
    texts = [each.address for version in versions for each in every if each.family == families[version]]
    usable = [text for text in texts if "%" not in text]  # with a zone: link-local, and no browser takes it
    return [text for text in usable if not ((ip := ipaddress.ip_address(text)).is_loopback or ip.is_link_local)]


def names_of_this_machine(more: Sequence[str] = ()) -> frozenset[str]:
    """Return the names by which pages may ask for the app, in small letters.

    A page of another site can make a visitor's browser connect to any name that its owner lets point to this machine
    (DNS rebinding); what such a page asks for names that name, and is refused.
    """
    names = [*LOOPBACK, socket.gethostname(), socket.getfqdn(), *own_addresses(), *more]
    return frozenset(name.lower() for name in names)


def host_of(header: str) -> str:
    """Return the name or address in a request's Host header, without its port.

    Example:
        >>> host_of("Lab-PC:8866"), host_of("[::1]:8866"), host_of("10.0.0.7")
        ('lab-pc', '::1', '10.0.0.7')
    """
    host = header.strip().lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]
