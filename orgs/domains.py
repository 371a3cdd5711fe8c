"""Domains as facts: how one is written, which ones nobody here can own, and what its DNS says.

Nothing here knows an organization. Who may add or prove one is in `orgs/actions/domains.py`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import dns.exception
import dns.name
import dns.nameserver
import dns.resolver
from django.conf import settings
from django.core.exceptions import ValidationError

CHALLENGE = "_bailiwick-challenge"
PATIENCE = 4.0  # Seconds, for all servers and attempts together.
MOST_ANSWERS = 50

_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")

# Where everybody gets an address: whoever has one proves nothing about an organization.
FREE_MAIL = frozenset(
    """
    aol.com arcor.de bigpond.com bluewin.ch bol.com.br btinternet.com comcast.net duck.com
    fastmail.com free.fr freenet.de gmail.com gmx.at gmx.ch gmx.com gmx.de gmx.net googlemail.com
    hey.com hotmail.com hotmail.co.uk hotmail.de hotmail.fr hotmail.it icloud.com interia.pl
    laposte.net libero.it live.com live.de mac.com mail.com mail.ru me.com msn.com naver.com
    o2.pl online.de orange.fr outlook.com outlook.de pm.me posteo.de posteo.net proton.me
    protonmail.com qq.com rambler.ru rediffmail.com rocketmail.com sapo.pt seznam.cz sfr.fr
    t-online.de tiscali.it tuta.com tutanota.com uol.com.br verizon.net virgilio.it wanadoo.fr
    web.de wp.pl ya.ru yahoo.co.jp yahoo.co.uk yahoo.com yahoo.de yahoo.fr yahoo.it yandex.com
    yandex.ru ymail.com zoho.com 126.com 163.com
    """.split()
)
# Under these everybody registers a name, so they are nobody's own.
_SECOND_LEVELS = frozenset(
    "ac co com edu gob gouv gov go gv id ltd me mil ne net nic nom or org plc sch".split()
)
_SHARED = frozenset(
    """
    appspot.com azurewebsites.net blogspot.com cloudfront.net fly.dev github.io gitlab.io
    herokuapp.com netlify.app onrender.com pages.dev vercel.app web.app workers.dev
    """.split()
)
# Names that no public DNS gives away.
_RESERVED = frozenset("arpa invalid internal lan local localhost onion test".split())


def clean_domain(value: str) -> str:
    """A domain in the one form in which it is stored: ASCII (IDNA 2008, as browsers have it), lower
    case, no dot at its end.

    Raises ValidationError: `domain`, `free_mail`, `public_suffix`, `reserved`.
    """
    typed = value.strip().lower().removesuffix(".")
    name = typed if typed.isascii() else _in_ascii(typed)
    labels = name.split(".")
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise ValidationError("Write a domain like example.com.", code="domain")
    if labels[-1] in _RESERVED:
        raise ValidationError("This name is in no public DNS.", code="reserved")
    if _is_public_suffix(labels) or labels[-1].isdigit():
        raise ValidationError(
            "Many register names under this one. Write the one that is yours.",
            code="public_suffix",
        )
    if name in FREE_MAIL:
        raise ValidationError(
            "Everybody gets an address there. Write a domain of your own.", code="free_mail"
        )
    return name


def _in_ascii(name: str) -> str:
    """Empty for what is no name. Of the older rules “straße” would be “strasse”, another's."""
    try:
        found = dns.name.from_unicode(name, idna_codec=dns.name.IDNA_2008_UTS_46)
    except (dns.exception.DNSException, UnicodeError):
        return ""
    return found.to_text(omit_final_dot=True)


def answer_of(token: str) -> str:
    """What the TXT record has to say."""
    return f"bailiwick-verification={token}"


def require_answer(domain: str, token: str) -> None:
    """Ask the DNS now. Raises ValidationError: `no_answer`, `other_answer`, `unreachable`."""
    place, wanted = f"{CHALLENGE}.{domain}", answer_of(token)
    try:
        found = _resolver().resolve(f"{place}.", "TXT", lifetime=PATIENCE, search=False)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        raise ValidationError(
            f"There is no TXT record at {place} yet. New ones take a while to be seen.",
            code="no_answer",
        ) from None
    except (dns.exception.DNSException, OSError):
        raise ValidationError(
            f"The name servers of {domain} did not answer in time. Try again in a minute.",
            code="unreachable",
        ) from None
    if wanted not in [_said(record.strings) for record in list(found)[:MOST_ANSWERS]]:
        raise ValidationError(
            f"The TXT record at {place} says something else. It has to be {wanted}",
            code="other_answer",
        )


def _said(strings: Sequence[bytes]) -> str:
    """One record, without the quotes that some forms of name servers' owners store with it."""
    return b"".join(strings).decode(errors="replace").strip(' "').lower()


def _resolver() -> dns.resolver.Resolver:
    """The system's, or the ones of the setting: an address, with `:port` where it is not 53."""
    if not settings.DNS_RESOLVERS:
        return dns.resolver.Resolver()
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers = [_server(*one.partition(":")[::2]) for one in settings.DNS_RESOLVERS]
    return resolver


def _server(address: str, port: str) -> dns.nameserver.Do53Nameserver:
    return dns.nameserver.Do53Nameserver(address, int(port or 53))


def _is_public_suffix(labels: list[str]) -> bool:
    if len(labels) < 2 or ".".join(labels) in _SHARED:
        return True
    # Like co.uk and com.br: a country, and one of the words under which it registers.
    return len(labels) == 2 and len(labels[1]) == 2 and labels[0] in _SECOND_LEVELS
