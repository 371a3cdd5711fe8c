"""A process that does one deed after another, and says each that was acknowledged.

`python -m tests.robustness.worker NAME STAGE LIFE` works until it is killed. Each line is written in
one piece, so that it says all or nothing. Every deed has a tag, which its entry carries.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import sys
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

import django

Deed = Callable[[str], bool]


def say(**what: Any) -> None:
    os.write(1, json.dumps(what).encode() + b"\n")


def main(name: str, stage: str, life: str) -> None:
    django.setup()
    from django.db import DatabaseError, InterfaceError, close_old_connections

    deeds = _deeds(json.loads(stage), name)
    say(ready=name)
    for number in itertools.count():
        # As at the beginning of each request.
        close_old_connections()
        tag = f"{name}-{life}-{number}"
        try:
            done = random.choice(deeds)(tag)
        except (DatabaseError, InterfaceError) as error:
            say(failed=tag, by=type(error).__name__)
            time.sleep(0.02)
        else:
            if done:
                say(done=tag)


def _deeds(stage: dict[str, Any], name: str) -> list[Deed]:
    from django.db import transaction

    from accounts.models import User
    from audit.ledger import Actor
    from config.roles import Role
    from orgs.access import Access
    from orgs.actions import groups, members
    from orgs.models import Group, GroupMembership, Membership
    from orgs.rules.keeping import keeping_rules
    from orgs.tenancy import bind_member
    from projects.actions import keys
    from projects.models import Key
    from tests.factories import sign_in

    owner, slug = UUID(stage["owner"]), stage["slug"]
    mine = [UUID(member) for member in stage["members"][name]]
    console = sign_in(User.objects.get(pk=owner), host="localhost")
    console.raise_request_exception = False

    def deed(act: Callable[[Access, str], bool]) -> Deed:
        """As the wall around a request does it: one transaction, bound, judged, committed."""

        def do(tag: str) -> bool:
            with transaction.atomic():
                actor = bind_member(
                    slug, owner, identity=Actor("person", owner, "", request_id=tag)
                )
                assert actor is not None
                with keeping_rules():
                    return act(actor, tag)

        return do

    def another(membership: Membership) -> Role:
        return Role.VIEWER if membership.role == Role.MEMBER else Role.MEMBER

    def role(actor: Access, tag: str) -> bool:
        membership = Membership.objects.in_org(actor.org.id).get(pk=random.choice(mine))
        members.member_change_role(
            membership=membership, role=another(membership), reason="", actor=actor
        )
        return True

    def seat(actor: Access, tag: str) -> bool:
        membership = Membership.objects.in_org(actor.org.id).get(pk=random.choice(mine))
        group = random.choice(list(Group.objects.in_org(actor.org.id)))
        taken = GroupMembership.objects.in_org(actor.org.id).filter(
            group=group, membership=membership
        )
        found = taken.first()
        if found is None:
            groups.group_member_add(
                group=group, membership=membership, maintainer=False, actor=actor
            )
        else:
            groups.group_member_remove(seat=found, actor=actor)
        return True

    def key_made(actor: Access, tag: str) -> bool:
        keys.key_create(
            kind="organization",
            project=None,
            name=tag,
            executes=True,
            chats=False,
            cost_centre=None,
            expires_at=None,
            actor=actor,
        )
        return True

    def key_revoked(actor: Access, tag: str) -> bool:
        live = Key.objects.in_org(actor.org.id).filter(
            name__startswith=f"{name}-", revoked_at__isnull=True
        )
        key = live.order_by("-pk").first()
        if key is None:
            return False
        keys.key_revoke(key=key, reason="", actor=actor)
        return True

    def by_console(tag: str) -> bool:
        """The same through the whole of the console: session, gate, form, page."""
        with transaction.atomic():
            actor = bind_member(slug, owner, identity=Actor("person", owner, ""))
            assert actor is not None
            membership = Membership.objects.in_org(actor.org.id).get(pk=random.choice(mine))
        answer = console.post(
            f"/o/{slug}/members/{membership.pk}/role/",
            {"role": another(membership).value, "reason": tag},
        )
        if answer.status_code >= 500:
            say(failed=tag, by=answer.status_code)
            return False
        assert answer.status_code == 302, answer.status_code
        return True

    return [deed(role), deed(seat), deed(key_made), deed(key_revoked), by_console]


def stage() -> str:
    """An organization to work in, with an owner, groups, and members for each worker."""
    django.setup()
    from tests.factories import make_group, make_member, make_organization, make_person

    owner = make_person("Alice Marlow")
    organization = make_organization(owner)
    for _ in range(3):
        make_group(organization)
    members = {
        name: [str(make_member(organization).pk) for _ in range(4)] for name in ("ada", "bela")
    }
    return json.dumps(
        {
            "owner": str(owner.pk),
            "slug": organization.slug,
            "organization": str(organization.pk),
            "members": members,
        }
    )


if __name__ == "__main__":
    if sys.argv[1:] == ["stage"]:
        sys.stdout.write(stage())
    else:
        main(*sys.argv[1:])
