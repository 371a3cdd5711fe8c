"""Tokens of service accounts: only what their maker may give, shown once, gone at once."""

from __future__ import annotations

import datetime
import re
from uuid import uuid4

import pytest
from django.http import HttpResponse
from django.utils import timezone

from accounts.models import User
from audit.models import Event as Entry
from config.roles import Policy
from orgs.models import Organization
from orgs.tenancy import bound
from projects import keys
from projects.actions.service_tokens import MOST
from projects.models import ServiceAccount, ServiceToken
from tests.factories import TEST, Cast, sign_in
from tests.projects.factories import make_project
from tests.projects.keys import Platform, make_account, make_key, make_token

pytestmark = pytest.mark.django_db

HX = {"HX-Request": "true"}


def url(cast: Cast, account: ServiceAccount, rest: str = "new/") -> str:
    return cast.url(f"settings/service-accounts/{account.pk}/tokens/{rest}")


def make(
    cast: Cast, account: ServiceAccount, *scopes: str, who: User | None = None, **data: object
) -> HttpResponse:
    said = {"name": "Gateway", "scopes": list(scopes), "expires_at": ""} | data
    return sign_in(who or cast.alice).post(url(cast, account), said)


def tokens(account: ServiceAccount) -> list[ServiceToken]:
    with bound(account.organization_id):
        return list(ServiceToken.objects.filter(account=account))


def entries(cast: Cast, action: str, outcome: str = "done") -> list[Entry]:
    with bound(cast.acme.id):
        return list(Entry.objects.filter(action=action, outcome=outcome))


def with_policy(organization: Organization, *policies: Policy) -> None:
    from audit import ledger
    from audit.events import Event
    from audit.ledger import Target

    with bound(organization.pk):
        Organization.objects.filter(pk=organization.pk).update(policies=list(policies))
        ledger.record(
            Event.ORGANIZATION_CHANGED,
            organization=organization.pk,
            actor=TEST,
            target=Target("organization", organization.pk, organization.name),
            changes={"name": (None, None)},
        )


def test_a_token_is_shown_once_and_works(cast: Cast) -> None:
    project = make_project(cast.acme)
    account = make_account(cast.acme, projects=(project,))
    _, key = make_key(project, account)
    response = make(cast, account, "decide", "record")
    assert response.status_code == 200
    assert "no-store" in response.headers["Cache-Control"]
    found = set(re.findall(r"bw_svc_[0-9a-f]{48}", response.content.decode()))
    assert len(found) == 1
    text = found.pop()
    (token,) = tokens(account)
    assert token.scopes == ["decide", "record"]
    assert bytes(token.digest) == keys.digest(text)
    platform = Platform(cast.acme)
    platform.text = text
    assert platform.verify(key).json()["decision"]
    page = cast.url(f"settings/service-accounts/{account.pk}/")
    html = sign_in(cast.alice).get(page).content.decode()
    assert text not in html
    assert token.shown in html
    (entry,) = entries(cast, "service_token.created")
    assert text not in entry.body
    assert "decide" in entry.body


def test_an_admin_gives_no_token_what_an_admin_may_not(cast: Cast) -> None:
    account = make_account(cast.acme)
    with_policy(cast.acme)
    for scope in ("members.invite", "scim"):
        response = make(cast, account, "decide", scope, who=cast.adam)
        assert response.status_code == 422
        assert "Owners may." in response.content.decode()
    assert tokens(account) == []
    assert len(entries(cast, "service_token.created", "failed")) == 2
    html = sign_in(cast.adam).get(url(cast, account)).content.decode()
    assert html.count("You may not give this. Owners may.") == 2
    assert make(cast, account, "decide", "record", "audit.read", who=cast.adam).status_code == 200

    with_policy(cast.acme, Policy.ADMINS_INVITE)
    assert make(cast, account, "members.invite", who=cast.adam).status_code == 200
    assert make(cast, account, "scim", who=cast.adam).status_code == 422
    assert make(cast, account, "scim", who=cast.alice).status_code == 200


def test_a_token_does_only_what_its_scopes_say(cast: Cast) -> None:
    project = make_project(cast.acme)
    account = make_account(cast.acme, projects=(project,))
    _, key = make_key(project, account)
    platform = Platform(cast.acme, "record")
    assert platform.verify(key).status_code == 403


@pytest.mark.parametrize("scopes", [(), ("owner",), ("decide", "x"), ("\0",), ("decide " * 999,)])
def test_a_token_has_known_scopes(cast: Cast, scopes: tuple[str, ...]) -> None:
    account = make_account(cast.acme)
    assert make(cast, account, *scopes).status_code == 422
    assert tokens(account) == []


@pytest.mark.parametrize("data", [{"name": ""}, {"expires_at": "2020-01-01"}, {"expires_at": "x"}])
def test_a_bad_form_makes_no_token(cast: Cast, data: dict[str, str]) -> None:
    account = make_account(cast.acme)
    assert make(cast, account, "decide", **data).status_code == 422
    assert tokens(account) == []


def test_making_a_token_asks_for_a_fresh_sign_in(cast: Cast) -> None:
    account = make_account(cast.acme)
    client = sign_in(cast.alice, fresh=False)
    response = client.post(url(cast, account), {"name": "x", "scopes": ["decide"]})
    assert "/sign-in/again/" in response.url
    assert tokens(account) == []


def test_a_suspended_account_gets_no_token(cast: Cast) -> None:
    account = make_account(cast.acme, suspended_at=timezone.now())
    assert make(cast, account, "decide").status_code == 422
    assert tokens(account) == []


def test_a_token_of_a_suspended_account_opens_nothing(cast: Cast) -> None:
    project = make_project(cast.acme)
    account = make_account(cast.acme, projects=(project,), suspended_at=timezone.now())
    _, key = make_key(project, cast.member(cast.alice))
    _, text = make_token(account)
    platform = Platform(cast.acme)
    platform.text = text
    assert platform.verify(key).status_code == 401


def test_a_token_ends_on_its_day(cast: Cast) -> None:
    account = make_account(cast.acme)
    ends = timezone.localdate() + datetime.timedelta(days=10)
    make(cast, account, "decide", expires_at=ends.isoformat())
    (token,) = tokens(account)
    assert token.expires_at is not None
    assert timezone.localtime(token.expires_at).date() == ends


def test_an_account_has_so_many_live_tokens(cast: Cast) -> None:
    account = make_account(cast.acme)
    for _ in range(MOST):
        make_token(account, "decide")
    assert make(cast, account, "decide").status_code == 422
    assert len(tokens(account)) == MOST


@pytest.mark.requirement("S2-150", "S2-155", "S2-162")
def test_revoking_takes_a_reason_and_works_at_once(cast: Cast) -> None:
    account = make_account(cast.acme)
    token, text = make_token(account, "decide")
    _, key = make_key(cast.acme, cast.member(cast.alice))
    platform = Platform(cast.acme)
    platform.text = text
    assert platform.verify(key).status_code == 200
    revoking = url(cast, account, f"{token.pk}/revoke/")
    client = sign_in(cast.adam)
    assert client.post(revoking, {"reason": "  "}).status_code == 422
    assert client.post(revoking, {"reason": "Leaked"}).status_code == 302
    assert platform.verify(key).status_code == 401
    (entry,) = entries(cast, "service_token.revoked")
    assert "Leaked" in entry.body
    client.post(revoking, {"reason": "Again"})
    assert len(entries(cast, "service_token.revoked")) == 1
    assert tokens(account)[0].revoke_reason == "Leaked"


def test_a_token_is_revoked_on_its_own_account_alone(cast: Cast) -> None:
    account, other = make_account(cast.acme), make_account(cast.acme)
    token, _ = make_token(account, "decide")
    foreign, _ = make_token(cast.umbrella, "decide")
    client = sign_in(cast.alice)
    for where, which in ((other, token.pk), (account, foreign.pk), (account, uuid4())):
        path = url(cast, where, f"{which}/revoke/")
        assert client.post(path, {"reason": "x"}).status_code == 404
    assert tokens(account)[0].revoked_at is None


def test_a_token_in_the_dialog_is_the_same_page(cast: Cast) -> None:
    account = make_account(cast.acme)
    client = sign_in(cast.alice)
    said = {"name": "Gateway", "scopes": ["decide"]}
    html = client.post(url(cast, account), said, headers=HX).content.decode()
    assert "<html" not in html
    assert "bw_svc_" in html
    bad = client.post(url(cast, account), {}, headers=HX)
    assert bad.status_code == 422
    assert "<html" not in bad.content.decode()
