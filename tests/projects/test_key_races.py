"""Keys under many hands at once, on real connections with real commits."""

from __future__ import annotations

from django.db import connection
from uuid6 import uuid7

from audit.models import Event as Entry
from config.roles import Role
from orgs.models import Membership
from orgs.tenancy import bound
from projects.actions.keys import key_create, key_revoke
from projects.models import Key
from tests.factories import access_of, make_member, make_organization, make_person
from tests.projects.keys import Platform, make_key
from tests.races import together


def test_no_call_passes_after_a_revocation_has_answered(committed: None) -> None:
    owner = make_person("Olga Owner")
    org = make_organization(owner)
    with bound(org.pk):
        member = Membership.objects.in_org(org.pk).get(person=owner)
    key, text = make_key(org, member)
    platform = Platform(org)
    done: list[bool] = []

    def ask() -> list[tuple[bool, int]]:
        seen = []
        while len(seen) < 400:
            before = bool(done)
            seen.append((before, platform.verify(text, action="tasks.run_commercial").status_code))
            if before:
                break
        return seen

    def stop() -> None:
        with bound(org.pk):
            key_revoke(key=key, reason="Leaked", actor=access_of(org, owner))
        connection.close()
        done.append(True)

    answers = together(ask, ask, stop)
    assert answers[2] is None, answers[2]
    for seen in answers[:2]:
        assert isinstance(seen, list), seen
        assert all(status == 401 for after, status in seen if after)


def test_of_many_revocations_one_is_recorded(committed: None) -> None:
    owner = make_person("Olga Owner")
    org = make_organization(owner)
    member = make_member(org, Role.ADMIN)
    key, _ = make_key(org, member)

    def stop() -> None:
        with bound(org.pk):
            key_revoke(key=key, reason="Leaked", actor=access_of(org, owner))

    answers = together(*[stop] * 6)
    assert not any(answers), answers
    with bound(org.pk):
        found = Entry.objects.filter(organization_id=org.pk, action="key.revoked")
        assert found.count() == 1


def test_the_same_form_sent_at_once_makes_one_key(committed: None) -> None:
    owner = make_person("Olga Owner")
    org = make_organization(owner)
    pk = uuid7()

    def make() -> str:
        with bound(org.pk):
            _, text = key_create(
                kind="organization",
                project=None,
                name="Twice",
                executes=True,
                chats=False,
                cost_centre=None,
                expires_at=None,
                actor=access_of(org, owner),
                pk=pk,
            )
        return text

    answers = together(*[make] * 5)
    assert sum(isinstance(each, str) for each in answers) == 1
    assert {each.code for each in answers if not isinstance(each, str)} == {"made_already"}
    with bound(org.pk):
        assert Key.objects.in_org(org.pk).count() == 1
