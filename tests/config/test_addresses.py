"""Which addresses are reached: only plain ones, encrypted, on the open internet."""

from __future__ import annotations

import pytest

from config.addresses import LONGEST_URL, AddressError, is_public, parse

HOSTILE = [
    # Loopback, in every spelling that some parser of old takes.
    ("https://127.0.0.1/", "private"),
    ("https://127.255.255.254/", "private"),
    ("https://127.0.0.1./", "private"),
    ("https://2130706433/", "number"),
    ("https://0x7f000001/", "number"),
    ("https://0x7f.0.0.1/", "number"),
    ("https://0177.0.0.1/", "number"),
    ("https://017700000001/", "number"),
    ("https://127.1/", "number"),
    ("https://127.0.1/", "number"),
    ("https://0/", "number"),
    ("https://0.0.0.0/", "private"),
    ("https://localhost/", "private"),
    ("https://LOCALHOST/", "private"),
    ("https://localhost./", "private"),
    ("https://a.localhost/", "private"),
    ("https://localhost.localdomain/", "private"),
    ("https://[::1]/", "private"),
    ("https://[::]/", "private"),
    ("https://[0:0:0:0:0:0:0:1]/", "private"),
    ("https://[::127.0.0.1]/", "private"),
    ("https://[::ffff:127.0.0.1]/", "private"),
    ("https://[::ffff:7f00:1]/", "private"),
    ("https://[64:ff9b::127.0.0.1]/", "private"),
    ("https://[64:ff9b:1::127.0.0.1]/", "private"),
    ("https://[2002:7f00:1::]/", "private"),
    ("https://[2001:0:7f00:1::]/", "private"),
    # Networks of one's own, links, clouds and their metadata.
    ("https://10.0.0.1/", "private"),
    ("https://172.16.0.1/", "private"),
    ("https://192.168.1.1/", "private"),
    ("https://100.64.0.1/", "private"),
    ("https://100.100.100.200/", "private"),
    ("https://169.254.169.254/latest/meta-data/", "private"),
    ("https://168.63.129.16/", "private"),
    ("https://192.0.0.192/", "private"),
    ("https://198.18.0.1/", "private"),
    ("https://192.0.2.1/", "private"),
    ("https://192.88.99.1/", "private"),
    ("https://224.0.0.1/", "private"),
    ("https://240.0.0.1/", "private"),
    ("https://255.255.255.255/", "private"),
    ("https://[fe80::1]/", "private"),
    ("https://[fe80::1%25eth0]/", "host"),
    ("https://[fc00::1]/", "private"),
    ("https://[fd00:ec2::254]/", "private"),
    ("https://[fec0::1]/", "private"),
    ("https://[ff02::1]/", "private"),
    ("https://[2001:db8::1]/", "private"),
    ("https://[64:ff9b::a9fe:a9fe]/", "private"),
    ("https://metadata.google.internal/", "private"),
    ("https://intranet/", "private"),
    ("https://printer.local/", "private"),
    ("https://nas.home.arpa/", "private"),
    # What one parser reads as one host, and another one as another.
    ("https://good.example.com@127.0.0.1/", "credentials"),
    ("https://user:word@good.example.com/", "credentials"),
    ("https://good.example.com\\@127.0.0.1/", "url"),
    ("https://good.example.com#@127.0.0.1/", "url"),
    ("https://good.example.com/#there", "url"),
    ("https://127.0.0.1%2f@good.example.com/", "credentials"),
    ("https://127.0.0.1%00.good.example.com/", "host"),
    ("https://loc%61lhost/", "host"),
    ("https://①②⑦.0.0.1/", "characters"),
    ("https://ⓛocalhost/", "characters"),
    ("https://good。example.com/", "characters"),
    ("https://gооd.example.com/", "characters"),
    ("https://good.example.com /", "url"),
    ("https://good.example.com/\r\nHost: 127.0.0.1", "url"),
    ("https://good.example.com/\0", "url"),
    (" https://good.example.com/", "url"),
    ("https://good..example.com/", "host"),
    ("https://-good.example.com/", "host"),
    ("https://good.example.com:/", "host"),
    ("https:///hook", "host"),
    ("https://[127.0.0.1]/", "private"),
    ("https://[::1/", "host"),
    ("https://::1/", "host"),
    (f"https://{'a' * 64}.example.com/", "host"),
    (f"https://{'a.' * 130}com/", "host"),
    # Other ways to speak, and other services.
    ("http://good.example.com/", "scheme"),
    ("ftp://good.example.com/", "scheme"),
    ("gopher://good.example.com/", "scheme"),
    ("file:///etc/passwd", "scheme"),
    ("//good.example.com/", "url"),
    ("good.example.com", "url"),
    ("javascript:alert(1)", "url"),
    ("https://good.example.com:22/", "port"),
    ("https://good.example.com:25/", "port"),
    ("https://good.example.com:80/", "port"),
    ("https://good.example.com:0/", "port"),
    ("https://good.example.com:65536/", "port"),
    ("https://good.example.com:99999/", "port"),
    ("https://good.example.com/" + "a" * LONGEST_URL, "url"),
    ("", "url"),
]


@pytest.mark.parametrize(("url", "code"), HOSTILE)
def test_an_address_that_leads_elsewhere_is_refused_and_says_why(url: str, code: str) -> None:
    with pytest.raises(AddressError) as refused:
        parse(url)
    assert refused.value.code == code
    assert str(refused.value).endswith(".")


@pytest.mark.parametrize(
    ("url", "host", "port", "target"),
    [
        ("https://siem.example.com", "siem.example.com", 443, "/"),
        ("https://SIEM.Example.com./a?b=c", "siem.example.com", 443, "/a?b=c"),
        ("https://siem.example.com?b=c", "siem.example.com", 443, "/?b=c"),
        ("https://siem.example.com:8443/", "siem.example.com", 8443, "/"),
        ("https://xn--bcher-kva.example/", "xn--bcher-kva.example", 443, "/"),
        ("https://10.0.0.1.nip.io/", "10.0.0.1.nip.io", 443, "/"),
        ("https://8.8.8.8/", "8.8.8.8", 443, "/"),
        ("https://[2606:4700::1111]:8443/", "2606:4700::1111", 8443, "/"),
    ],
)
def test_a_plain_address_is_taken_apart(url: str, host: str, port: int, target: str) -> None:
    found = parse(url)
    assert (found.host, found.port, found.target) == (host, port, target)


def test_of_an_address_only_the_origin_is_told() -> None:
    assert parse("https://siem.example.com:8443/secret?token=1").origin == (
        "https://siem.example.com:8443"
    )
    assert parse("https://[2606:4700::1111]/").origin == "https://[2606:4700::1111]"


def test_on_premises_near_and_plain_addresses_are_let_in_but_no_riddles() -> None:
    for url in (
        "http://127.0.0.1:8080/",
        "http://collector/",
        "https://[::1]/",
        "https://10.1.2.3/",
    ):
        assert parse(url, private=True)
    for url in ("https://2130706433/", "https://a@b.example.com/", "ftp://collector/"):
        with pytest.raises(AddressError):
            parse(url, private=True)


@pytest.mark.parametrize("text", ["8.8.8.8", "2606:4700::1111", "64:ff9b::808:808"])
def test_the_open_internet_is_public(text: str) -> None:
    assert is_public(text)


@pytest.mark.parametrize(
    "text", ["fe80::1%eth0", "64:ff9b::808:808%eth0", "::ffff:8.8.8.8", "2001:4860::1%1"]
)
def test_an_address_that_hides_another_or_a_link_is_not(text: str) -> None:
    assert not is_public(text)
