"""Making keys: by whom, where, within which ceiling, and what stays of their text."""

from __future__ import annotations

import datetime
import html
import re
from typing import Any
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from accounts.models import User
from audit.models import Event as Entry
from audit.models import Particulars
from config.roles import Role
from orgs.tenancy import bound
from projects import keys
from projects.actions.keys import key_create
from projects.actions.shares import unshare
from projects.models import Key, KeySecret, Limit, Project
from projects.policies import ProjectPolicy
from tests.factories import Cast, body_of, make_group, sign_in
from tests.projects.factories import make_grant, make_project
from tests.projects.keys import Platform, make_limit

pytestmark = pytest.mark.django_db

PERSONAL = [ProjectPolicy.PERSONAL_KEYS.value]


def made(cast: Cast, by: User, project: Project | None = None, **said: Any) -> tuple[Key, str]:
    values = {
        "kind": "project" if project else "organization",
        "project": project,
        "name": "Production deployment, ETL workflow",
        "executes": True,
        "chats": False,
        "cost_centre": None,
        "expires_at": None,
    }
    return key_create(**(values | said), actor=cast.access(by))


def once(page: str) -> str:
    found = re.search(r'name="once" value="([^"]+)"', page)
    assert found
    return html.unescape(found[1])


def sent(client: Client, url: str, **said: Any) -> Any:
    form = {"name": "Nightly forecast", "may": "execute", "once": once(body_of(client.get(url)))}
    return client.post(url, form | said)


def shown(response: Any) -> str:
    found = re.search(r"bw_live_[0-9a-f]{48}", response.content.decode())
    assert found, "No key on the page"
    return found[0]


# --- Who, and where -------------------------------------------------------------------------------


@pytest.mark.requirement("S1-018")
@pytest.mark.requirement("S4-045")
@pytest.mark.parametrize("who", ["alice", "adam"])
def test_owners_and_admins_make_organization_keys(cast: Cast, who: str) -> None:
    key, text = made(cast, getattr(cast, who))
    assert key.kind == Key.Kind.ORGANIZATION
    assert key.creator == cast.member(getattr(cast, who))
    assert keys.is_well_formed(text)


@pytest.mark.requirement("S4-045")
@pytest.mark.parametrize("who", ["mia", "vera", "eddie"])
def test_nobody_else_makes_organization_keys(cast: Cast, who: str) -> None:
    person = getattr(cast, who)
    with pytest.raises(ValidationError) as refused:
        made(cast, person)
    assert refused.value.code == "forbidden"
    client = sign_in(person)
    assert client.get(cast.url("settings/keys/new/")).status_code == 302
    client.post(cast.url("settings/keys/new/"), {"name": "Mine", "may": "both"})
    with bound(cast.acme.pk):
        assert not Key.objects.in_org(cast.acme.pk).exists()


@pytest.mark.requirement("S2-140")
@pytest.mark.requirement("S2-142")
def test_project_owners_make_project_keys_and_members_do_not(cast: Cast) -> None:
    project = make_project(cast.acme)
    make_grant(project, cast.member(cast.mia), Role.PROJECT_OWNER)
    make_grant(project, cast.member(cast.vera), Role.PROJECT_MEMBER)
    key, _ = made(cast, cast.mia, project)
    assert key.project == project
    with pytest.raises(ValidationError) as refused:
        made(cast, cast.vera, project)
    assert refused.value.code == "forbidden"


def test_an_admin_makes_no_key_in_a_project_that_they_have_no_role_in(cast: Cast) -> None:
    with pytest.raises(ValidationError):
        made(cast, cast.adam, make_project(cast.acme))


def test_a_personal_key_takes_the_policy(cast: Cast) -> None:
    project = make_project(cast.acme)
    make_grant(project, cast.member(cast.mia), Role.PROJECT_MEMBER)
    with pytest.raises(ValidationError) as refused:
        made(cast, cast.mia, project, kind="personal")
    assert refused.value.code == "policy"
    client, url = sign_in(cast.mia), cast.url(f"projects/{project.pk}/keys/own/")
    assert client.get(url).status_code == 404
    refused_form = client.post(url, {"name": "Mine", "may": "both"})
    assert refused_form.status_code == 422


def test_a_project_viewer_has_no_personal_key(cast: Cast) -> None:
    project = make_project(cast.acme, policies=PERSONAL)
    make_grant(project, cast.member(cast.vera), Role.PROJECT_VIEWER)
    url = cast.url(f"projects/{project.pk}/keys/own/")
    assert sign_in(cast.vera).get(url).status_code == 302
    with pytest.raises(ValidationError) as refused:
        made(cast, cast.vera, project, kind="personal")
    assert refused.value.code == "ceiling"


@pytest.mark.requirement("S2-141")
def test_a_key_may_never_more_than_its_maker(cast: Cast) -> None:
    project = make_project(cast.acme, policies=PERSONAL)
    mia = cast.member(cast.mia)
    grant = make_grant(project, mia, Role.PROJECT_MEMBER)
    _, text = made(cast, cast.mia, project, kind="personal", chats=True)
    platform = Platform(cast.acme)
    assert platform.verify(text).json()["decision"] is True
    unshare(grant=grant, reason="", actor=cast.access(cast.alice))
    assert platform.verify(text).json()["reason"] == "permission"


@pytest.mark.requirement("S2-145")
@pytest.mark.requirement("S2-146")
@pytest.mark.requirement("S2-038")
def test_the_scope_is_execute_chat_or_both_and_never_a_deed_of_the_console(cast: Cast) -> None:
    _, executes = made(cast, cast.alice)
    _, chats = made(cast, cast.alice, executes=False, chats=True)
    platform = Platform(cast.acme)

    def may(text: str, action: str) -> bool:
        return bool(platform.verify(text, action=action).json()["decision"])

    assert may(executes, "tasks.run_commercial")
    assert not may(executes, "features.discover")
    assert may(chats, "features.discover")
    assert not may(chats, "tasks.run_commercial")
    deeds = ("agents.create", "projects.change", "members.invite", "keys.create")
    _, both = made(cast, cast.alice, chats=True)
    assert not any(may(both, deed) for deed in deeds)
    with pytest.raises(ValidationError) as refused:
        made(cast, cast.alice, executes=False)
    assert refused.value.code == "scope"


def test_no_key_is_made_in_an_archived_project(cast: Cast) -> None:
    project = make_project(cast.acme, state="archived")
    with pytest.raises(ValidationError):
        made(cast, cast.alice, project)
    url = cast.url(f"projects/{project.pk}/keys/new/")
    assert sign_in(cast.alice).get(url).status_code == 302


def test_a_project_of_another_organization_is_not_found(cast: Cast) -> None:
    project = make_project(cast.umbrella)
    for page in (f"projects/{project.pk}/keys/new/", f"projects/{uuid4()}/keys/new/"):
        assert sign_in(cast.alice).get(cast.url(page)).status_code == 404


# --- The form, and what is shown once -------------------------------------------------------------


@pytest.mark.requirement("S2-139")
@pytest.mark.requirement("S2-143")
@pytest.mark.requirement("S2-144")
def test_a_key_is_made_in_the_browser_shown_once_and_works(cast: Cast) -> None:
    client, url = sign_in(cast.alice), cast.url("settings/keys/new/")
    assert "Create API Key" in body_of(client.get(cast.url("settings/keys/")))
    form = body_of(client.get(url))
    assert "Production deployment, ETL workflow" in form
    answer = sent(client, url)
    text = shown(answer)
    assert answer.status_code == 200
    assert "no-store" in answer.headers["Cache-Control"]
    assert f'data-copy="{text}"' in answer.content.decode()
    assert Platform(cast.acme).verify(text, action="tasks.run_commercial").json()["decision"]
    with bound(cast.acme.pk):
        key = Key.objects.in_org(cast.acme.pk).get()
    for page in ("settings/keys/", f"keys/{key.pk}/", "audit/"):
        assert text[16:-4] not in client.get(cast.url(page)).content.decode()


def test_the_text_of_a_key_is_stored_nowhere(cast: Cast) -> None:
    key, text = made(cast, cast.alice)
    with bound(cast.acme.pk):
        secret = KeySecret.objects.in_org(cast.acme.pk).get(key=key)
    assert bytes(secret.digest) == keys.digest(text)
    assert text.startswith(secret.prefix)
    assert text.endswith(secret.suffix)
    chance = text[len("bw_live_") + 4 : -4]
    said = Entry.objects.filter(organization_id=cast.acme.pk).values_list("body", flat=True)
    words = Particulars.objects.filter(organization_id=cast.acme.pk).values_list("words", flat=True)
    assert not any(chance in str(each) for each in (*said, *words))


def test_the_same_form_sent_twice_makes_one_key(cast: Cast) -> None:
    client, url = sign_in(cast.alice), cast.url("settings/keys/new/")
    form = {"name": "Twice", "may": "both", "once": once(body_of(client.get(url)))}
    assert client.post(url, form).status_code == 200
    again = client.post(url, form)
    assert again.status_code == 422
    assert "made its key already" in again.content.decode()
    assert "bw_live_" not in re.sub(r"<code>bw_live_</code>", "", again.content.decode())
    with bound(cast.acme.pk):
        assert Key.objects.in_org(cast.acme.pk).count() == 1


def test_a_form_of_somebody_else_makes_nothing(cast: Cast) -> None:
    url = cast.url("settings/keys/new/")
    theirs = once(body_of(sign_in(cast.adam).get(url)))
    client = sign_in(cast.alice)
    for forged in (theirs, "x", "", f"{uuid4().hex}:abc"):
        answer = client.post(url, {"name": "Mine", "may": "both", "once": forged})
        assert answer.status_code == 422, forged
    with bound(cast.acme.pk):
        assert not Key.objects.in_org(cast.acme.pk).exists()


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"name": ""}, "Write a name"),
        ({"name": "x" * 101}, "at most 100"),
        ({"name": "a\u202eb"}, "invisible"),
        ({"name": "bw_live_" + "0" * 48}, "This holds a key"),
        ({"may": ""}, "Choose what the key may do"),
        ({"may": "everything"}, "Choose what the key may do"),
        ({"expires_at": "2001-01-01"}, "in the past"),
        ({"expires_at": "9999-12-31"}, "within five years"),
        ({"expires_at": "soon"}, "Write a day"),
        ({"cost_centre": str(uuid4())}, "Choose one of these groups"),
        ({"cost_centre": "x"}, "not a valid"),
        ({"budget": "-1"}, "not below zero"),
        ({"budget": "NaN"}, "in digits"),
        ({"networks": "300.1.1.1"}, "300.1.1.1"),
        ({"rpm": "0"}, "whole number"),
    ],
)
def test_bad_input_is_refused_beside_its_field(cast: Cast, said: Any, words: str) -> None:
    answer = sent(sign_in(cast.alice), cast.url("settings/keys/new/"), **said)
    assert answer.status_code == 422
    assert words in html.unescape(answer.content.decode())
    with bound(cast.acme.pk):
        assert not Key.objects.in_org(cast.acme.pk).exists()


def test_a_name_is_text_and_nothing_else(cast: Cast) -> None:
    name = "<script>alert(1)</script> & “Zoë” \u200d ٣"
    client = sign_in(cast.alice)
    assert sent(client, cast.url("settings/keys/new/"), name=name).status_code == 200
    page = client.get(cast.url("settings/keys/")).content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


# --- Its end and its limits -----------------------------------------------------------------------


def test_the_longest_life_of_a_key_is_held(cast: Cast) -> None:
    make_limit(cast.acme, longest_days=30)
    with pytest.raises(ValidationError) as endless:
        made(cast, cast.alice)
    assert endless.value.code == "needs_end"
    with pytest.raises(ValidationError) as late:
        made(cast, cast.alice, expires_at=timezone.now() + datetime.timedelta(days=32))
    assert late.value.code == "too_late"
    last = timezone.localdate() + datetime.timedelta(days=30)
    client, url = sign_in(cast.alice), cast.url("settings/keys/new/")
    assert f'max="{last}"' in body_of(client.get(url))
    assert "choose its last day" in sent(client, url).content.decode()
    late_form = sent(client, url, expires_at=str(last + datetime.timedelta(days=1)))
    assert late_form.status_code == 422
    assert sent(client, url, expires_at=str(last)).status_code == 200


@pytest.mark.requirement("S1-031")
def test_who_sets_policies_sets_the_limits_with_the_key(cast: Cast) -> None:
    answer = sent(
        sign_in(cast.adam),
        cast.url("settings/keys/new/"),
        budget="12.50",
        window="day",
        zone="UTC",
        rpm="60",
        networks="10.0.0.0/8",
    )
    assert answer.status_code == 200
    with bound(cast.acme.pk):
        limit = Limit.objects.in_org(cast.acme.pk).get(layer="key")
    assert (limit.budget, limit.window, limit.rpm) == (12_500_000_000, "day", 60)


@pytest.mark.requirement("S1-031")
def test_a_project_owner_sees_the_limits_off_and_sets_none(cast: Cast) -> None:
    project = make_project(cast.acme)
    make_grant(project, cast.member(cast.mia), Role.PROJECT_OWNER)
    client, url = sign_in(cast.mia), cast.url(f"projects/{project.pk}/keys/new/")
    page = body_of(client.get(url))
    assert "Owners and Admins set limits" in page
    assert re.search(r'name="budget"[^>]*disabled', page)
    assert sent(client, url, budget="1", rpm="1").status_code == 200
    with bound(cast.acme.pk):
        assert not Limit.objects.in_org(cast.acme.pk).filter(layer="key").exists()


def test_a_refused_limit_makes_no_key(cast: Cast) -> None:
    make_limit(cast.acme, allowed_models=["small"])
    answer = sent(sign_in(cast.alice), cast.url("settings/keys/new/"), models="large")
    assert answer.status_code == 422
    with bound(cast.acme.pk):
        assert not Key.objects.in_org(cast.acme.pk).exists()


def test_a_secret_group_is_no_cost_centre_for_who_does_not_see_it(cast: Cast) -> None:
    project = make_project(cast.acme)
    make_grant(project, cast.member(cast.mia), Role.PROJECT_OWNER)
    secret = make_group(cast.acme, "Secret lab", secret=True)
    client, url = sign_in(cast.mia), cast.url(f"projects/{project.pk}/keys/new/")
    assert "Secret lab" not in body_of(client.get(url))
    assert sent(client, url, cost_centre=str(secret.pk)).status_code == 422


# --- The ledger -----------------------------------------------------------------------------------


@pytest.mark.requirement("S1-046")
@pytest.mark.requirement("S1-056")
@pytest.mark.requirement("S2-153")
def test_making_a_key_is_recorded_with_its_creator_and_permissions(cast: Cast) -> None:
    project = make_project(cast.acme, "Order intake")
    make_grant(project, cast.member(cast.mia), Role.PROJECT_OWNER)
    key, text = made(cast, cast.mia, project)
    entry = Entry.objects.filter(organization_id=cast.acme.pk, action="key.created").get()
    assert entry.target_id == key.pk
    assert entry.actor_id == cast.member(cast.mia).pk
    words = Particulars.objects.get(organization_id=cast.acme.pk, sequence=entry.sequence).words
    for fact in ("Execute workflows", "Order intake", text[:12]):
        assert fact in entry.body
    assert cast.mia.name in words
    page = body_of(sign_in(cast.mia).get(cast.url(f"projects/{project.pk}/audit/")))
    assert "created the key" in page
    assert key.name in page
