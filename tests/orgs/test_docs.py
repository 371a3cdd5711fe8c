"""The help page is made from the rule book; the pages that belong to nobody are there for all."""

from __future__ import annotations

import html

import pytest
from django.test import Client

from config.roles import (
    DEFAULT_POLICIES,
    ORGANIZATION_ROLES,
    Permission,
    Policy,
    Role,
    permissions_of,
)
from orgs.queries.permissions import chapters, owners_alone
from tests.factories import Cast, sign_in

pytestmark = pytest.mark.django_db


def docs_of(cast: Cast, who: str) -> str:
    return html.unescape(sign_in(getattr(cast, who)).get(cast.url("docs/")).content.decode())


@pytest.mark.requirement("S1-003")
def test_every_role_has_its_name_its_description_and_what_it_may_do(cast: Cast) -> None:
    page = docs_of(cast, "mia")
    for role in Role:
        part = page.partition(f'<h2 id="{role}">')[2].partition("<h2")[0]
        assert part.startswith(role.label)
        assert role.description in part
        if role is not Role.OWNER:
            for permission in permissions_of({role}, DEFAULT_POLICIES):
                assert permission.label in part


@pytest.mark.requirement("S4-007")
def test_one_page_lists_everything_that_an_owner_may_do(cast: Cast) -> None:
    part = docs_of(cast, "alice").partition('<h2 id="everything">')[2].partition("<h2")[0]
    held = permissions_of({Role.OWNER}, DEFAULT_POLICIES)
    assert f"all {len(held)} permissions" in part
    assert part.count("<li>") == len(held)
    for permission in held:
        assert permission.label in part


@pytest.mark.parametrize("policies", [frozenset(), DEFAULT_POLICIES, frozenset(Policy)])
def test_what_only_owners_may_do_is_marked(policies) -> None:
    alone = owners_alone(policies)
    others = set(ORGANIZATION_ROLES) - {Role.OWNER}
    for permission in permissions_of({Role.OWNER}, policies):
        shared = any(permission in permissions_of({role}, policies) for role in others)
        assert (permission in alone) is not shared
    assert Permission.ORG_DELETE in alone


def test_the_chapters_hold_the_whole_book() -> None:
    found = {
        (chapter.role, permission)
        for _, roles in chapters(DEFAULT_POLICIES)
        for chapter in roles
        for _, permissions in chapter.areas
        for permission in permissions
    }
    assert found == {(r, p) for r in Role for p in permissions_of({r}, DEFAULT_POLICIES)}


def test_a_policy_that_is_off_says_what_it_would_add(cast: Cast) -> None:
    part = docs_of(cast, "adam").partition('<h2 id="admin">')[2].partition("<h2")[0]
    assert "Invite members, while “Admins may invite” is on; it is off here" in part


def test_ones_own_role_is_marked(cast: Cast) -> None:
    page = docs_of(cast, "vera")
    assert page.count("Your role</span>") == 1
    assert "Your role" in page.partition('<h2 id="viewer">')[2].partition("</h2>")[0]


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("/terms/", marks=pytest.mark.requirement("S1-064")),
        pytest.param("/privacy/", marks=pytest.mark.requirement("S1-065")),
    ],
)
def test_terms_and_privacy_are_there_for_everyone(client: Client, cast: Cast, path: str) -> None:
    assert client.get(path).status_code == 200
    assert f'href="{path}"' in docs_of(cast, "mia")
