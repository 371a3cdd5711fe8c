"""Owner recovery by a domain: proved by an owner before, proved again at both ends of the claim."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.exceptions import ValidationError

from config.roles import Role
from orgs.actions.claims import claim_complete, claim_create, claim_prove
from orgs.actions.domains import domain_add, domain_remove, domain_verify
from orgs.domains import answer_of
from orgs.models import OrganizationDomain, OwnerClaim
from orgs.tenancy import bound
from tests.factories import Cast, access_of, sign_in
from tests.orgs.name_server import NameServer, name_server
from tests.orgs.support import NOTICE, actions, earlier, reload, role_of

PLACE = "_bailiwick-challenge.acme.example"


@pytest.fixture
def dns(settings) -> Iterator[NameServer]:
    with name_server() as server:
        settings.DNS_RESOLVERS = [server.address]
        yield server


@pytest.fixture
def domain(cast: Cast, dns: NameServer) -> OrganizationDomain:
    with bound(cast.acme.id):
        alice = access_of(cast.acme, cast.alice)
        added = domain_add(domain="acme.example", actor=alice)
        dns.records[PLACE] = [answer_of(added.token)]
        return domain_verify(domain=added, actor=alice)


def claim_of(cast: Cast, domain: OrganizationDomain) -> OwnerClaim:
    with bound(cast.acme.id):
        actor = access_of(cast.acme, cast.adam)
        return claim_create(domain=domain, reason="Nobody answers", actor=actor)


def act(cast: Cast, deed, claim: OwnerClaim) -> OwnerClaim:
    with bound(cast.acme.id):
        return deed(claim=reload(claim), actor=access_of(cast.acme, cast.adam))


def test_one_admin_with_the_domain_becomes_an_owner(
    cast: Cast, dns: NameServer, domain: OrganizationDomain
) -> None:
    adam = sign_in(cast.adam)
    data = {"domain": str(domain.pk), "reason": "Alice has left"}
    assert adam.post(cast.url("members/recover/new/"), data).status_code == 302
    with bound(cast.acme.id):
        claim = OwnerClaim.objects.in_org(cast.acme).get()
    page = adam.get(cast.url(f"members/recover/{claim.pk}/")).content.decode()
    assert answer_of(claim.token) in page
    url = cast.url(f"members/recover/{claim.pk}/")
    assert adam.post(f"{url}prove/").status_code == 422, "the old record proves nothing"
    dns.records[PLACE] = [answer_of(claim.token)]
    assert adam.post(f"{url}prove/").status_code == 302
    earlier(claim, NOTICE)
    assert adam.post(f"{url}complete/").status_code == 302
    assert role_of(cast.acme, cast.adam) == Role.OWNER
    assert actions(cast.acme, 2) == ["owner_claim.completed", "member.role_changed"]
    assert {"owner_claim.proved", "owner_claim.created"} <= set(actions(cast.acme, 9))


def test_the_record_has_to_be_there_at_the_end_again(
    cast: Cast, dns: NameServer, domain: OrganizationDomain
) -> None:
    claim = claim_of(cast, domain)
    dns.records[PLACE] = [answer_of(claim.token)]
    act(cast, claim_prove, claim)
    earlier(claim, NOTICE)
    dns.records.clear()
    with pytest.raises(ValidationError) as refusal:
        act(cast, claim_complete, claim)
    assert refusal.value.code == "no_answer"
    assert role_of(cast.acme, cast.adam) == Role.ADMIN


def test_a_domain_proves_only_claims_made_after_it(
    cast: Cast, dns: NameServer, domain: OrganizationDomain
) -> None:
    claim = claim_of(cast, domain)
    dns.records[PLACE] = [answer_of(claim.token)]
    earlier(claim, NOTICE, domain=False)
    with pytest.raises(ValidationError) as refusal:
        act(cast, claim_prove, claim)
    assert refusal.value.code == "not_proved"


def test_a_domain_that_no_owner_has_proved_is_no_way(cast: Cast, dns: NameServer) -> None:
    with bound(cast.acme.id):
        added = domain_add(domain="acme.example", actor=access_of(cast.acme, cast.alice))
    with pytest.raises(ValidationError) as refusal:
        claim_of(cast, added)
    assert refusal.value.code == "not_proved"
    page = sign_in(cast.adam).get(cast.url("members/recover/new/")).content.decode()
    assert "acme.example" not in page


def test_a_domain_that_is_taken_off_takes_the_claim_along(
    cast: Cast, dns: NameServer, domain: OrganizationDomain
) -> None:
    claim = claim_of(cast, domain)
    with bound(cast.acme.id):
        domain_remove(domain=domain, actor=access_of(cast.acme, cast.alice))
    assert reload(claim).state == "canceled"


def test_nobody_confirms_what_a_domain_has_to_prove(
    cast: Cast, dns: NameServer, domain: OrganizationDomain
) -> None:
    from tests.factories import make_member, make_person

    bea = make_person("Bea")
    make_member(cast.acme, Role.ADMIN, bea)
    claim = claim_of(cast, domain)
    url = cast.url(f"members/recover/{claim.pk}/confirm/")
    assert sign_in(bea).post(url).status_code == 422
    assert reload(claim).state == "asked"


def test_a_domain_of_another_organization_is_no_choice(
    cast: Cast, dns: NameServer, domain: OrganizationDomain
) -> None:
    data = {"domain": str(domain.pk), "reason": "Mine"}
    from tests.factories import make_member, make_person

    admin = make_person("Una")
    make_member(cast.umbrella, Role.ADMIN, admin)
    answer = sign_in(admin).post(cast.url("members/recover/new/", cast.umbrella), data)
    assert answer.status_code == 422
