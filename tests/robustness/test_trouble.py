"""What a page says while the database can save nothing, and that nothing was changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from audit import actions as log
from audit.models import Event
from config.database import Trouble, trouble_of
from orgs.actions import groups
from orgs.models import Group
from orgs.tenancy import bound
from tests.factories import Cast, make_group, sign_in
from tests.projects.keys import make_token


def failing(condition: str) -> Callable[..., Any]:
    """The database itself refuses, with the code of this condition."""

    def fail(*_: Any, **__: Any) -> None:
        # What is outside of a transaction fails alone; here the test is one.
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"DO $$ BEGIN RAISE {condition}; END $$")

    return fail


@pytest.mark.parametrize(
    ("condition", "status", "said"),
    [
        ("disk_full", 507, "The storage of this installation is full"),
        ("out_of_memory", 507, "The storage of this installation is full"),
        ("configuration_limit_exceeded", 507, "The storage of this installation is full"),
        ("read_only_sql_transaction", 503, "only lets itself be read"),
        ("admin_shutdown", 503, "does not answer at the moment"),
        ("cannot_connect_now", 503, "does not answer at the moment"),
    ],
)
def test_a_deed_that_cannot_be_saved_says_so_and_leaves_nothing(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, condition: str, status: int, said: str
) -> None:
    group = make_group(cast.acme)
    fail = failing(condition)

    def halfway(**_: Any) -> None:
        Group.objects.filter(pk=group.pk).update(name="Halfway")
        fail()

    monkeypatch.setattr(groups, "group_delete", halfway)
    client = sign_in(cast.alice)
    before = entries(cast)
    response = client.post(cast.url(f"groups/{group.pk}/delete/"), {"confirm": group.name})
    assert response.status_code == status
    assert "Nothing was changed" in response.content.decode()
    assert said in response.content.decode()
    assert ("Retry-After" in response.headers) == (status == 503)
    with bound(cast.acme.id):
        assert Group.objects.get(pk=group.pk).name == group.name
    assert entries(cast) == before, "nor is the attempt written down, which could not be saved"


def test_the_page_stays_and_a_toast_says_so(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    group = make_group(cast.acme)
    monkeypatch.setattr(groups, "group_delete", failing("disk_full"))
    response = sign_in(cast.alice).post(
        cast.url(f"groups/{group.pk}/delete/"),
        {"confirm": group.name},
        headers={"HX-Request": "true"},
    )
    assert response.status_code == 507
    assert response.headers["HX-Reswap"] == "none"
    assert "The storage of this installation is full" in response.headers["HX-Trigger"]
    assert response.content == b""


def test_a_reading_that_cannot_be_recorded_is_refused_and_asked_again(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = sign_in(cast.alice)
    with monkeypatch.context() as full:
        full.setattr(log, "event_read", failing("disk_full"))
        assert client.get(cast.url("audit-log/")).status_code == 507
    before = entries(cast)
    assert client.get(cast.url("audit-log/")).status_code == 200
    assert entries(cast) == before + 1, "the refused look does not count as a reading"


def test_other_pages_go_on_while_nothing_can_be_remembered(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = sign_in(cast.alice)
    monkeypatch.setattr(UserSession.objects, "create_from_request", failing("disk_full"))
    monkeypatch.setattr(SessionStore, "create_model_instance", failing("disk_full"))
    for page in ("", "members/", "groups/", "settings/"):
        assert client.get(cast.url(page), follow=True).status_code == 200, page


def test_what_was_done_is_done_though_the_session_cannot_be_saved(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = sign_in(cast.alice)
    client.get(cast.url("members/"))
    member = cast.member(cast.mia)
    monkeypatch.setattr(SessionStore, "create_model_instance", failing("disk_full"))
    response = client.post(cast.url(f"members/{member.pk}/role/"), {"role": "viewer", "reason": ""})
    assert response.status_code == 302
    with bound(cast.acme.id):
        member.refresh_from_db()
    assert member.role == "viewer"


def test_signing_in_that_cannot_be_saved_says_so(
    cast: Cast, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SessionStore, "create_model_instance", failing("disk_full"))
    client.raise_request_exception = False
    response = client.post(
        reverse("account_login"), {"login": cast.alice.email, "password": "correct horse battery"}
    )
    assert response.status_code == 507
    assert "The storage of this installation is full" in response.content.decode()


def test_the_interface_says_so_as_a_problem(
    cast: Cast, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, token = make_token(cast.acme)
    monkeypatch.setattr(log, "event_read", failing("disk_full"))
    response = client.get("/v1/audit-events", headers={"authorization": f"Bearer {token}"})
    assert response.status_code == 507, response.content
    said = response.json()
    assert (said["code"], said["title"]) == ("storage_full", "Insufficient Storage")
    assert "Nothing was changed" in said["detail"]


def test_a_statement_that_is_wrong_is_no_trouble_of_the_database(db: None) -> None:
    with pytest.raises(Exception, match="does not exist") as caught, connection.cursor() as cursor:
        cursor.execute("SELECT nothing")
    assert trouble_of(caught.value) is None
    assert trouble_of(None) is None
    assert {trouble.value for trouble in Trouble} == {"full", "read_only", "away"}


def entries(cast: Cast) -> int:
    with bound(cast.acme.id):
        return Event.objects.filter(organization_id=cast.acme.id).count()
