"""Which addresses on the network may be reached at all: what people typed, taken apart strictly.

No name is looked up here and nothing is connected: `outbound.py` does, and asks `is_public` again
of every address that a name leads to.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

LONGEST_URL = 500
_DEFAULT_PORTS = {"https": 443, "http": 80}
# Below 1024 live mail, shells and directories; a port above it is somebody's web server.
_FIRST_FREE_PORT = 1024
_MOST_LABEL, _MOST_NAME = 63, 253

_URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<place>[^/?#]*)(?P<target>[/?][^#]*)?")
_PLACE = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^\[\]:]+)(?::(?P<port>[0-9]{1,5}))?")
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?")
# Every parser of old reads these as numbers: 2130706433, 0x7f.1 and 127.1 are all loopback.
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_PRIVATE_NAMES = (
    *("localhost", "localdomain", "local", "internal", "intranet", "private"),
    *("corp", "home", "lan", "home.arpa", "in-addr.arpa", "ip6.arpa", "onion"),
)

# Public by the registry, or in part, and still no place for a receiver: protocols' own numbers,
# relays of 6to4, and the address at which one cloud serves the secrets of its machines.
_NOT_4 = tuple(map(ipaddress.IPv4Network, ("192.0.0.0/24", "192.88.99.0/24", "168.63.129.16/32")))
_GLOBAL_6 = ipaddress.IPv6Network("2000::/3")
# Within it: tunnels, which carry another address inside, and what is only for examples.
_NOT_6 = tuple(map(ipaddress.IPv6Network, ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")))
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class AddressError(ValueError):
    """An address that is not reached; `code` for the ledger, the sentence for who typed it."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


@dataclass(frozen=True, slots=True)
class Address:
    """A URL whose parts nobody reads differently: the host is a plain name or a plain number."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def literal(self) -> str:
        """The host, where it is an address itself; else empty."""
        try:
            return str(ipaddress.ip_address(self.host))
        except ValueError:
            return ""

    @property
    def origin(self) -> str:
        """Without path and query, which may hold what only the receiver should know."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}"


def parse(url: str, *, private: bool = False) -> Address:
    """The parts of an address that may be reached; `private` lets plain and near ones in.

    Raises AddressError, whose sentence says how to mend it.
    """
    if not url.isascii():
        raise AddressError(
            "characters",
            "Use plain letters: a name with others has a form that begins with “xn--”.",
        )
    found = _URL.fullmatch(url)
    if len(url) > LONGEST_URL or not found or re.search(r"[^!-~]|\\", url):
        raise AddressError("url", "Write an address like https://siem.example.com/hook.")
    scheme, place = found["scheme"].lower(), found["place"]
    if scheme != "https" and not (private and scheme == "http"):
        raise AddressError("scheme", "Begin the address with https://.")
    if "@" in place:
        raise AddressError(
            "credentials", "Leave out user name and password: the signature says who sends."
        )
    parts = _PLACE.fullmatch(place)
    if not parts:
        raise AddressError("host", "Write the host as a name like siem.example.com.")
    host = _host(parts["host"].lower(), private=private)
    target = found["target"] or "/"
    port = _port(parts["port"], scheme, private=private)
    return Address(scheme, host, port, target if target.startswith("/") else f"/{target}")


def is_public(text: str) -> bool:
    """Is this an address of the open internet, and nothing that hides another one?"""
    address = ipaddress.ip_address(text)
    if isinstance(address, ipaddress.IPv6Address):
        if address not in _NAT64 or address.scope_id:
            return _is_public_6(address)
        # A network without IPv4 of its own reaches the rest of the world this way.
        address = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return _is_global(address) and not any(address in network for network in _NOT_4)


def _is_public_6(address: ipaddress.IPv6Address) -> bool:
    if address.scope_id or address not in _GLOBAL_6:
        return False
    return _is_global(address) and not any(address in network for network in _NOT_6)


def _is_global(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    return address.is_global and not (address.is_multicast or address.is_reserved)


def _host(typed: str, *, private: bool) -> str:
    if typed.startswith("["):
        return _literal(typed[1:-1], private=private)
    # A trailing dot names the same host, and would pass a list of names by.
    host = typed.removesuffix(".")
    labels = host.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        return _literal(host, private=private)
    if len(host) > _MOST_NAME or not all(map(_is_label, labels)):
        raise AddressError("host", "Write the host as a name like siem.example.com.")
    if not private and (len(labels) == 1 or _is_private_name(host)):
        raise AddressError("private", f"{host} is a name within a network: use a public one.")
    return host


def _is_label(label: str) -> bool:
    return len(label) <= _MOST_LABEL and _LABEL.fullmatch(label) is not None


def _is_private_name(host: str) -> bool:
    return any(host == name or host.endswith(f".{name}") for name in _PRIVATE_NAMES)


def _literal(host: str, *, private: bool) -> str:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        raise AddressError(
            "number", "Write the host as a name like siem.example.com, not as a number."
        ) from None
    if not private and not is_public(str(address)):
        raise AddressError("private", f"{address} is not a public address: use one that is.")
    return str(address)


def _port(typed: str | None, scheme: str, *, private: bool) -> int:
    port = int(typed) if typed else _DEFAULT_PORTS[scheme]
    if not 0 < port <= 0xFFFF:
        raise AddressError("port", "A port is a number from 1 to 65535.")
    if not private and port != _DEFAULT_PORTS["https"] and port < _FIRST_FREE_PORT:
        raise AddressError(
            "port", f"Port {port} belongs to another service: use 443, or one from 1024 on."
        )
    return port
