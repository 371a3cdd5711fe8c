"""Networks as they are typed: addresses and CIDRs, one a line or between commas."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from django.core.exceptions import ValidationError

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

MOST = 1_000
LONGEST = 60_000
_SHOWN = 3
_BETWEEN = re.compile(r"[\s,;]+")


@dataclass(frozen=True, slots=True)
class Networks:
    """What was read, in the order of addresses; `notes` say what was put right."""

    found: tuple[str, ...]
    notes: tuple[str, ...] = ()


def parse_networks(text: str) -> Networks:
    """Every network in the one form in which it is stored; each counts once.

    An IPv4 address in IPv6 clothes is taken as what it is. Raises ValidationError, naming the
    entries: `too_long`, `too_many`, `host_bits`, `network`.
    """
    if len(text) > LONGEST:
        message = f"That is too long. List at most {MOST:,} networks."
        raise ValidationError(message, code="too_long")
    said = [each for each in _BETWEEN.split(text) if each]
    if len(said) > MOST:
        message = f"List at most {MOST:,} networks; these are {len(said):,}."
        raise ValidationError(message, code="too_many")
    found: dict[Network, str] = {}
    twice, errors = [], []
    for each in said:
        try:
            network = _network(each)
        except ValidationError as error:
            errors.append(error)
            continue
        if network in found:
            twice.append(each)
        found.setdefault(network, each)
    if errors:
        raise ValidationError(errors[:_SHOWN])
    ordered = sorted(found, key=lambda n: (n.version, int(n.network_address), n.prefixlen))
    notes = (_of_repeats(twice),) if twice else ()
    return Networks(tuple(map(network_text, ordered)), notes)


def network_text(network: Network) -> str:
    """A network of one address is that address."""
    one = network.prefixlen == network.max_prefixlen
    return str(network.network_address if one else network)


def _network(said: str) -> Network:
    try:
        network = ipaddress.ip_network(said, strict=False)
        named = ipaddress.ip_address(said.split("/")[0])
    except ValueError:
        raise ValidationError(
            "“%(said)s” is no network. Write an address like 203.0.113.9, or a network like"
            " 10.2.0.0/16 or 2001:db8::/32.",
            code="network",
            params={"said": said[:60]},
        ) from None
    if "%" in said:
        raise ValidationError(
            "Write %(said)s without the part after %%: that is the name of one machine’s port.",
            code="network",
            params={"said": said.split("%")[0][:60]},
        )
    if named != network.network_address:
        raise ValidationError(
            "%(said)s begins inside its network. Write %(network)s for all of it, or %(one)s for"
            " the one address.",
            code="host_bits",
            params={"said": said, "network": network, "one": named},
        )
    return _plain(network)


def _plain(network: Network) -> Network:
    """::ffff:10.0.0.0/104 names IPv4 addresses, and callers come with those."""
    mapped = getattr(network.network_address, "ipv4_mapped", None)
    if mapped is None or network.prefixlen < 96:
        return network
    return ipaddress.ip_network((int(mapped), network.prefixlen - 96))


def _of_repeats(twice: list[str]) -> str:
    more = f" and {len(twice) - _SHOWN:,} more" if len(twice) > _SHOWN else ""
    return f"Listed twice, kept once: {', '.join(twice[:_SHOWN])}{more}."
