"""The lists of keys, one's page, and the counts of live ones."""

from __future__ import annotations

import datetime
import html
import re
from typing import Any

import pytest
from django.utils import timezone

from config.roles import Preset, Role
from tests.factories import Cast, body_of, make_group, make_member, make_organization, sign_in
from tests.projects.factories import make_grant, make_project
from tests.projects.keys import Platform, make_account, make_key, make_limit, make_secret

pytestmark = pytest.mark.django_db

DAY = datetime.timedelta(days=1)


def names(page: str) -> list[str]:
    return re.findall(r'class="row-link"[^>]*><bdi>([^<]*)</bdi>', page)


def listed(cast: Cast, asked: str = "", who: Any = None) -> list[str]:
    return names(body_of(sign_in(who or cast.alice).get(cast.url(f"settings/keys/{asked}"))))


# --- Settings, API keys ---------------------------------------------------------------------------


@pytest.mark.requirement("S4-014", "S4-045", "S1-018")
def test_owners_and_admins_see_every_key_and_nobody_else_the_page(cast: Cast) -> None:
    project = make_project(cast.acme, "Hidden from Adam")
    make_key(cast.acme, cast.member(cast.alice), "Of all")
    make_key(project, cast.member(cast.alice), "Of a project")
    make_key(project, cast.member(cast.mia), "Of Mia", kind="personal")
    for who in (cast.alice, cast.adam):
        assert set(listed(cast, who=who)) == {"Of all", "Of a project", "Of Mia"}
    page = body_of(sign_in(cast.adam).get(cast.url("settings/keys/")))
    assert "Hidden from Adam" not in page
    assert "A project you do not see" in page
    for who in (cast.mia, cast.vera, cast.eddie):
        assert sign_in(who).get(cast.url("settings/keys/")).status_code == 302


@pytest.mark.requirement("S4-021")
def test_the_shortcut_to_the_settings_and_keys_is_for_who_may_open_them(cast: Cast) -> None:
    palette = body_of(sign_in(cast.adam).get(cast.url("settings/")))
    assert "Organization settings" in palette
    assert "Create API key" in palette
    member = body_of(sign_in(cast.mia).get(cast.url("")))
    assert "Organization settings" not in member
    assert "API key" not in member


@pytest.mark.requirement("S2-142", "S2-143")
def test_the_settings_lead_to_the_keys(cast: Cast) -> None:
    page = body_of(sign_in(cast.alice).get(cast.url("settings/")))
    assert cast.url("settings/keys/") in page
    assert "Create API Key" in page
    tabs = re.search(r'aria-label="Settings">(.*?)</nav>', page, re.DOTALL)
    assert tabs
    assert "Service accounts" in tabs[1]
    assert 'aria-current="page">General' in tabs[1]


def test_the_list_is_searched_and_filtered(cast: Cast) -> None:
    one, two = make_project(cast.acme), make_project(cast.acme)
    mine, theirs = cast.member(cast.alice), cast.member(cast.mia)
    _, text = make_key(one, mine, "Zoë’s 100 % key")
    make_key(two, theirs, "Other")
    make_key(cast.acme, mine, "Gone", revoked_at=timezone.now())
    make_key(cast.acme, mine, "Over", expires_at=timezone.now() - DAY)
    assert listed(cast, "?q=100 %25") == ["Zoë’s 100 % key"]
    assert listed(cast, f"?q={text[:12]}") == ["Zoë’s 100 % key"]
    assert listed(cast, "?q=bw_live_zz") == []
    assert listed(cast, "?state=revoked") == ["Gone"]
    assert listed(cast, "?state=expired") == ["Over"]
    assert len(listed(cast, "?state=all")) == 4
    assert listed(cast, f"?project={two.pk}") == ["Other"]
    assert listed(cast, f"?creator={theirs.pk}") == ["Other"]
    for odd in ("?project=x", "?state=x", "?sort=x", "?page=x", "?q=%00", "?open=x"):
        assert len(listed(cast, odd)) == 2, odd


def test_a_whole_key_in_the_search_is_found_and_not_repeated(cast: Cast) -> None:
    _, text = make_key(cast.acme, cast.member(cast.alice), "Pasted")
    page = body_of(sign_in(cast.alice).get(cast.url(f"settings/keys/?q={text}")))
    assert names(page) == ["Pasted"]
    assert text not in page


def test_another_organizations_keys_are_never_listed(cast: Cast) -> None:
    project = make_project(cast.umbrella, "Umbrella project")
    account = make_account(cast.umbrella, "Umbrella service")
    make_key(project, account, "Foreign")
    for asked in ("?state=all", f"?project={project.pk}", "?q=Foreign"):
        assert "Foreign" not in listed(cast, asked)


def test_a_row_opens_on_all_five_limits_and_names_the_one_that_binds(cast: Cast) -> None:
    key, text = make_key(cast.acme, cast.member(cast.alice))
    make_limit(key, budget=20 * 10**9, rpm=60, allowed_models=["small"])
    make_limit(cast.acme, budget=100 * 10**9, allowed_models=["small", "large"])
    page = body_of(sign_in(cast.alice).get(cast.url(f"settings/keys/?open={key.pk}")))
    for said in ("Budget, monthly, binds", "$0.00 of $20.00", "0 of 60", "1 of 2 models"):
        assert said in page, said
    assert "Any network" in page
    assert "Any task" in page


def test_a_key_in_rotation_shows_both_secrets(cast: Cast) -> None:
    key, _ = make_key(cast.acme, cast.member(cast.alice))
    make_secret(key, ends_at=timezone.now() + DAY, created_at=timezone.now() - DAY)
    page = body_of(sign_in(cast.alice).get(cast.url("settings/keys/")))
    assert "Rotating" in page
    assert "Old secret" in page
    assert len(set(re.findall(r"bw_live_[0-9a-f]{4}…[0-9a-f]{4}", page))) == 2


def test_the_number_of_queries_does_not_grow_with_the_keys(
    cast: Cast, django_assert_max_num_queries: Any
) -> None:
    client = sign_in(cast.adam)
    for number in range(60):
        project = make_project(cast.acme) if number < 25 else cast.acme
        make_limit(make_key(project, cast.member(cast.mia))[0], budget=10**9)
    client.get(cast.url("settings/"))
    for page in ("settings/keys/", "settings/keys/?sort=created&state=all"):
        with django_assert_max_num_queries(14):
            answer = client.get(cast.url(page))
    first = names(body_of(answer))
    older = re.search(r'href="([^"]*page=[^"]+)" rel="next"', body_of(answer))
    assert len(first) == 50
    assert older
    rest = names(body_of(client.get(html.unescape(older[1]))))
    assert len(rest) == 10
    assert not set(first) & set(rest)


# --- A project's keys, and one's own --------------------------------------------------------------


@pytest.mark.requirement("S2-140", "S2-142")
def test_a_project_owner_sees_all_of_its_keys_and_a_member_their_own(cast: Cast) -> None:
    project = make_project(cast.acme, policies=["personal_keys"])
    make_grant(project, cast.member(cast.mia), Role.PROJECT_OWNER)
    make_grant(project, cast.member(cast.vera), Role.PROJECT_MEMBER)
    make_key(project, cast.member(cast.mia), "Of the project")
    own, _ = make_key(project, cast.member(cast.vera), "Of Vera", kind="personal")
    other, _ = make_key(project, cast.member(cast.mia), "Of Mia", kind="personal")
    url = cast.url(f"projects/{project.pk}/keys/")
    assert len(names(body_of(sign_in(cast.mia).get(url)))) == 3
    vera = sign_in(cast.vera)
    page = body_of(vera.get(url))
    assert names(page) == ["Of Vera"]
    assert "Create personal key" in page
    assert "Create API Key" not in page
    assert vera.get(cast.url(f"keys/{own.pk}/")).status_code == 200
    assert vera.get(cast.url(f"keys/{other.pk}/")).status_code == 404


def test_who_reads_no_costs_reads_shares_of_them_on_their_key(cast: Cast) -> None:
    org = make_organization(cast.alice, preset=Preset.S2)
    mia = make_member(org, person=cast.mia)
    project = make_project(org, policies=["personal_keys"])
    make_grant(project, mia, Role.PROJECT_MEMBER)
    key, _ = make_key(project, mia, kind="personal")
    make_limit(org, budget=4321 * 10**9)
    client = sign_in(cast.mia)
    for page in (f"projects/{project.pk}/keys/", f"projects/{project.pk}/keys/?open={key.pk}"):
        assert "4,321" not in body_of(client.get(cast.url(page, org)))
    page = body_of(client.get(cast.url(f"keys/{key.pk}/", org)))
    assert "4,321" not in page
    assert "100 % left" in page
    assert "4,321" in body_of(sign_in(cast.alice).get(cast.url(f"keys/{key.pk}/", org)))


def test_the_tab_is_for_who_has_keys_to_see(cast: Cast) -> None:
    project = make_project(cast.acme)
    make_grant(project, cast.member(cast.vera), Role.PROJECT_VIEWER)
    make_grant(project, cast.member(cast.mia), Role.PROJECT_MEMBER)
    tab = cast.url(f"projects/{project.pk}/keys/")
    assert tab in body_of(sign_in(cast.mia).get(cast.url(f"projects/{project.pk}/")))
    assert tab not in body_of(sign_in(cast.vera).get(cast.url(f"projects/{project.pk}/")))


@pytest.mark.requirement("S2-153")
def test_the_page_of_a_key_says_who_made_it_and_where_it_was_used(cast: Cast) -> None:
    group = make_group(cast.acme, "Order desk")
    key, text = make_key(cast.acme, cast.member(cast.alice), cost_centre=group)
    client, url = sign_in(cast.alice), cast.url(f"keys/{key.pk}/")
    assert "Never" in body_of(client.get(url))
    Platform(cast.acme).verify(text, action="tasks.run_commercial", ip="203.0.113.24")
    page = body_of(client.get(url))
    for said in (cast.alice.name, "from 203.0.113.24", "Order desk", "Live", "Rotate", "Revoke"):
        assert said in page, said


def test_an_admin_looks_at_a_project_key_and_may_only_limit_it(cast: Cast) -> None:
    key, _ = make_key(make_project(cast.acme, "Unseen"), cast.member(cast.alice))
    page = body_of(sign_in(cast.adam).get(cast.url(f"keys/{key.pk}/")))
    assert "Change limits" in page
    assert "Unseen" not in page
    assert f"keys/{key.pk}/revoke/" not in page
    assert f"keys/{key.pk}/rotate/" not in page


def test_the_pages_say_that_personal_keys_are_stopped(cast: Cast) -> None:
    project = make_project(cast.acme, policies=["personal_keys"])
    make_grant(project, cast.member(cast.mia), Role.PROJECT_OWNER)
    key, _ = make_key(project, cast.member(cast.mia), kind="personal")
    make_key(project, cast.member(cast.mia), kind="personal", revoked_at=timezone.now())
    make_key(project, cast.member(cast.mia))
    client, place = sign_in(cast.mia), f"projects/{project.pk}/"
    settings, page = cast.url(f"{place}settings/"), cast.url(f"keys/{key.pk}/")
    assert "1 personal key lives by it and stops while it is off." in body_of(client.get(settings))
    assert "Stopped" not in body_of(client.get(page))
    client.post(cast.url(f"{place}policies/"), {"seen": "personal_keys"})
    assert "1 personal key is stopped until it is on." in body_of(client.get(settings))
    assert "Stopped: the project does not allow personal keys" in body_of(client.get(page))
    listed = body_of(client.get(cast.url(f"{place}keys/")))
    assert listed.count("The project does not allow personal keys") == 1


# --- Counts ---------------------------------------------------------------------------------------


@pytest.mark.requirement("S1-007")
def test_active_keys_counts_what_works_and_shows_0_when_none_does(cast: Cast) -> None:
    client = sign_in(cast.alice)

    def shown(page: str) -> str:
        found = re.search(r"Active keys</dt>\s*<dd>(?:<a[^>]*>)?([^<]*)", body_of(client.get(page)))
        assert found, page
        return found[1]

    pages = (cast.url("members/"), cast.url(""))
    assert [shown(page) for page in pages] == ["0", "0"]
    now, member = timezone.now(), cast.member(cast.alice)
    for fields in ({}, {"expires_at": now + DAY}, {"revoked_at": now}, {"expires_at": now - DAY}):
        make_key(cast.acme, member, **fields)
    make_key(make_project(cast.umbrella), make_account(cast.umbrella))
    assert [shown(page) for page in pages] == ["2", "2"]


@pytest.mark.requirement("S1-007")
def test_a_project_counts_its_live_keys(cast: Cast) -> None:
    project = make_project(cast.acme)
    make_key(project, cast.member(cast.alice))
    make_key(project, cast.member(cast.alice), revoked_at=timezone.now())
    make_key(cast.acme, cast.member(cast.alice))
    client = sign_in(cast.alice)
    assert "1 live key<" in body_of(client.get(cast.url(f"projects/{project.pk}/")))
    ends = body_of(client.get(cast.url(f"projects/{project.pk}/delete/")))
    assert re.search(r"Live keys.*?<b>1</b>", ends, re.DOTALL)


def test_ones_own_live_keys_are_counted(cast: Cast) -> None:
    make_key(cast.acme, cast.member(cast.mia))
    make_key(cast.acme, cast.member(cast.alice))
    page = body_of(sign_in(cast.mia).get(cast.url("members/access/")))
    assert re.search(r"Keys of yours</dt><dd>1</dd>", page)
