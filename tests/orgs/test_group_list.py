"""The table of groups and a group's own page: what is found, counted, shown and kept secret."""

from __future__ import annotations

import datetime
import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from config.roles import Permission, Role
from orgs.tenancy import bound
from tests.factories import Cast, make_group, make_member, make_seat, sign_in
from tests.orgs.groups import HTMX, said
from tests.orgs.test_group_member_add import groups_admin
from tests.projects.factories import (
    make_grant,
    make_group_role,
    make_project,
    make_resource,
    make_workspace,
)

AUDIT = Role.AUDIT_LOG_READER


def names(response) -> list[str]:
    return [line.group.name for line in response.context["groups"].lines]


@pytest.mark.requirement("S3-018")
def test_the_way_to_groups_leads_through_settings_and_members(cast: Cast) -> None:
    page = sign_in(cast.alice).get(cast.url("groups/")).content.decode()
    crumbs = page.split('aria-label="Breadcrumb"')[1].split("</nav>")[0]
    settings, members = crumbs.find(cast.url("settings/")), crumbs.find(cast.url("members/"))
    assert 0 < settings < members


@pytest.mark.requirement("S3-019")
def test_the_search_finds_groups_and_the_groups_of_a_member(cast: Cast) -> None:
    devops, finance = make_group(cast.acme, "DevOps"), make_group(cast.acme, "Finance")
    make_group(cast.acme, "Book club", description="Reads about finance")
    make_seat(devops, cast.member(cast.mia))
    late = make_seat(finance, cast.member(cast.mia))
    with bound(cast.acme.id):
        late.expires_at = timezone.now() - datetime.timedelta(days=1)
        late.save()
    client, url = sign_in(cast.vera), cast.url("groups/")
    assert names(client.get(url, {"q": "castellano"})) == ["DevOps"]
    assert names(client.get(url, {"q": "FINAN"})) == ["Book club", "Finance"]
    assert names(client.get(url, {"q": "nobody at all"})) == []


def test_the_table_is_narrowed_to_a_role_and_to_a_member(cast: Cast) -> None:
    devops, finance = make_group(cast.acme, "DevOps"), make_group(cast.acme, "Finance")
    for group in (devops, finance):
        make_group_role(group, Role.INSIGHTS_VIEWER)
    make_group_role(finance, Role.BILLING_VIEWER)
    make_group_role(devops, AUDIT, expires_at=timezone.now() - datetime.timedelta(hours=1))
    mia = cast.member(cast.mia)
    make_seat(devops, mia)
    client, url = sign_in(cast.alice), cast.url("groups/")
    assert names(client.get(url, {"role": "billing_viewer"})) == ["Finance"]
    assert names(client.get(url, {"role": AUDIT})) == []
    assert names(client.get(url, {"member": mia.pk})) == ["DevOps"]
    assert names(client.get(url, {"member": mia.pk, "role": "billing_viewer"})) == []
    assert names(client.get(url, {"member": uuid.uuid4()})) == []
    for wrong in ("owner", "x", "\x00"):
        assert names(client.get(url, {"role": wrong, "member": wrong})) == ["DevOps", "Finance"]


def test_a_member_to_narrow_to_is_found_by_name(cast: Cast) -> None:
    client, url = sign_in(cast.alice), cast.url("groups/")
    part = client.get(url, {"find": "castel"}, headers=HTMX | {"HX-Target": "found-members"})
    link = f"member={cast.member(cast.mia).pk}"
    assert link in part.content.decode()
    assert link in client.get(url, {"find": "castel"}).content.decode(), "without JavaScript too"
    assert "Nobody of that name" in said(client.get(url, {"find": "zzz"}))


def test_a_secret_group_leaks_by_no_search_count_or_address(cast: Cast) -> None:
    secret = make_group(cast.acme, "Layoffs", secret=True, description="Who goes")
    make_group(cast.acme, "Open")
    make_seat(secret, cast.member(cast.adam))
    make_group_role(secret, AUDIT)
    client, url = sign_in(cast.vera), cast.url("groups/")
    for asked in (
        {},
        {"q": "layoffs"},
        {"q": "brandt"},
        {"role": AUDIT.value},
        {"member": cast.member(cast.adam).pk},
    ):
        page = client.get(url, asked)
        assert "Layoffs" not in names(page)
        assert "of 2" not in said(page)
        assert b"Who goes" not in page.content
    assert client.get(cast.url(f"groups/{secret.pk}/")).status_code == 404
    assert client.get(cast.url(f"groups/{secret.pk}/access/")).status_code == 404


def test_a_secret_parent_is_named_to_nobody_who_may_not_see_it(cast: Cast) -> None:
    secret = make_group(cast.acme, "Layoffs", secret=True)
    child = make_group(cast.acme, "Open", parent=secret)
    client = sign_in(cast.vera)
    for page in ("groups/", f"groups/{child.pk}/"):
        assert b"Layoffs" not in client.get(cast.url(page)).content


def test_the_foot_says_where_the_page_stands(cast: Cast) -> None:
    for number in range(60):
        make_group(cast.acme, f"Group {number:02}")
    client = sign_in(cast.mia)
    first = client.get(cast.url("groups/"))
    assert "1 to 50 of 60" in said(first)
    second = client.get(first.context["older_url"])
    assert "51 to 60 of 60" in said(second)
    assert "1 to 1 of 1" in said(client.get(cast.url("groups/"), {"q": "Group 07"}))


def test_the_table_asks_the_same_whatever_its_size(cast: Cast) -> None:
    client, counts = sign_in(cast.alice), []
    for rows in (2, 25):
        for _ in range(rows):
            group = make_group(cast.acme)
            make_seat(group, cast.member(cast.mia))
            make_group_role(group, AUDIT)
        client.get(cast.url("groups/"))
        with CaptureQueriesContext(connection) as captured:
            client.get(cast.url("groups/"))
        counts.append(len(captured))
    assert counts[0] == counts[1]


@pytest.mark.parametrize("who", ["alice", "adam", "mia", "vera"])
def test_no_groups_yet_says_what_a_group_is_for(cast: Cast, who: str) -> None:
    page = sign_in(getattr(cast, who)).get(cast.url("groups/"))
    assert "No groups yet" in said(page)
    assert (cast.url("groups/new/") in page.content.decode()) is (who == "alice")


def test_the_page_of_a_group_shows_what_it_brings(cast: Cast) -> None:
    group, project = make_group(cast.acme, "DevOps"), make_project(cast.acme, "Order intake")
    make_group_role(group, Role.RUNNERS_ADMIN, granted_by=cast.member(cast.alice))
    make_grant(project, group, Role.PROJECT_MEMBER)
    make_grant(make_workspace(cast.acme, "Logistics"), group, Role.WORKSPACE_VIEWER)
    make_grant(make_resource(project, "agent", "Triage"), group, Role.RESOURCE_USER)
    make_grant(
        make_project(cast.acme, "Long ago"),
        group,
        Role.PROJECT_OWNER,
        expires_at=timezone.now() - datetime.timedelta(days=1),
    )
    make_grant(make_project(cast.acme, "Bin", state="deleted"), group, Role.PROJECT_OWNER)
    text = said(sign_in(cast.alice).get(cast.url(f"groups/{group.pk}/")))
    for words in ("Runners Admin", "Order intake", "Project Member", "Logistics", "Triage"):
        assert words in text
    assert "Long ago" not in text
    assert "Bin" not in text


def test_a_place_that_somebody_may_not_see_is_not_named_to_them(cast: Cast) -> None:
    group = make_group(cast.acme, "DevOps")
    seen, unseen = make_project(cast.acme, "Order intake"), make_project(cast.acme, "Takeover")
    for project in (seen, unseen):
        make_grant(project, group, Role.PROJECT_MEMBER)
    make_grant(make_resource(unseen, "agent", "Scout"), group, Role.RESOURCE_USER)
    make_grant(make_workspace(cast.acme, "Board"), group, Role.WORKSPACE_VIEWER)
    make_grant(seen, cast.member(cast.vera), Role.PROJECT_VIEWER)
    url = cast.url(f"groups/{group.pk}/")
    text = said(sign_in(cast.vera).get(url))
    assert "Order intake" in text
    assert not any(words in text for words in ("Takeover", "Scout", "Board", "may not see"))
    groups_admin(cast, cast.mia)
    text = said(sign_in(cast.mia).get(url))
    assert not any(words in text for words in ("Order intake", "Takeover", "Scout", "Board"))
    assert "4 places that you may not see" in text
    make_seat(group, cast.member(cast.adam))
    text = said(sign_in(cast.adam).get(url))
    assert all(words in text for words in ("Order intake", "Takeover", "Scout", "Board"))


@pytest.mark.requirement("S3-011", "S3-071")
def test_a_security_group_reads_the_log_and_administers_nothing(cast: Cast) -> None:
    group = make_group(cast.acme, "Security")
    make_group_role(group, AUDIT)
    make_seat(group, cast.member(cast.mia))
    client = sign_in(cast.mia)
    assert client.get(cast.url("audit-log/")).status_code == 200
    for page in ("settings/", "groups/new/", "roster/import/", "invitations/new/"):
        assert client.get(cast.url(page)).status_code == 302


@pytest.mark.requirement("S3-007", "S3-014")
def test_projects_admin_covers_projects_made_later(cast: Cast) -> None:
    group = make_group(cast.acme, "Tech Leads")
    make_seat(group, cast.member(cast.mia))
    earlier = make_project(cast.acme)
    make_group_role(group, Role.PROJECTS_ADMIN)
    later = make_project(cast.acme, workspace=make_workspace(cast.acme))
    access = cast.access(cast.mia)
    for project in (earlier, later):
        assert access.can(Permission.PROJECTS_MANAGE_SECRETS, project)
        assert access.can(Permission.PROJECTS_DELETE, project)
    assert not access.can(Permission.GROUPS_ASSIGN_ROLES)


def test_a_long_name_and_a_full_page_stay_whole(cast: Cast) -> None:
    make_group(cast.acme, "W" * 100, description="d" * 500)
    group = make_group(cast.acme, "ملاحظة")
    make_seat(group, make_member(cast.acme, name="<i>x</i>" * 12))
    for page in ("groups/", f"groups/{group.pk}/"):
        response = sign_in(cast.alice).get(cast.url(page))
        assert response.status_code == 200
        assert b"<i>x</i>" not in response.content
