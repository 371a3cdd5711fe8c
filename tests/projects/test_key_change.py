"""Changing keys: what is called, does and ends otherwise, and what stays refused."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from audit.models import Event as Entry
from config.roles import Role
from orgs.tenancy import bound
from projects.actions.keys import key_change
from projects.models import Key
from tests.factories import Cast, body_of, sign_in
from tests.projects.factories import make_grant, make_project
from tests.projects.keys import Platform, make_key, make_limit

pytestmark = pytest.mark.django_db


def changed(cast: Cast, key: Key, by: Any, **said: Any) -> Key:
    values = {
        "name": key.name,
        "executes": key.executes,
        "chats": key.chats,
        "cost_centre": None,
        "expires_at": key.expires_at,
    }
    return key_change(key=key, **(values | said), actor=cast.access(by))


@pytest.mark.requirement("S1-046", "S1-056")
def test_a_key_is_renamed_and_narrowed_and_the_log_says_so(cast: Cast) -> None:
    key, text = make_key(cast.acme, cast.member(cast.alice), "Old name")
    client = sign_in(cast.alice)
    form = body_of(client.get(cast.url(f"keys/{key.pk}/change/")))
    assert "Old name" in form
    said = {"name": "New name", "may": "execute"}
    assert client.post(cast.url(f"keys/{key.pk}/change/"), said).status_code == 302
    platform = Platform(cast.acme)
    assert platform.verify(text, action="features.discover").json()["reason"] == "scope"
    entry = Entry.objects.get(organization_id=cast.acme.pk, action="key.changed")
    assert "Old name" in entry.body
    assert "New name" in entry.body


def test_saving_what_is_there_records_nothing(cast: Cast) -> None:
    key, _ = make_key(cast.acme, cast.member(cast.alice))
    changed(cast, key, cast.alice)
    assert not Entry.objects.filter(action="key.changed", target_id=key.pk).exists()


@pytest.mark.requirement("S2-141")
def test_nobody_widens_a_key_beyond_what_they_may(cast: Cast) -> None:
    project = make_project(cast.acme, policies=["personal_keys"])
    mia = cast.member(cast.mia)
    make_grant(project, mia, Role.PROJECT_VIEWER)
    key, _ = make_key(project, mia, kind="personal", chats=False)
    with pytest.raises(ValidationError) as refused:
        changed(cast, key, cast.mia, chats=True)
    assert refused.value.code == "ceiling"
    # What it may already stays, also while its holder may not.
    assert changed(cast, key, cast.mia, name="Other").executes


def test_an_ended_key_stays_as_it_is(cast: Cast) -> None:
    now = timezone.now()
    member = cast.member(cast.alice)
    revoked, _ = make_key(cast.acme, member, revoked_at=now)
    expired, _ = make_key(cast.acme, member, expires_at=now - datetime.timedelta(days=1))
    for key, code in ((revoked, "revoked"), (expired, "expired")):
        with pytest.raises(ValidationError) as refused:
            changed(cast, key, cast.alice, name="Alive", expires_at=None)
        assert refused.value.code == code
    said = {"name": "Alive", "may": "both"}
    url = cast.url(f"keys/{revoked.pk}/change/")
    assert sign_in(cast.alice).post(url, said).status_code == 422


def test_the_longest_life_counts_from_the_newest_secret(cast: Cast) -> None:
    key, _ = make_key(cast.acme, cast.member(cast.alice))
    make_limit(cast.acme, longest_days=30)
    now = timezone.now()
    with pytest.raises(ValidationError) as late:
        changed(cast, key, cast.alice, expires_at=now + datetime.timedelta(days=40))
    assert late.value.code == "too_late"
    soon = changed(cast, key, cast.alice, expires_at=now + datetime.timedelta(days=10))
    with pytest.raises(ValidationError) as endless:
        changed(cast, soon, cast.alice, expires_at=None)
    assert endless.value.code == "needs_end"


def test_an_admin_changes_no_key_of_a_project_they_have_no_role_in(cast: Cast) -> None:
    key, _ = make_key(make_project(cast.acme), cast.member(cast.alice), "Same")
    said = {"name": "Other", "may": "both"}
    sign_in(cast.adam).post(cast.url(f"keys/{key.pk}/change/"), said)
    with bound(cast.acme.pk):
        assert Key.objects.in_org(cast.acme.pk).get().name == "Same"
    with pytest.raises(ValidationError):
        changed(cast, key, cast.adam, name="Other")
