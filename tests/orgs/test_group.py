"""Groups: making, changing, deleting them, and who is in them (S3-039 to S3-043)."""

from __future__ import annotations

import uuid
from dataclasses import replace

import pytest
from django.core.exceptions import ValidationError

from accounts.models import User
from audit.ledger import Actor
from audit.models import Event, Outcome
from config.roles import Role
from orgs import tenancy
from orgs.access import Access
from orgs.actions.groups import group_change
from orgs.models import Group, GroupMembership
from orgs.tenancy import bound
from tests.factories import Cast, body_of, make_group, make_member, make_seat, sign_in

FORM = {"name": "DevOps", "description": "Runs the runners", "parent": "", "secret": ""}


def groups_of(cast: Cast) -> list[Group]:
    with bound(cast.acme.id):
        return list(Group.objects.in_org(cast.acme).order_by("sort_name"))


def newest(cast: Cast) -> Event:
    with bound(cast.acme.id):
        event = Event.objects.filter(organization_id=cast.acme.id).order_by("-sequence").first()
    assert event
    return event


@pytest.mark.requirement("S3-040")
def test_an_owner_creates_a_group(cast: Cast) -> None:
    response = sign_in(cast.alice).post(cast.url("groups/new/"), FORM)
    (group,) = groups_of(cast)
    assert response["Location"] == cast.url(f"groups/{group.pk}/")
    assert (group.name, group.description, group.secret) == ("DevOps", "Runs the runners", False)
    assert newest(cast).action == "group.created"


@pytest.mark.parametrize("who", ["adam", "mia", "vera", "eddie"])
@pytest.mark.requirement("S3-040")
def test_nobody_else_creates_a_group(cast: Cast, who: str) -> None:
    response = sign_in(getattr(cast, who)).post(cast.url("groups/new/"), FORM)
    assert response.status_code == 302
    assert groups_of(cast) == []
    assert (newest(cast).action, newest(cast).outcome) == ("group.created", Outcome.DENIED)


def test_a_second_group_of_one_name_is_refused_and_the_entry_stays(cast: Cast) -> None:
    make_group(cast.acme, "DevOps")
    response = sign_in(cast.alice).post(cast.url("groups/new/"), FORM)
    assert response.status_code == 422
    assert b"A group with this name exists." in response.content
    assert b"Runs the runners" in response.content
    assert len(groups_of(cast)) == 1


def test_a_name_in_another_organization_is_no_hindrance(cast: Cast) -> None:
    make_group(cast.umbrella, "DevOps")
    assert sign_in(cast.alice).post(cast.url("groups/new/"), FORM).status_code == 302


@pytest.mark.parametrize("name", ["", "  ", "x" * 101, "a\x00b", "left\u202eright", "a\u200bb"])
def test_a_bad_name_is_told_and_changes_nothing(cast: Cast, name: str) -> None:
    response = sign_in(cast.alice).post(cast.url("groups/new/"), FORM | {"name": name})
    assert response.status_code == 422
    assert groups_of(cast) == []


def test_markup_in_a_name_is_shown_and_not_obeyed(cast: Cast) -> None:
    make_group(cast.acme, "<script>alert(1)</script>", description="<b>bold</b>")
    page = sign_in(cast.mia).get(cast.url("groups/")).content.decode()
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "<b>bold" not in page


def test_an_owner_renames_moves_and_hides_a_group(cast: Cast) -> None:
    outer, group = make_group(cast.acme, "Engineering"), make_group(cast.acme, "DevOps")
    sign_in(cast.alice).post(
        cast.url(f"groups/{group.pk}/change/"),
        {"name": "Platform", "description": "", "parent": str(outer.pk), "secret": "on"},
    )
    changed = groups_of(cast)[1]
    assert (changed.name, changed.parent_id, changed.secret) == ("Platform", outer.pk, True)
    assert newest(cast).action == "group.changed"


def test_a_change_that_changes_nothing_leaves_no_entry(cast: Cast) -> None:
    group = make_group(cast.acme, "DevOps", description="Same")
    before = newest(cast).sequence
    sign_in(cast.alice).post(
        cast.url(f"groups/{group.pk}/change/"), {"name": "DevOps", "description": "Same"}
    )
    assert newest(cast).sequence == before


def test_a_group_cannot_stand_inside_itself_at_any_depth(cast: Cast) -> None:
    outer = make_group(cast.acme, "Outer")
    middle = make_group(cast.acme, "Middle", parent=outer)
    inner = make_group(cast.acme, "Inner", parent=middle)
    access = cast.access(cast.alice)
    for parent in (outer, middle, inner):
        with pytest.raises(ValidationError) as refused:
            group_change(
                group=outer, name="Outer", description="", parent=parent, secret=False, actor=access
            )
        assert refused.value.error_dict["parent"][0].code == "circle"
    response = sign_in(cast.alice).post(
        cast.url(f"groups/{outer.pk}/change/"), {"name": "Outer", "parent": str(inner.pk)}
    )
    assert response.status_code == 422
    assert b"cannot stand inside itself" in response.content


def test_a_group_of_another_organization_is_no_parent(cast: Cast) -> None:
    theirs = make_group(cast.umbrella, "Theirs")
    response = sign_in(cast.alice).post(cast.url("groups/new/"), FORM | {"parent": str(theirs.pk)})
    assert response.status_code == 422
    assert groups_of(cast) == []


@pytest.mark.requirement("S3-042")
def test_deleting_a_group_asks_for_its_name_and_keeps_its_people(cast: Cast) -> None:
    outer = make_group(cast.acme, "Outer")
    group = make_group(cast.acme, "DevOps", parent=outer)
    child = make_group(cast.acme, "Night shift", parent=group)
    make_seat(group, cast.member(cast.mia))
    client = sign_in(cast.alice)
    url = cast.url(f"groups/{group.pk}/delete/")
    assert client.post(url, {"confirm": "devops"}).status_code == 422
    assert len(groups_of(cast)) == 3
    assert client.post(url, {"confirm": "DevOps"}).status_code == 302
    assert [(g.name, g.parent_id) for g in groups_of(cast)] == [
        ("Night shift", outer.pk),
        ("Outer", None),
    ]
    assert child.pk
    with bound(cast.acme.id):
        assert not GroupMembership.objects.exists()
    assert newest(cast).action == "group.deleted"


@pytest.mark.requirement("S3-043")
def test_a_member_is_added_marked_and_removed(cast: Cast) -> None:
    group, mia, client = make_group(cast.acme, "DevOps"), cast.member(cast.mia), sign_in(cast.alice)
    add = cast.url(f"groups/{group.pk}/members/new/")
    assert client.post(add, {"membership": str(mia.pk)}).status_code == 302
    again = client.post(add, {"membership": str(mia.pk)})
    assert again.status_code == 422
    assert b"already in DevOps" in again.content
    with bound(cast.acme.id):
        seat = GroupMembership.objects.get()
    change = cast.url(f"groups/{group.pk}/members/{seat.pk}/")
    client.post(change, {"maintainer": "on"})
    with bound(cast.acme.id):
        assert GroupMembership.objects.get().is_maintainer
    client.post(f"{change}remove/")
    with bound(cast.acme.id):
        assert not GroupMembership.objects.exists()
        actions = list(Event.objects.order_by("-sequence").values_list("action", flat=True)[:4])
    assert actions == [
        "group.member_removed",
        "group.member_changed",
        "group.member_added",  # the refused second one
        "group.member_added",
    ]


@pytest.mark.requirement("S3-042", "S3-043")
@pytest.mark.parametrize("who", ["adam", "mia", "vera", "eddie"])
def test_nobody_else_deletes_a_group_or_changes_who_is_in_it(cast: Cast, who: str) -> None:
    group = make_group(cast.acme, "DevOps")
    seat = make_seat(group, cast.member(cast.mia))
    client, url = sign_in(getattr(cast, who)), cast.url(f"groups/{group.pk}/")
    for deed, data in (
        ("change/", {"name": "Mine"}),
        ("delete/", {"confirm": "DevOps"}),
        ("members/new/", {"membership": str(cast.member(cast.vera).pk)}),
        (f"members/{seat.pk}/remove/", {}),
    ):
        assert client.post(url + deed, data).status_code == 302
        assert newest(cast).outcome == Outcome.DENIED
    assert [one.name for one in groups_of(cast)] == ["DevOps"]
    with bound(cast.acme.id):
        assert [one.pk for one in GroupMembership.objects.all()] == [seat.pk]


def carries(monkeypatch: pytest.MonkeyPatch, person: User, role: Role) -> None:
    """As if a group of this person carried the role: the binding names it, the rest is real."""
    bind = tenancy.bind_member

    def with_role(slug: str, pk: uuid.UUID, *, identity: Actor) -> Access | None:
        access = bind(slug, pk, identity=identity)
        if access is None or pk != person.pk:
            return access
        return replace(access, roles=access.roles | {role})

    monkeypatch.setattr(tenancy, "bind_member", with_role)


@pytest.mark.requirement("S3-039", "S3-040", "S3-042", "S3-043")
def test_a_groups_admin_sees_creates_fills_and_deletes_groups(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_group(cast.acme, "Layoffs", secret=True)
    carries(monkeypatch, cast.mia, Role.GROUPS_ADMIN)
    client, vera = sign_in(cast.mia), cast.member(cast.vera)
    assert b"Layoffs" in client.get(cast.url("groups/")).content
    assert client.post(cast.url("groups/new/"), FORM).status_code == 302
    group = groups_of(cast)[0]
    url = cast.url(f"groups/{group.pk}/")
    client.post(f"{url}members/new/", {"membership": str(vera.pk)})
    with bound(cast.acme.id):
        seat = GroupMembership.objects.get()
    assert seat.membership_id == vera.pk
    client.post(f"{url}members/{seat.pk}/remove/")
    with bound(cast.acme.id):
        assert not GroupMembership.objects.exists()
    client.post(f"{url}delete/", {"confirm": "DevOps"})
    assert [one.name for one in groups_of(cast)] == ["Layoffs"]
    assert (newest(cast).action, newest(cast).outcome) == ("group.deleted", Outcome.DONE)


def test_nobody_of_another_organization_gets_into_a_group(cast: Cast) -> None:
    group, oscar = make_group(cast.acme, "DevOps"), make_member(cast.umbrella)
    add = cast.url(f"groups/{group.pk}/members/new/")
    client = sign_in(cast.alice)
    for wrong in (str(oscar.pk), str(uuid.uuid4()), "", "1", "x" * 500):
        assert client.post(add, {"membership": wrong}).status_code == 404
    with bound(cast.acme.id):
        assert not GroupMembership.objects.exists()


def test_a_foreign_group_is_not_there(cast: Cast) -> None:
    theirs = make_group(cast.umbrella, "Theirs")
    client = sign_in(cast.alice)
    for page in ("", "change/", "delete/", "members/new/"):
        foreign = client.get(cast.url(f"groups/{theirs.pk}/{page}"))
        missing = client.get(cast.url(f"groups/{uuid.uuid4()}/{page}"))
        assert foreign.status_code == missing.status_code == 404
        assert body_of(foreign) == body_of(missing)


@pytest.mark.requirement("S3-039")
@pytest.mark.parametrize("who", ["alice", "adam", "mia", "vera"])
def test_members_see_the_groups_and_who_is_in_them(cast: Cast, who: str) -> None:
    group = make_group(cast.acme, "DevOps")
    make_seat(group, cast.member(cast.mia), maintainer=True)
    client = sign_in(getattr(cast, who))
    assert b"DevOps" in client.get(cast.url("groups/")).content
    page = client.get(cast.url(f"groups/{group.pk}/")).content
    assert b"Mia Castellano" in page
    assert b"Maintainer" in page


def test_a_secret_group_is_seen_by_those_in_it_and_those_who_manage_groups(cast: Cast) -> None:
    group = make_group(cast.acme, "Layoffs", secret=True)
    make_seat(group, cast.member(cast.mia))
    for who, sees in (("alice", True), ("mia", True), ("adam", False), ("vera", False)):
        client = sign_in(getattr(cast, who))
        assert (b"Layoffs" in client.get(cast.url("groups/")).content) is sees
        assert client.get(cast.url(f"groups/{group.pk}/")).status_code == (200 if sees else 404)


@pytest.mark.requirement("S3-019")
def test_the_search_finds_part_of_a_name_and_survives_anything(cast: Cast) -> None:
    make_group(cast.acme, "DevOps")
    make_group(cast.acme, "Finance")
    client = sign_in(cast.mia)
    page = client.get(cast.url("groups/"), {"q": "vop"}).content
    assert b"DevOps" in page
    assert b"Finance" not in page
    assert b"No group matches." in client.get(cast.url("groups/"), {"q": "%"}).content
    for text in ("'", "\x00", "x" * 100_000, "\u202e", "%' OR 1=1"):
        assert client.get(cast.url("groups/"), {"q": text, "page": text}).status_code == 200


def test_pages_of_groups_follow_each_other_and_back(cast: Cast) -> None:
    for number in range(120):
        make_group(cast.acme, f"Group {number:03}")
    client, url, seen = sign_in(cast.mia), cast.url("groups/"), []
    while url:
        response = client.get(url)
        seen += [group.name for group in response.context["page"].rows]
        back = response.context["newer_url"]
        url = response.context["older_url"]
    assert seen == [f"Group {number:03}" for number in range(120)]
    rows = client.get(back).context["page"].rows
    assert [group.name for group in rows] == seen[50:100]
