"""Domains: an Owner names one, its DNS proves it, and nobody else learns of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.exceptions import ValidationError

from orgs.domains import answer_of, clean_domain
from orgs.models import OrganizationDomain
from orgs.tenancy import bound
from tests.factories import Cast, sign_in
from tests.orgs.name_server import NameServer, name_server
from tests.orgs.support import actions


@pytest.fixture
def dns(settings) -> Iterator[NameServer]:
    with name_server() as server:
        settings.DNS_RESOLVERS = [server.address]
        yield server


def added(cast: Cast, domain: str = "acme.example", person=None, organization=None):
    client = sign_in(person or cast.alice)
    url = cast.url("settings/domains/new/", organization)
    return client.post(url, {"domain": domain})


def the_domain(cast: Cast, organization=None) -> OrganizationDomain:
    found = organization or cast.acme
    with bound(found.id):
        return OrganizationDomain.objects.in_org(found).get()


def verify(cast: Cast, domain: OrganizationDomain, person=None):
    url = cast.url(f"settings/domains/{domain.pk}/verify/")
    return sign_in(person or cast.alice).post(url)


def publish(dns: NameServer, domain: OrganizationDomain, *more: str) -> None:
    dns.records[f"_bailiwick-challenge.{domain.domain}"] = [*more, answer_of(domain.token)]


def test_a_domain_is_proved_by_its_dns(cast: Cast, dns: NameServer) -> None:
    assert added(cast).status_code == 302
    domain = the_domain(cast)
    page = sign_in(cast.alice).get(cast.url("settings/domains/")).content.decode()
    assert "_bailiwick-challenge.acme.example" in page
    assert f"bailiwick-verification={domain.token}" in page
    publish(dns, domain, "v=spf1 -all")
    assert verify(cast, domain).status_code == 302
    assert the_domain(cast).verified_at is not None
    assert actions(cast.acme, 2) == ["domain.verified", "domain.added"]


def test_without_the_record_it_is_not(cast: Cast, dns: NameServer) -> None:
    added(cast)
    domain = the_domain(cast)
    assert "There is no TXT record" in verify(cast, domain).content.decode()
    dns.records["_bailiwick-challenge.acme.example"] = []
    assert "There is no TXT record" in verify(cast, domain).content.decode()
    dns.records["_bailiwick-challenge.acme.example"] = ["bailiwick-verification=other"]
    answer = verify(cast, domain)
    assert answer.status_code == 422
    assert "says something else" in answer.content.decode()
    assert the_domain(cast).verified_at is None


@pytest.mark.parametrize(
    "written",
    [
        '"bailiwick-verification={token}"',
        r'"\"bailiwick-verification={token}\""',
        '"bailiwick-" "verification={token}"',
        '" BAILIWICK-verification={token} "',
    ],
)
def test_a_record_counts_however_its_owner_s_form_wrote_it(
    cast: Cast, dns: NameServer, written: str
) -> None:
    added(cast)
    domain = the_domain(cast)
    dns.raw["_bailiwick-challenge.acme.example"] = written.format(token=domain.token)
    assert verify(cast, domain).status_code == 302
    assert the_domain(cast).verified_at is not None


def test_a_record_at_the_domain_itself_is_none(cast: Cast, dns: NameServer) -> None:
    added(cast)
    domain = the_domain(cast)
    dns.records["acme.example"] = [answer_of(domain.token)]
    assert verify(cast, domain).status_code == 422


def test_a_server_that_is_silent_is_not_waited_for(
    cast: Cast, dns: NameServer, monkeypatch
) -> None:
    monkeypatch.setattr("orgs.domains.PATIENCE", 0.5)
    added(cast)
    dns.silent = True
    answer = verify(cast, the_domain(cast))
    assert answer.status_code == 422
    assert "did not answer in time" in answer.content.decode()


def test_a_proof_stays_with_its_first_day(cast: Cast, dns: NameServer) -> None:
    added(cast)
    domain = the_domain(cast)
    publish(dns, domain)
    verify(cast, domain)
    first = the_domain(cast).verified_at
    verify(cast, domain)
    assert the_domain(cast).verified_at == first
    assert actions(cast.acme, 3).count("domain.verified") == 1


def test_several_organizations_prove_the_same_domain_and_learn_nothing(
    cast: Cast, dns: NameServer
) -> None:
    added(cast)
    assert added(cast, person=cast.oscar, organization=cast.umbrella).status_code == 302
    one, other = the_domain(cast), the_domain(cast, cast.umbrella)
    assert one.token != other.token
    page = sign_in(cast.oscar).get(cast.url("settings/domains/", cast.umbrella)).content.decode()
    assert one.token not in page


def test_twice_the_same_is_said(cast: Cast) -> None:
    added(cast)
    assert "on the list already" in added(cast, "ACME.example.").content.decode()


def test_only_owners_do_it(cast: Cast, dns: NameServer) -> None:
    for person in (cast.adam, cast.mia, cast.vera):
        added(cast, person=person)
    with bound(cast.acme.id):
        assert not OrganizationDomain.objects.in_org(cast.acme).exists()


def test_a_domain_of_another_organization_is_not_there(cast: Cast, dns: NameServer) -> None:
    added(cast, person=cast.oscar, organization=cast.umbrella)
    domain = the_domain(cast, cast.umbrella)
    assert verify(cast, domain).status_code == 404
    remove = cast.url(f"settings/domains/{domain.pk}/remove/")
    assert sign_in(cast.alice).post(remove).status_code == 404


def test_it_is_removed(cast: Cast) -> None:
    added(cast)
    domain = the_domain(cast)
    url = cast.url(f"settings/domains/{domain.pk}/remove/")
    assert sign_in(cast.alice).get(url).status_code == 200
    assert sign_in(cast.alice).post(url).status_code == 302
    assert sign_in(cast.alice).post(url).status_code == 404
    assert actions(cast.acme, 1) == ["domain.removed"]


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Acme-Robotics.COM", "acme-robotics.com"),
        (" acme.co.uk. ", "acme.co.uk"),
        ("bücher.de", "xn--bcher-kva.de"),
        ("Straße.de", "xn--strae-oqa.de"),
        ("acme。com", "acme.com"),
        ("a.b.c.acme.io", "a.b.c.acme.io"),
    ],
)
def test_a_domain_is_kept_in_one_form(typed: str, kept: str) -> None:
    assert clean_domain(typed) == kept


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("gmail.com", "free_mail"),
        ("GMX.de", "free_mail"),
        ("ｇｍａｉｌ．com", "free_mail"),
        ("*.acme.com", "domain"),
        ("a\u200dcme.com", "domain"),
        ("com", "public_suffix"),
        ("co.uk", "public_suffix"),
        ("com.br", "public_suffix"),
        ("github.io", "public_suffix"),
        ("localhost", "reserved"),
        ("printer.local", "reserved"),
        ("127.0.0.1", "public_suffix"),
        ("https://acme.com", "domain"),
        ("acme.com/path", "domain"),
        ("acme..com", "domain"),
        ("-acme.com", "domain"),
        ("_dmarc.acme.com", "domain"),
        ("acme com", "domain"),
        ("acme.com\nacme.org", "domain"),
        ("", "domain"),
        (f"{'a' * 64}.com", "domain"),
        (".".join(["a" * 60] * 5) + ".com", "domain"),
        ("\u202eacme.com", "domain"),
    ],
)
def test_what_is_nobodys_own_is_refused(typed: str, code: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        clean_domain(typed)
    assert refusal.value.code == code
