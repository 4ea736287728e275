"""Which IP addresses a request may reach. Pure.

Allowed are public addresses, and the private networks that the setting RISKHUB_OUTGOING_ALLOW names. The
lists follow the registries of special addresses of IANA (RFC 6890). They are written out, because what Python
calls global differs between its versions.
"""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# Network -> what it is, for the error.
_SPECIAL_4 = {
    "0.0.0.0/8": "this network",
    "10.0.0.0/8": "private",
    "100.64.0.0/10": "shared address space of a provider",
    "127.0.0.0/8": "loopback",
    "169.254.0.0/16": "link-local",
    "172.16.0.0/12": "private",
    "192.0.0.0/24": "reserved",
    "192.0.2.0/24": "for documentation",
    "192.31.196.0/24": "reserved",
    "192.52.193.0/24": "reserved",
    "192.88.99.0/24": "a relay of 6to4",
    "192.168.0.0/16": "private",
    "192.175.48.0/24": "reserved",
    "198.18.0.0/15": "for measurements",
    "198.51.100.0/24": "for documentation",
    "203.0.113.0/24": "for documentation",
    "224.0.0.0/4": "multicast",
    "240.0.0.0/4": "reserved",
}
_SPECIAL_6 = {
    "::/128": "this host",
    "::1/128": "loopback",
    "::ffff:0:0/96": "IPv4 written as IPv6",
    "::/96": "IPv4 written as IPv6",
    "64:ff9b::/96": "IPv4 behind NAT64",
    "64:ff9b:1::/48": "IPv4 behind NAT64",
    "100::/64": "discarded",
    "2001::/23": "reserved, such as Teredo",
    "2001:db8::/32": "for documentation",
    "2002::/16": "IPv4 behind 6to4",
    "2620:4f:8000::/48": "reserved",
    "3fff::/20": "for documentation",
    "5f00::/16": "reserved",
    "fc00::/7": "private",
    "fe80::/10": "link-local",
    "fec0::/10": "private",
    "ff00::/8": "multicast",
}
_SPECIAL = [(ip_network(text), what) for text, what in {**_SPECIAL_4, **_SPECIAL_6}.items()]
_UNICAST_6 = ip_network("2000::/3")
# ISATAP puts an IPv4 address into the last half of an IPv6 address, after one of these.
_ISATAP = (0x00005EFE, 0x02005EFE)


def networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Return the networks of a setting, such as 10.1.0.0/16 or 192.168.4.7. Raises ValueError naming one."""
    found = []
    for text in texts:
        try:
            found.append(ip_network(text.strip()))
        except ValueError as error:
            raise ValueError(f"“{text.strip()}” is no network such as 10.1.0.0/16: {error}.") from None
    return tuple(found)


def why_refused(text: str, allowed: Iterable[Network]) -> str:
    """Return why no request may reach an address; "" if it may. text: as socket.getpeername() gives it.

    allowed: networks that are reached although they are not public. An IPv4 address that is written as IPv6
    is in the networks of the IPv4 address.
    """
    address = ip_address(text)
    if is_named(address, allowed):
        return ""
    for network, what in _SPECIAL:
        if address.version == network.version and address in network:
            return f"{address} is {what}"
    if isinstance(address, IPv6Address):
        if address not in _UNICAST_6:
            return f"{address} is reserved"
        if int(address) >> 32 & 0xFFFFFFFF in _ISATAP:
            return f"{address} is IPv4 written as IPv6"
    return ""


def is_named(address: Address, allowed: Iterable[Network]) -> bool:
    """Return True if an address is in one of these networks."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    forms = [address] if mapped is None else [address, mapped]
    return any(form in network for network in allowed for form in forms if form.version == network.version)
