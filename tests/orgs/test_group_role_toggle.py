"""A box of the groups table: one role for everyone in the group, at once (S3-017 to S3-022)."""

from __future__ import annotations

import datetime
import re

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from audit.models import Outcome
from config.roles import GROUP_ROLES, ROLE_PERMISSIONS, Role
from orgs.actions.group_roles import group_role_toggle
from orgs.models import GroupRole
from orgs.tenancy import bound
from tests.factories import Cast, make_group, make_member, make_person, make_seat, sign_in
from tests.orgs.groups import carried, newest, said, toggle, token_in, without_plan
from tests.projects.factories import make_group_role

AUDIT, BILLING = Role.AUDIT_LOG_READER, Role.BILLING_VIEWER


def boxes(page: str, group_pk: object) -> dict[str, str]:
    """The boxes of one row: the role, and the box's own attributes."""
    row = page.split(f'id="group-{group_pk}"')[1].split("</tbody>")[0]
    found = re.findall(r'<input class="box"([^>]*)><span class="tick-word">([^<]+)<', row)
    return {label: attributes for attributes, label in found}


@pytest.mark.requirement("S3-017", "S3-021")
def test_a_tick_gives_the_role_at_once(cast: Cast) -> None:
    group = make_group(cast.acme, "Security")
    make_seat(group, cast.member(cast.mia))
    assert not cast.access(cast.mia).roles & {AUDIT}
    response = toggle(sign_in(cast.alice), cast, group, AUDIT, "1")
    assert response.status_code == 200
    assert carried(group) == [AUDIT]
    assert AUDIT in cast.access(cast.mia).roles
    assert sign_in(cast.mia).get(cast.url("audit-log/")).status_code == 200
    assert (newest(cast).action, newest(cast).outcome) == ("audit.read", Outcome.DONE)


@pytest.mark.requirement("S3-015")
def test_an_untick_takes_the_role_at_once(cast: Cast) -> None:
    group = make_group(cast.acme, "Security")
    make_seat(group, cast.member(cast.mia))
    make_group_role(group, AUDIT)
    client = sign_in(cast.mia)
    assert client.get(cast.url("audit-log/")).status_code == 200
    toggle(sign_in(cast.alice), cast, group, AUDIT, "0")
    assert carried(group) == []
    assert (newest(cast).action, newest(cast).outcome) == ("group.role_taken", Outcome.DONE)
    assert client.get(cast.url("audit-log/")).status_code == 302


@pytest.mark.requirement("S3-015", "S3-075")
def test_what_another_group_still_gives_stays(cast: Cast) -> None:
    one, other = make_group(cast.acme, "Security"), make_group(cast.acme, "Compliance")
    for group in (one, other):
        make_seat(group, cast.member(cast.mia))
        make_group_role(group, AUDIT)
    response = toggle(sign_in(cast.alice), cast, one, AUDIT, "0")
    assert "Nobody loses Audit Log Reader, 1 keeps it another way" in said(response)
    assert AUDIT in cast.access(cast.mia).roles


@pytest.mark.requirement("S3-013")
def test_whoever_joins_later_has_the_role(cast: Cast) -> None:
    group = make_group(cast.acme, "Finance")
    response = toggle(sign_in(cast.alice), cast, group, BILLING, "1")
    assert "the group is empty" in said(response)
    make_seat(group, cast.member(cast.mia))
    assert BILLING in cast.access(cast.mia).roles


@pytest.mark.requirement("S3-074", "S3-075", "S3-004")
def test_a_group_carries_several_roles_and_a_person_holds_the_union(cast: Cast) -> None:
    one, other = make_group(cast.acme, "DevOps"), make_group(cast.acme, "Finance")
    client = sign_in(cast.alice)
    for role in (Role.RUNNERS_ADMIN, Role.AUTOMATIONS_ADMIN):
        toggle(client, cast, one, role, "1")
    toggle(client, cast, other, BILLING, "1")
    assert carried(one) == [Role.RUNNERS_ADMIN, Role.AUTOMATIONS_ADMIN]
    before = cast.access(cast.mia).permissions
    for group in (one, other):
        make_seat(group, cast.member(cast.mia))
    held = cast.access(cast.mia).permissions
    roles = (Role.RUNNERS_ADMIN, Role.AUTOMATIONS_ADMIN, BILLING)
    assert held == before.union(*(ROLE_PERMISSIONS[role] for role in roles))


@pytest.mark.requirement("S3-003", "S3-005")
@pytest.mark.parametrize("role", GROUP_ROLES)
def test_each_of_the_seven_gives_what_the_rule_book_says_and_no_more(
    cast: Cast, role: Role
) -> None:
    group = make_group(cast.acme)
    make_seat(group, cast.member(cast.mia))
    before = cast.access(cast.mia).permissions
    toggle(sign_in(cast.alice), cast, group, role, "1")
    assert cast.access(cast.mia).permissions == before | ROLE_PERMISSIONS[role]
    assert len(GROUP_ROLES) == 7


@pytest.mark.requirement("S3-017")
@pytest.mark.parametrize("who", ["adam", "mia", "vera", "eddie"])
@pytest.mark.parametrize("on", ["1", "0"])
def test_nobody_but_an_owner_assigns_roles(cast: Cast, who: str, on: str) -> None:
    group = make_group(cast.acme, "Security")
    make_group_role(group, BILLING)
    role = BILLING if on == "0" else AUDIT
    response = toggle(sign_in(getattr(cast, who)), cast, group, role, on)
    assert response.status_code == 403
    assert carried(group) == [BILLING]
    assert (newest(cast).action, newest(cast).outcome) == ("group.role_given", Outcome.DENIED)


@pytest.mark.requirement("S3-017", "S3-041")
def test_a_groups_admin_does_not_assign_roles_not_even_to_their_own_group(cast: Cast) -> None:
    own = make_group(cast.acme, "People team")
    make_group_role(own, Role.GROUPS_ADMIN)
    make_seat(own, cast.member(cast.mia))
    client = sign_in(cast.mia)
    url = cast.url(f"groups/{own.pk}/change/")
    assert client.post(url, {"name": "People"}).status_code == 302
    for role in GROUP_ROLES:
        assert toggle(client, cast, own, role, "1").status_code == 403
    assert carried(own) == [Role.GROUPS_ADMIN]
    with pytest.raises(ValidationError) as refused:
        group_role_toggle(group=own, role=AUDIT, on=True, actor=cast.access(cast.mia))
    assert refused.value.code == "ceiling"


def test_an_owner_gives_a_role_to_a_group_they_are_in(cast: Cast) -> None:
    group = make_group(cast.acme, "Leads")
    make_seat(group, cast.member(cast.alice))
    response = toggle(sign_in(cast.alice), cast, group, AUDIT, "1")
    assert carried(group) == [AUDIT]
    assert "Nobody gains Audit Log Reader, 1 already had it" in said(response)


def test_the_change_is_told_in_numbers_under_its_row(cast: Cast) -> None:
    """Who has it through another group or by role gains nothing; a placeholder has yet to join."""
    group, other = make_group(cast.acme, "Security"), make_group(cast.acme, "Compliance")
    make_group_role(other, AUDIT)
    both = make_member(cast.acme)
    make_seat(other, both)
    people = [make_member(cast.acme, name=f"Person {number}") for number in range(5)]
    waiting = make_member(cast.acme, login="newcomer")
    gone = make_member(cast.acme, expires_at=timezone.now() - datetime.timedelta(hours=1))
    for member in (*people, both, cast.member(cast.adam), waiting, gone):
        make_seat(group, member)
    late = make_seat(group, make_member(cast.acme))
    with bound(cast.acme.id):
        late.expires_at = timezone.now() - datetime.timedelta(hours=1)
        late.save()
    response = toggle(sign_in(cast.alice), cast, group, AUDIT, "1")
    text = said(response)
    assert "+5 people gain Audit Log Reader , 2 already had it, 1 has not joined yet" in text
    assert response.content.count(b'class="avatar person') == 5
    response = toggle(sign_in(cast.alice), cast, group, AUDIT, "0")
    assert "−5 people lose Audit Log Reader , 2 keep it another way" in said(response)


def test_asking_twice_changes_nothing_the_second_time(cast: Cast) -> None:
    group = make_group(cast.acme, "Security")
    client = sign_in(cast.alice)
    toggle(client, cast, group, AUDIT, "1")
    before = newest(cast).sequence
    response = toggle(client, cast, group, AUDIT, "1")
    assert response.status_code == 200
    assert "Security already carries Audit Log Reader. Nothing changed" in said(response)
    assert token_in(response) == ""
    assert newest(cast).sequence == before
    toggle(client, cast, group, AUDIT, "0")
    before = newest(cast).sequence
    assert "does not carry" in said(toggle(client, cast, group, AUDIT, "0"))
    assert newest(cast).sequence == before


@pytest.mark.parametrize("on", ["", "2", "true", "-1", "on", "\x00", "1" * 10_000])
def test_what_is_wanted_must_be_said(cast: Cast, on: str) -> None:
    group = make_group(cast.acme, "Security")
    response = toggle(sign_in(cast.alice), cast, group, AUDIT, on)
    assert response.status_code == 422
    assert carried(group) == []
    assert (newest(cast).action, newest(cast).outcome) == ("group.role_given", Outcome.FAILED)


@pytest.mark.parametrize("role", ["owner", "admin", "project_owner", "superadmin", "x", "Ünïcode"])
def test_a_role_that_no_group_carries_is_not_there(cast: Cast, role: str) -> None:
    group = make_group(cast.acme, "Security")
    assert toggle(sign_in(cast.alice), cast, group, role, "1").status_code == 404
    for other in (Role.OWNER, Role.ADMIN, Role.PROJECT_OWNER, Role.SUPERADMIN):
        with pytest.raises(ValidationError) as refused:
            group_role_toggle(group=group, role=other, on=True, actor=cast.access(cast.alice))
        assert refused.value.code == "not_for_groups"


def test_a_group_of_another_organization_is_not_there(cast: Cast) -> None:
    theirs = make_group(cast.umbrella, "Theirs")
    assert toggle(sign_in(cast.alice), cast, theirs, AUDIT, "1").status_code == 404
    assert carried(theirs) == []


def test_one_row_is_written_whatever_the_size(cast: Cast) -> None:
    group = make_group(cast.acme, "Everyone")
    for _ in range(12):
        make_seat(group, make_member(cast.acme))
    access = cast.access(cast.alice)
    with CaptureQueriesContext(connection) as captured:
        group_role_toggle(group=group, role=AUDIT, on=True, actor=access)
    written = [q["sql"] for q in captured if q["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]
    assert len(written) == 1
    assert written[0].startswith('INSERT INTO "orgs_grouprole"')
    with bound(cast.acme.id):
        assert GroupRole.objects.count() == 1


def test_an_expired_role_is_no_role_and_may_be_given_again(cast: Cast) -> None:
    group = make_group(cast.acme, "Security")
    make_seat(group, cast.member(cast.mia))
    make_group_role(group, AUDIT, expires_at=timezone.now() - datetime.timedelta(hours=1))
    assert AUDIT not in cast.access(cast.mia).roles
    toggle(sign_in(cast.alice), cast, group, AUDIT, "1")
    assert AUDIT in cast.access(cast.mia).roles
    with bound(cast.acme.id):
        assert GroupRole.objects.get().expires_at is None


@pytest.mark.requirement("S3-020", "S3-022")
def test_the_table_has_a_box_for_each_role_and_shows_what_each_group_carries(cast: Cast) -> None:
    security, finance = make_group(cast.acme, "Security"), make_group(cast.acme, "Finance")
    make_group_role(security, AUDIT)
    make_group_role(finance, BILLING)
    make_group_role(finance, AUDIT, expires_at=timezone.now() - datetime.timedelta(hours=1))
    page = sign_in(cast.alice).get(cast.url("groups/")).content.decode()
    for group, on in ((security, AUDIT), (finance, BILLING)):
        row = boxes(page, group.pk)
        assert list(row) == [role.label for role in GROUP_ROLES]
        assert [label for label, box in row.items() if "checked" in box] == [on.label]
        assert not any("disabled" in box for box in row.values())
    assert "Only owners assign roles" in page


@pytest.mark.requirement("S3-020")
@pytest.mark.parametrize("who", ["adam", "mia", "vera"])
def test_who_may_only_look_sees_boxes_that_are_off(cast: Cast, who: str) -> None:
    group = make_group(cast.acme, "Security")
    make_group_role(group, AUDIT)
    page = sign_in(getattr(cast, who)).get(cast.url("groups/")).content.decode()
    row = boxes(page, group.pk)
    assert len(row) == 7
    assert all("disabled" in box for box in row.values())
    assert [label for label, box in row.items() if "checked" in box] == [AUDIT.label]
    assert "/roles/" not in page


@pytest.mark.requirement("S3-002")
def test_a_plan_without_organization_roles_says_so_and_offers_contact(cast: Cast) -> None:
    group = make_group(cast.acme, "Security")
    make_group_role(group, BILLING)
    client = sign_in(cast.alice)
    assert b"does not include organization roles" not in client.get(cast.url("groups/")).content
    without_plan(cast.acme)
    page = client.get(cast.url("groups/")).content.decode()
    assert "does not include organization roles" in page
    assert "Contact sales" in page
    assert "mailto:" in page
    assert all("disabled" in box for box in boxes(page, group.pk).values())
    response = toggle(client, cast, group, AUDIT, "1")
    assert response.status_code == 422
    assert carried(group) == [BILLING]
    toggle(client, cast, group, BILLING, "0")
    assert carried(group) == [], "what a plan no longer includes can be taken away"


def test_without_javascript_the_page_comes_back_with_the_note_and_the_undo(cast: Cast) -> None:
    group = make_group(cast.acme, "Security")
    make_seat(group, cast.member(cast.mia))
    client = sign_in(cast.alice)
    url = cast.url(f"groups/{group.pk}/roles/{AUDIT}/")
    response = client.post(url, {"on": "1", "back": "q=secu&page=nonsense&evil=//x"})
    assert response.status_code == 302
    assert response["Location"].startswith(cast.url("groups/?q=secu"))
    assert "evil" not in response["Location"]
    page = client.get(response["Location"])
    assert "+1 person gains Audit Log Reader" in said(page)
    assert token_in(page)
    back = client.post(f"{url}undo/", {"token": token_in(page), "back": "q=secu"})
    assert back["Location"] == cast.url("groups/?q=secu")
    assert carried(group) == []


def test_an_undo_in_somebody_elses_address_shows_nothing(cast: Cast) -> None:
    jonas: User = make_person("Jonas Weber")
    make_member(cast.acme, Role.OWNER, jonas)
    group = make_group(cast.acme, "Security")
    token = token_in(toggle(sign_in(cast.alice), cast, group, AUDIT, "1"))
    for text in (token, "x", "\x00", "a:b:c", "x" * 5000):
        page = sign_in(jonas).get(cast.url("groups/"), {"undo": text})
        assert page.status_code == 200
        assert token_in(page) == ""


def test_a_role_is_taken_on_the_page_of_the_group(cast: Cast) -> None:
    group = make_group(cast.acme, "Security")
    make_seat(group, cast.member(cast.mia))
    make_group_role(group, AUDIT)
    client = sign_in(cast.alice)
    url = cast.url(f"groups/{group.pk}/")
    assert "Audit Log Reader" in said(client.get(url))
    response = client.post(f"{url}roles/{AUDIT}/", {"on": "0", "back": "group"})
    page = client.get(response["Location"])
    assert "−1 person loses Audit Log Reader" in said(page)
    client.post(f"{url}roles/{AUDIT}/undo/", {"token": token_in(page), "back": "group"})
    assert carried(group) == [AUDIT]


def test_markup_in_a_name_stays_text_in_the_answer(cast: Cast) -> None:
    group = make_group(cast.acme, "<img src=x onerror=1>")
    response = toggle(sign_in(cast.alice), cast, group, AUDIT, "1")
    assert b"<img" not in response.content
    assert response.headers.get("HX-Trigger") is None
