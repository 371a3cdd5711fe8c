"""What people tried with keys in order to do more than they may, or to learn or stop what is others'.

Each test is an attempt that once went through. What the rules are is told by the test of each deed.
"""

from __future__ import annotations

import time

import pytest
from django.http import HttpResponse

from accounts.models import User
from config.roles import Role
from orgs.models import Group, Notice
from orgs.tenancy import bound
from projects import keys
from projects.models import Key, KeySecret, Project
from projects.policies import ProjectPolicy
from projects.tasks import limits_tell
from tests.factories import Cast, make_group, sign_in
from tests.projects.factories import make_grant, make_project
from tests.projects.keys import Platform, make_account, make_key, make_limit

pytestmark = pytest.mark.django_db

SECRET = "Heron Purchase"


def fresh(key: Key) -> Key:
    with bound(key.organization_id):
        return Key.objects.select_related("cost_centre").get(pk=key.pk)


def rotate(cast: Cast, key: Key, by: User) -> HttpResponse:
    with bound(cast.acme.id):
        seen = KeySecret.objects.filter(key=key).latest("created_at").pk
    said = {"overlap": "24", "seen": seen}
    return sign_in(by).post(cast.url(f"keys/{key.pk}/rotate/"), said)


def change(cast: Cast, key: Key, by: User, **said: object) -> HttpResponse:
    data = {"name": key.name, "may": "both", "expires_at": "", "cost_centre": ""} | said
    return sign_in(by).post(cast.url(f"keys/{key.pk}/change/"), data)


def secrets(key: Key) -> int:
    with bound(key.organization_id):
        return KeySecret.objects.filter(key=key).count()


def veras(cast: Cast) -> Project:
    """A project that a Viewer of the organization owns: Viewers run no commercial tasks."""
    project = make_project(cast.acme, policies=[ProjectPolicy.PERSONAL_KEYS.value])
    make_grant(project, cast.member(cast.vera), Role.PROJECT_OWNER)
    return project


@pytest.mark.requirement("S2-141")
def test_nobody_gets_a_secret_of_somebodys_personal_key(cast: Cast) -> None:
    """What it did would be that person's doing, in the log and against their limits."""
    project, mia = veras(cast), cast.member(cast.mia)
    make_grant(project, mia, Role.PROJECT_MEMBER)
    key, _ = make_key(project, mia, kind="personal")
    for somebody in (cast.alice, cast.vera):
        assert rotate(cast, key, somebody).status_code == 422
    assert secrets(key) == 1
    assert rotate(cast, key, cast.mia).status_code == 200


@pytest.mark.requirement("S2-141")
def test_a_viewer_runs_no_tasks_by_a_new_secret_of_a_members_key(cast: Cast) -> None:
    project, mia = veras(cast), cast.member(cast.mia)
    make_grant(project, mia, Role.PROJECT_MEMBER)
    key, text = make_key(project, mia)
    platform = Platform(cast.acme)
    assert platform.verify(text, action="tasks.run_commercial").json()["decision"]
    assert rotate(cast, key, cast.vera).status_code == 422
    assert secrets(key) == 1


@pytest.mark.requirement("S2-141")
def test_a_viewer_runs_no_tasks_by_lending_a_key_to_an_account(cast: Cast) -> None:
    project, vera = veras(cast), cast.member(cast.vera)
    key, text = make_key(project, vera)
    member = make_account(cast.acme, projects=(project,), role="member")
    plain = make_account(cast.acme, projects=(project,))
    page = cast.url(f"keys/{key.pk}/holder/")
    assert sign_in(cast.vera).post(page, {"account": member.pk}).status_code == 422
    assert fresh(key).creator_id == vera.pk
    assert sign_in(cast.vera).post(page, {"account": plain.pk}).status_code == 302
    answer = Platform(cast.acme).verify(text, action="tasks.run_commercial").json()
    assert answer["reason"] == "permission"


@pytest.mark.requirement("S2-141")
def test_an_admin_widens_no_key_that_reaches_beyond_them(cast: Cast) -> None:
    """Whoever made a key that was given to an account still knows its text."""
    project = make_project(cast.acme)
    account = make_account(cast.acme, projects=(project,))
    key, text = make_key(cast.acme, account, chats=False)
    assert change(cast, key, cast.adam).status_code == 422
    answer = Platform(cast.acme).verify(text, action="agents.chat", project=str(project.pk))
    assert answer.json()["reason"] == "scope"
    assert change(cast, key, cast.adam, may="execute", name="Nightly").status_code == 302
    assert change(cast, key, cast.alice).status_code == 302


def charged(cast: Cast) -> tuple[Key, Group]:
    """A key that is charged to a group that Adam, an Admin, does not see."""
    group = make_group(cast.acme, SECRET, secret=True)
    key, _ = make_key(cast.acme, cast.member(cast.alice), cost_centre=group)
    make_limit(group, budget=10**9)
    return key, group


def test_a_secret_cost_centre_keeps_its_name(cast: Cast) -> None:
    key, _ = charged(cast)
    admin = sign_in(cast.adam)
    for page in ("", "change/", "policy/", "policy/?preview=7&budget=5", "revoke/", "requests/"):
        response = admin.get(cast.url(f"keys/{key.pk}/{page}"))
        assert response.status_code == 200
        assert SECRET not in response.content.decode(), page
    assert SECRET in sign_in(cast.alice).get(cast.url(f"keys/{key.pk}/policy/")).content.decode()


def test_a_key_does_not_slip_from_a_cost_centre_that_one_does_not_see(cast: Cast) -> None:
    key, group = charged(cast)
    assert change(cast, key, cast.adam, name="Renamed").status_code == 302
    assert (fresh(key).name, fresh(key).cost_centre_id) == ("Renamed", group.pk)
    other = make_group(cast.acme)
    assert change(cast, key, cast.adam, cost_centre=other.pk).status_code == 302
    assert fresh(key).cost_centre_id == other.pk


def test_an_alert_names_nothing_that_its_reader_does_not_see(cast: Cast) -> None:
    """Adam sets limits, and sees neither the project nor the group that Alice limited."""
    project, group = make_project(cast.acme, SECRET), make_group(cast.acme, SECRET, secret=True)
    _, text = make_key(project, cast.member(cast.alice), cost_centre=group)
    for subject in (project, group):
        make_limit(subject, budget=10**9)
    platform = Platform(cast.acme)
    call = platform.verify(text).json()["id"]
    assert platform.post("/v1/usage", {"verification": call, "cost": 1}).status_code == 200
    limits_tell(0)
    with bound(cast.acme.id):
        rows = Notice.objects.in_org(cast.acme).filter(key__startswith="limit:")
        told = [
            (one.membership.role, SECRET in one.text) for one in rows.select_related("membership")
        ]
    assert sorted(told) == [("admin", False)] * 2 + [("owner", True)] * 2


def test_a_list_of_models_is_read_in_no_time(cast: Cast) -> None:
    """Spaces before a comma that never comes took time by the square of them: minutes here."""
    page = cast.url(f"settings/limits/organization/{cast.acme.pk}/")
    began = time.monotonic()
    response = sign_in(cast.alice).post(page, {"models": "a" + " " * 300_000 + "b"})
    assert time.monotonic() - began < 10
    assert response.status_code in (302, 422)


def test_the_text_of_a_key_is_in_no_trace_of_a_fault() -> None:
    made = keys.make()
    assert made.text not in repr(made)
