"""What a change would change, told before it is made; nothing of the rehearsal remains."""

from __future__ import annotations

from functools import partial

import pytest
from django.core import mail
from django.db import transaction

from audit.models import Event as Entry
from config.roles import Permission, Role
from orgs.actions.groups import group_member_add
from orgs.actions.members import member_change_role, member_remove
from orgs.actions.notices import notify
from orgs.models import GroupMembership, Membership, Notice
from orgs.preview import rehearse
from projects.actions.shares import share, unshare
from projects.models import ProjectGrant
from tests.factories import Cast, make_group, make_seat
from tests.projects.factories import make_grant, make_group_role, make_project, make_workspace

pytestmark = pytest.mark.django_db

P = Permission


def sharing(cast: Cast, place: object, to: object, role: Role) -> partial[object]:
    access = cast.access(cast.alice)
    return partial(share, place=place, to=to, role=role, until=None, reason="Work", actor=access)


def test_a_share_says_what_it_would_give(cast: Cast) -> None:
    project, mia = make_project(cast.acme, "Warehouse picking"), cast.member(cast.mia)
    deed = sharing(cast, project, mia, Role.PROJECT_VIEWER)
    preview = rehearse(cast.access(cast.alice), deed, people=[mia.pk])
    assert preview.difference == {(mia.pk, project.pk): ({P.PROJECTS_VIEW}, frozenset())}
    assert [str(line) for line in preview.lines] == [
        "Mia Castellano gains 1 permission on Warehouse picking: View a project"
    ]


def test_nothing_of_a_rehearsal_remains(cast: Cast, django_capture_on_commit_callbacks) -> None:
    project, mia = make_project(cast.acme), cast.member(cast.mia)
    access = cast.access(cast.alice)
    entries = Entry.objects.filter(organization_id=cast.acme.pk).count()

    def deed() -> None:
        share(place=project, to=mia, role=Role.PROJECT_VIEWER, until=None, reason="", actor=access)
        notify(organization=cast.acme.pk, members=[mia], text="Shared with you", path="/")

    with django_capture_on_commit_callbacks(execute=True) as callbacks:
        assert not rehearse(access, deed, people=[mia.pk]).is_empty
    assert callbacks == []
    assert mail.outbox == []
    assert not ProjectGrant.objects.in_org(cast.acme.pk).exists()
    assert not Notice.objects.in_org(cast.acme.pk).exists()
    assert Entry.objects.filter(organization_id=cast.acme.pk).count() == entries


def test_what_the_actor_may_do_is_asked_anew_after_a_rehearsal(cast: Cast) -> None:
    project = make_project(cast.acme)
    make_grant(project, cast.member(cast.mia), Role.PROJECT_OWNER)
    access = cast.access(cast.mia)
    grant = ProjectGrant.objects.in_org(cast.acme.pk).get()

    def deed() -> None:
        unshare(grant=grant, reason="", actor=access)
        assert not access.can(P.PROJECTS_CHANGE, project)

    preview = rehearse(access, deed, people=[cast.member(cast.mia).pk])
    assert preview.warnings == ("This changes your own access.",)
    assert [str(line.who) for line in preview.lines] == ["You"]
    assert access.can(P.PROJECTS_CHANGE, project)


def test_a_refused_deed_says_why(cast: Cast) -> None:
    access, alice = cast.access(cast.alice), cast.member(cast.alice)
    deed = partial(
        member_change_role, membership=alice, role=Role.ADMIN, reason="Rest", actor=access
    )
    preview = rehearse(access, deed, people=[alice.pk])
    assert preview.code == "last_owner"
    assert preview.refused.startswith("This is the last owner.")
    assert preview.is_empty
    alice.refresh_from_db()
    assert alice.role == Role.OWNER


def test_any_other_failure_passes_on_and_leaves_nothing(cast: Cast) -> None:
    access = cast.access(cast.alice)
    group = make_group(cast.acme)

    def deed() -> None:
        group_member_add(
            group=group, membership=cast.member(cast.mia), maintainer=False, actor=access
        )
        raise RuntimeError

    with pytest.raises(RuntimeError), transaction.atomic():
        rehearse(access, deed)
    assert not GroupMembership.objects.in_org(cast.acme.pk).exists()


def test_a_group_role_counts_who_had_it_already(cast: Cast) -> None:
    access = cast.access(cast.alice)
    readers, finance = make_group(cast.acme, "Readers"), make_group(cast.acme, "Finance")
    seats = [cast.member(one) for one in (cast.mia, cast.vera, cast.eddie, cast.adam)]
    for member in seats:
        make_seat(finance, member)
    make_seat(readers, cast.member(cast.mia))
    make_group_role(readers, Role.AUDIT_LOG_READER)
    with transaction.atomic():
        preview = rehearse(
            access,
            lambda: make_group_role(finance, Role.AUDIT_LOG_READER),
            people=[member.pk for member in seats],
        )
    assert preview.told.totals == "2 people gain; 2 keep what they have"
    assert {str(line) for line in preview.lines} == {
        "Eddie Okafor gains 2 permissions in Acme Robotics: View the audit log, here and from "
        "the command line; Export the audit log",
        "Vera Lindqvist gains 1 permission in Acme Robotics: Export the audit log",
    }


def test_what_comes_down_from_the_workspace_is_said_once(cast: Cast) -> None:
    retail = make_workspace(cast.acme, "Retail")
    project, mia = make_project(cast.acme, "Tills", retail), cast.member(cast.mia)
    make_grant(project, mia, Role.PROJECT_VIEWER)
    deed = sharing(cast, retail, mia, Role.WORKSPACE_VIEWER)
    preview = rehearse(cast.access(cast.alice), deed, people=[mia.pk])
    assert set(preview.difference) == {(mia.pk, retail.pk), (mia.pk, project.pk)}
    assert [line.spot.name for line in preview.lines] == ["Retail"]


def test_an_end_user_who_would_get_inside_is_a_warning(cast: Cast) -> None:
    project, group = make_project(cast.acme, "Tills"), make_group(cast.acme, "Floor")
    make_seat(group, cast.member(cast.eddie))
    deed = sharing(cast, project, group, Role.PROJECT_MEMBER)
    preview = rehearse(cast.access(cast.alice), deed, people=[cast.member(cast.eddie).pk])
    assert "1 End User gets into a project or workspace" in preview.warnings[0]


def test_a_rise_to_owner_is_a_warning(cast: Cast) -> None:
    access, mia = cast.access(cast.alice), cast.member(cast.mia)
    deed = partial(member_change_role, membership=mia, role=Role.OWNER, reason="Heir", actor=access)
    warning = rehearse(access, deed, people=[mia.pk]).warnings[0]
    assert warning.endswith("are otherwise held by Owners alone.")


def test_a_removal_loses_everything_everywhere(cast: Cast) -> None:
    access, mia = cast.access(cast.alice), cast.member(cast.mia)
    project = make_project(cast.acme, "Tills")
    make_grant(project, mia, Role.PROJECT_MEMBER)
    preview = rehearse(
        access, partial(member_remove, membership=mia, reason="", actor=access), people=[mia.pk]
    )
    assert [line.spot.name for line in preview.lines] == ["Acme Robotics", "Tills"]
    assert not any(line.gains for line in preview.lines)
    assert Membership.objects.in_org(cast.acme.pk).filter(pk=mia.pk).exists()


def test_it_costs_two_measures_and_the_names_beside_the_deed(
    cast: Cast, django_assert_num_queries
) -> None:
    access, mia = cast.access(cast.alice), cast.member(cast.mia)

    def deed() -> None:
        Membership.objects.in_org(cast.acme.pk).filter(pk=mia.pk).update(role=Role.VIEWER)

    with django_assert_num_queries(1 + 6):  # Three are the savepoint.
        assert rehearse(access, deed, people=[mia.pk]).lines
