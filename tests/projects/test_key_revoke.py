"""Revoking keys: at once, by whom, with a reason, and against calls that are under way."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction

from audit.ledger import Actor
from audit.models import Event as Entry
from config.roles import Role
from orgs.models import Membership
from orgs.tenancy import bound
from projects.actions.keys import key_revoke, revoke
from projects.models import Key
from tests.factories import Cast, body_of, sign_in
from tests.projects.factories import make_grant, make_project
from tests.projects.keys import Platform, make_key, make_secret

pytestmark = pytest.mark.django_db


def entries(cast: Cast, action: str) -> list[Entry]:
    with bound(cast.acme.pk):
        return list(Entry.objects.filter(organization_id=cast.acme.pk, action=action))


@pytest.mark.requirement("S2-150")
@pytest.mark.requirement("S2-152")
@pytest.mark.requirement("S2-155")
def test_a_revoked_key_works_nowhere_from_the_next_call_on(cast: Cast) -> None:
    project = make_project(cast.acme)
    make_grant(project, cast.member(cast.mia), Role.PROJECT_OWNER)
    key, text = make_key(project, cast.member(cast.mia))
    second = make_secret(key)
    platform = Platform(cast.acme)
    assert platform.verify(text).status_code == platform.verify(second).status_code == 200
    client = sign_in(cast.mia)
    answer = client.post(cast.url(f"keys/{key.pk}/revoke/"), {"reason": "Leaked in a repository"})
    assert answer.status_code == 302
    assert platform.verify(text).status_code == platform.verify(second).status_code == 401
    (entry,) = entries(cast, "key.revoked")
    assert "Leaked in a repository" in entry.body
    assert entry.actor_id == cast.member(cast.mia).pk
    assert entry.target_id == key.pk
    page = body_of(client.get(cast.url(f"keys/{key.pk}/")))
    assert "Leaked in a repository" in page
    assert cast.mia.name in page


@pytest.mark.requirement("S2-155")
@pytest.mark.parametrize("reason", ["", "   ", "x" * 501, "a\u202eb"])
def test_a_reason_is_asked_for(cast: Cast, reason: str) -> None:
    key, text = make_key(cast.acme, cast.member(cast.alice))
    answer = sign_in(cast.alice).post(cast.url(f"keys/{key.pk}/revoke/"), {"reason": reason})
    assert answer.status_code == 422
    with bound(cast.acme.pk):
        assert Key.objects.in_org(cast.acme.pk).get().revoked_at is None


def test_a_key_pasted_into_the_reason_does_not_reach_the_log(cast: Cast) -> None:
    key, text = make_key(cast.acme, cast.member(cast.alice))
    said = {"reason": f"Found {text} in a repository"}
    sign_in(cast.alice).post(cast.url(f"keys/{key.pk}/revoke/"), said)
    (entry,) = entries(cast, "key.revoked")
    assert text[12:] not in entry.body
    assert text[:12] in entry.body


def test_revoking_again_changes_nothing(cast: Cast) -> None:
    key, _ = make_key(cast.acme, cast.member(cast.alice))
    first = key_revoke(key=key, reason="Leaked", actor=cast.access(cast.alice))
    again = key_revoke(key=key, reason="Again", actor=cast.access(cast.adam))
    assert again.revoke_reason == "Leaked"
    assert again.revoked_at == first.revoked_at
    assert len(entries(cast, "key.revoked")) == 1


@pytest.mark.parametrize(
    ("kind", "who", "may"),
    [
        ("organization", "alice", True),
        ("organization", "adam", True),
        ("organization", "mia", False),
        ("project", "alice", True),
        ("project", "adam", False),  # Sees it in the settings, with no role in the project.
        ("project", "mia", False),
        ("personal", "alice", True),
        ("personal", "mia", True),  # Her own.
        ("personal", "vera", False),
    ],
)
def test_who_may_revoke_which_key(cast: Cast, kind: str, who: str, may: bool) -> None:
    project = make_project(cast.acme)
    for person in (cast.mia, cast.vera):
        make_grant(project, cast.member(person), Role.PROJECT_MEMBER)
    where: Any = cast.acme if kind == "organization" else project
    holder = cast.mia if kind == "personal" else cast.alice
    key, text = make_key(where, cast.member(holder), kind=kind)
    person = getattr(cast, who)
    sign_in(person).post(cast.url(f"keys/{key.pk}/revoke/"), {"reason": "No longer needed"})
    with bound(cast.acme.pk):
        assert (Key.objects.in_org(cast.acme.pk).get().revoked_at is not None) is may
    if not may:
        with pytest.raises(ValidationError):
            key_revoke(key=key, reason="No", actor=cast.access(person))


def test_a_key_of_another_organization_is_not_found(cast: Cast) -> None:
    with bound(cast.umbrella.pk):
        oscar = Membership.objects.in_org(cast.umbrella.pk).get(person=cast.oscar)
    key, _ = make_key(cast.umbrella, oscar)
    for page in ("", "revoke/", "change/", "rotate/", "requests/"):
        answer = sign_in(cast.alice).post(cast.url(f"keys/{key.pk}/{page}"), {"reason": "Mine"})
        assert answer.status_code in (404, 405), page


def test_the_keys_of_an_archived_project_are_still_revoked(cast: Cast) -> None:
    project = make_project(cast.acme, state="archived")
    key, _ = make_key(project, cast.member(cast.alice))
    client = sign_in(cast.alice)
    assert client.get(cast.url(f"projects/{project.pk}/keys/")).status_code == 200
    client.post(cast.url(f"keys/{key.pk}/revoke/"), {"reason": "No longer needed"})
    with bound(cast.acme.pk):
        assert Key.objects.in_org(cast.acme.pk).get().revoked_at is not None


def test_many_are_revoked_with_one_entry_each(cast: Cast, django_assert_max_num_queries) -> None:
    made = [make_key(cast.acme, cast.member(cast.alice))[0] for _ in range(20)]
    actor = Actor("system", None, "Bailiwick")
    with bound(cast.acme.pk), transaction.atomic(), django_assert_max_num_queries(4):
        assert len(revoke(made, reason="The creator left", actor=actor)) == 20
    assert len(entries(cast, "key.revoked")) == 20
