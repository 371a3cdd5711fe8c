"""Who could do what at an earlier moment, and why, as the log alone tells it."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connections
from django.utils import timezone

from audit.models import Effect, Head
from audit.queries import first_flaw, newest_sequence
from config.roles import Permission, Role
from orgs.actions.group_roles import group_role_toggle
from orgs.actions.groups import group_member_add, group_member_remove
from orgs.actions.members import member_change_role, member_remove
from orgs.models import Membership
from orgs.tenancy import bound
from projects.actions.project_ends import project_archive
from projects.actions.shares import share, unshare
from projects.forms.as_of import moment_written
from projects.history.fold import whole
from projects.history.moments import Moment, first_stated, moment_of
from projects.queries.as_of import person_answer
from projects.queries.as_of_organization import organization_answer
from projects.queries.as_of_places import place_answer
from tests.factories import Cast, make_group, make_member, sign_in
from tests.projects.factories import make_project, make_resource, make_workspace


def head(cast: Cast) -> Moment:
    """The moment after what has been done so far."""
    with bound(cast.acme.id):
        return Moment(timezone.now(), newest_sequence(cast.acme.id))


def held(cast: Cast, member: Membership, moment: Moment) -> set[str]:
    answer = person_answer(
        access=cast.access(cast.alice),
        moment=moment,
        member=member.pk,
        scope=None,
        place=None,
        permission=None,
    )
    ways = [*answer.ways, *(way for place in answer.places for way in place.ways)]
    return {way.role.value for way in ways}


def verdict(cast: Cast, member: Membership, moment: Moment, permission: Permission, at: Any) -> Any:
    answer = person_answer(
        access=cast.access(cast.alice),
        moment=moment,
        member=member.pk,
        scope=at.scope,
        place=at.pk,
        permission=permission,
    )
    assert answer.verdict
    return answer.verdict


@pytest.mark.requirement("S2-019")
def test_a_role_that_was_changed_since_is_answered_as_it_was(cast: Cast) -> None:
    mia, before = cast.member(cast.mia), head(cast)
    access = cast.access(cast.alice)
    member_change_role(membership=mia, role=Role.VIEWER, reason="She reads only", actor=access)
    assert held(cast, mia, before) == {"member"}
    assert held(cast, mia, head(cast)) == {"viewer"}
    answer = person_answer(
        access=access, moment=head(cast), member=mia.pk, scope=None, place=None, permission=None
    )
    (way,) = answer.ways
    assert (way.by, way.reason) == ("Alice Marlow", "She reads only")
    assert [said.sequence for said in way.entries] == [newest_sequence(cast.acme.id)]


def test_the_proof_names_group_role_and_the_entries_that_gave_them(cast: Cast) -> None:
    access, mia = cast.access(cast.alice), cast.member(cast.mia)
    group, project = make_group(cast.acme, "Leads"), make_project(cast.acme, "Atlas")
    cast.access(cast.alice)
    seat = group_member_add(
        group=group, membership=mia, maintainer=False, actor=access, reason="Leads Atlas"
    )
    seated = newest_sequence(cast.acme.id)
    group_role_toggle(group=group, role=Role.PROJECTS_ADMIN, on=True, actor=access)
    carried = newest_sequence(cast.acme.id)
    then = head(cast)
    group_member_remove(seat=seat, actor=cast.access(cast.alice))
    asked = verdict(cast, mia, then, Permission.PROJECTS_MANAGE_SECRETS, project)
    assert asked.allowed
    (proof,) = asked.proofs
    assert [said.sequence for said in proof.entries] == [seated, carried]
    assert "Leads" in [step.thing.title for step in proof.path.steps]
    now = verdict(cast, mia, head(cast), Permission.PROJECTS_MANAGE_SECRETS, project)
    assert not now.allowed
    assert not now.proofs


def test_what_had_an_end_is_void_from_then_on_whatever_was_tidied(cast: Cast) -> None:
    access, mia = cast.access(cast.alice), cast.member(cast.mia)
    project = make_project(cast.acme)
    end = timezone.now() + datetime.timedelta(days=2)
    access = cast.access(cast.alice)
    share(place=project, to=mia, role=Role.PROJECT_MEMBER, until=end, reason="why", actor=access)
    sequence = newest_sequence(cast.acme.id)
    day = datetime.timedelta(days=1)
    permission = Permission.STUDIO_ACCESS
    inside, after = Moment(end - day, sequence), Moment(end + day, sequence)
    assert verdict(cast, mia, inside, permission, project).allowed
    assert not verdict(cast, mia, after, permission, project).allowed


def test_an_archived_project_was_only_read(cast: Cast) -> None:
    access = cast.access(cast.alice)
    project, alice = make_project(cast.acme), cast.member(cast.alice)
    before = head(cast)
    project_archive(project=project, reason="done", actor=cast.access(cast.alice))
    assert verdict(cast, alice, before, Permission.PROJECTS_CHANGE, project).allowed
    shut = verdict(cast, alice, head(cast), Permission.PROJECTS_CHANGE, project)
    assert not shut.allowed
    assert "archived" in shut.detail
    assert verdict(cast, alice, head(cast), Permission.PROJECTS_VIEW, project).allowed
    assert access.org.id == cast.acme.id


def test_somebody_who_is_gone_keeps_what_they_held_then(cast: Cast) -> None:
    mia, before = cast.member(cast.mia), head(cast)
    member_remove(membership=mia, reason="left", actor=cast.access(cast.alice))
    page = f"access/as-of/?member={mia.pk}"
    with bound(cast.acme.id):
        assert held(cast, mia, before) == {"member"}
        assert held(cast, mia, head(cast)) == set()
    shown = sign_in(cast.alice).get(cast.url(page)).content.decode()
    assert "Mia Castellano" in shown
    assert "was no member" in shown


def test_who_could_reach_a_place_by_every_path(cast: Cast) -> None:
    access = cast.access(cast.alice)
    workspace = make_workspace(cast.acme, "Office")
    project = make_project(cast.acme, "Atlas", workspace)
    group, mia, vera = make_group(cast.acme), cast.member(cast.mia), cast.member(cast.vera)
    access = cast.access(cast.alice)
    group_member_add(group=group, membership=vera, maintainer=False, actor=access)
    share(
        place=workspace, to=mia, role=Role.WORKSPACE_VIEWER, until=None, reason="why", actor=access
    )
    given = share(
        place=project, to=group, role=Role.PROJECT_VIEWER, until=None, reason="why", actor=access
    )
    then = head(cast)
    unshare(grant=given, reason="", actor=cast.access(cast.alice))

    def people(moment: Moment, permission: Permission | None = None) -> dict[str, str]:
        answer = place_answer(
            access=cast.access(cast.alice),
            moment=moment,
            scope=project.scope,
            place=project.pk,
            permission=permission,
        )
        return {one.name: one.first.role.value for one in answer.people}

    everyone = {"Alice Marlow": "owner", "Mia Castellano": "workspace_viewer"}
    assert people(then) == everyone | {"Vera Lindqvist": "project_viewer"}
    assert people(head(cast)) == everyone
    assert people(then, Permission.PROJECTS_CHANGE) == {"Alice Marlow": "owner"}


def test_the_organization_is_counted_then_beside_today(cast: Cast) -> None:
    then = head(cast)
    make_member(cast.acme, Role.MEMBER)
    mia = cast.member(cast.mia)
    access = cast.access(cast.alice)
    member_change_role(membership=mia, role=Role.ADMIN, reason="", actor=access)
    answer = organization_answer(access=cast.access(cast.alice), moment=then)
    numbers = {row.label: (row.then, row.today, row.difference) for row in answer.rows}
    assert numbers["Admin"] == (1, 2, "+1")
    assert numbers["Member"] == (1, 1, "")
    assert [one.name for one in answer.leading] == ["Alice Marlow", "Adam Brandt"]
    assert {one.action: one.number for one in answer.since} == {
        "member.added": 1,
        "member.role_changed": 1,
    }


@pytest.mark.parametrize(
    "query", ["", "?at=2026-05-03", "?at=9999-99-99", "?at=2999-01-01", "?q=a"]
)
def test_the_page_answers_whatever_the_moment(cast: Cast, query: str) -> None:
    response = sign_in(cast.alice).get(cast.url(f"access/as-of/{query}"))
    assert response.status_code == 200


def test_before_the_first_stated_entry_the_log_says_that_it_cannot(cast: Cast) -> None:
    page = sign_in(cast.alice).get(cast.url("access/as-of/?at=2001-01-01")).content.decode()
    assert "The log cannot say" in page
    with bound(cast.acme.id):
        first = first_stated(cast.acme.id)
    assert first is not None
    assert f"entry #{first.number}" in page


def test_a_day_counts_to_its_end_and_a_minute_too(settings: Any) -> None:
    settings.TIME_ZONE = "UTC"
    assert moment_written("2026-05-03") == moment_written("2026-05-03T23:59")
    minute = moment_written("2026-05-03T14:03")
    assert minute is not None
    assert (minute.hour, minute.minute, minute.second) == (14, 3, 59)
    for said in ("2026-02-30", "2026-05-03T25:00", "3 May", "0001-01-01", "2026-05-03; DROP", "²"):
        assert moment_written(said) is None


@pytest.mark.parametrize(
    ("who", "status"), [("alice", 200), ("adam", 200), ("vera", 200), ("mia", 302)]
)
def test_whoever_reads_the_log_may_ask(cast: Cast, who: str, status: int) -> None:
    response = sign_in(getattr(cast, who)).get(cast.url("access/as-of/"))
    assert response.status_code == status


def test_of_another_organization_nothing_is_there(cast: Cast) -> None:
    foreign = make_project(cast.umbrella, "Secret plan")
    with bound(cast.umbrella.id):
        oscar = Membership.objects.in_org(cast.umbrella).get().pk
    client = sign_in(cast.alice)
    for asked in (f"member={oscar}", f"place=project:{foreign.pk}", "member=nobody", "place=x:1"):
        assert client.get(cast.url(f"access/as-of/?{asked}")).status_code == 404


def test_a_place_that_the_reader_does_not_see_is_withheld(cast: Cast) -> None:
    project, mia = make_project(cast.acme, "Hidden plan"), cast.member(cast.mia)
    group = make_group(cast.acme, "Quiet people", secret=True)
    access = cast.access(cast.alice)
    share(place=project, to=mia, role=Role.PROJECT_VIEWER, until=None, reason="why", actor=access)
    group_member_add(group=group, membership=mia, maintainer=False, actor=access)
    client = sign_in(cast.vera)
    assert client.get(cast.url(f"access/as-of/?place=project:{project.pk}")).status_code == 404
    page = client.get(cast.url(f"access/as-of/?member={mia.pk}")).content.decode()
    assert "A project you do not see" in page
    assert "A secret group" in page
    assert "Hidden plan" not in page
    assert f"place=project:{project.pk}" not in page
    assert "Quiet people" not in page
    for asked in (f"member={project.pk}", f"place=project:{mia.pk}", f"member={group.pk}"):
        assert client.get(cast.url(f"access/as-of/?{asked}")).status_code == 404
    found = client.get(cast.url("access/as-of/?q=plan")).content.decode()
    assert "Hidden plan" not in found


def test_a_resource_that_was_not_published_gave_an_end_user_nothing(cast: Cast) -> None:
    agent, eddie = make_resource(make_project(cast.acme), "agent"), cast.member(cast.eddie)
    access = cast.access(cast.alice)
    share(place=agent, to=eddie, role=Role.RESOURCE_USER, until=None, reason="why", actor=access)
    before = head(cast)
    with bound(cast.acme.id):
        agent.published_at = timezone.now()
        agent.save()
    member_change_role(  # any entry claims what was done before it
        membership=cast.member(cast.mia), role=Role.VIEWER, reason="", actor=cast.access(cast.alice)
    )
    assert not verdict(cast, eddie, before, Permission.AGENTS_CHAT, agent).allowed
    assert verdict(cast, eddie, head(cast), Permission.AGENTS_CHAT, agent).allowed


def test_reading_the_past_is_recorded_once(cast: Cast) -> None:
    client = sign_in(cast.alice)
    before = head(cast).sequence
    client.get(cast.url("access/as-of/"))
    client.get(cast.url("access/as-of/"))
    assert head(cast).sequence == before + 1


def test_the_command_answers_the_same(cast: Cast, capsys: Any) -> None:
    mia = cast.member(cast.mia)
    tomorrow = timezone.localdate() + datetime.timedelta(days=1)
    with pytest.raises(SystemExit) as ended:
        call_command(
            "explain", mia.email, "members.invite", "--org", cast.acme.slug, "--at", str(tomorrow)
        )
    assert ended.value.code == 1
    assert "Mia could not invite members" in capsys.readouterr().out


@pytest.mark.usefixtures("committed")
def test_an_effect_that_was_tampered_with_is_found() -> None:
    from tests.factories import make_organization, make_person

    org = make_organization(make_person(), "Tampered")
    with bound(org.id):
        assert first_flaw(org.id) is None
        pk = Effect.objects.filter(organization_id=org.id, kind="membership").values_list("pk")[0][
            0
        ]
    with connections["owner"].cursor() as cursor:
        cursor.execute("ALTER TABLE audit_effect DISABLE TRIGGER never_rewritten")
        cursor.execute(
            "UPDATE audit_effect SET text = replace(text, 'owner', 'viewer') WHERE id = %s", [pk]
        )
        cursor.execute("ALTER TABLE audit_effect ENABLE TRIGGER never_rewritten")
    with bound(org.id):
        flaw = first_flaw(org.id)
    assert flaw is not None


def test_every_effect_of_a_cast_is_claimed(cast: Cast) -> None:
    with bound(cast.acme.id):
        assert not Effect.objects.filter(
            organization_id=cast.acme.id, sequence__isnull=True
        ).exists()
        kinds = {fact.kind for fact in whole(cast.acme.id, head(cast))}
        assert {"organization", "membership"} <= kinds
        assert Head.objects.filter(organization_id=cast.acme.id).exists()
        assert moment_of(cast.acme.id, timezone.now()).sequence > 0
