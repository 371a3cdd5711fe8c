"""The matrix: the rule book and nothing else, under this organization's policies."""

from __future__ import annotations

import csv
import io
import re
import time
from html.parser import HTMLParser

import pytest
from _pytest.mark import ParameterSet
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit import ledger
from audit.events import Event
from audit.ledger import Target
from config.roles import (
    DEFAULT_POLICIES,
    ORGANIZATION_ROLES,
    Permission,
    Policy,
    Role,
    Scope,
    permissions_of,
    roles_with,
)
from config.spreadsheets import harmless
from orgs.models import Organization
from orgs.queries.permissions import COLUMNS, by_area, lines, mark_of, table
from orgs.tenancy import bound
from tests.factories import TEST, Cast, sign_in

pytestmark = pytest.mark.django_db
ROLES = [role for _, roles in COLUMNS for role in roles]
SPOKEN = {
    "allowed": True,
    "not allowed": False,
    "allowed by a policy": True,
    "not allowed while the policy is off": False,
}


class Matrix(HTMLParser):
    """The cells of each row, as a screen reader speaks them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.rows: list[tuple[str, list[str], list[bool]]] = []
        self._in: list[str] = []
        self._label, self._cells, self._own, self._spoken = "", [], [], False
        self.feed(page.partition('<table class="matrix">')[2].partition("</table>")[0])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        classes = (dict(attrs).get("class") or "").split()
        if tag == "tr":
            self._label, self._cells, self._own = "", [], []
        if tag == "td":
            self._own.append("own" in classes)
        self._in.append(tag)
        self._spoken = tag == "span" and "visually-hidden" in classes

    def handle_endtag(self, tag: str) -> None:
        self._in.pop()
        self._spoken = False
        if tag == "tr" and self._cells:
            self.rows.append((self._label, self._cells, self._own))

    def handle_data(self, data: str) -> None:
        if self._spoken and "td" in self._in:
            self._cells.append(data)
        elif self._in and self._in[-1] == "th" and not self._cells:
            self._label += data


def set_policies(cast: Cast, *policies: Policy) -> None:
    with bound(cast.acme.id):
        Organization.objects.filter(id=cast.acme.id).update(policies=sorted(policies))
        ledger.record(
            Event.ORGANIZATION_POLICIES_CHANGED,
            organization=cast.acme.id,
            actor=TEST,
            target=Target("organization", cast.acme.id, "Acme"),
            changes={"policies": ([], [])},
        )


def page_of(cast: Cast, who: str = "alice", **query: str) -> str:
    return sign_in(getattr(cast, who)).get(cast.url("permissions/"), query).content.decode()


def columns_of(page: str) -> list[tuple[str, str]]:
    """Each column as its two headings say it: where the role holds, and the role."""
    head = page.partition("<thead>")[2].partition("</thead>")[0]
    headings = re.findall(r'colspan="(\d+)"[^>]*>([^<]+)<', head)
    roles = iter(re.findall(r"<span>([^<]+)</span>", head))
    return [(heading, next(roles)) for width, heading in headings for _ in range(int(width))]


@pytest.mark.parametrize("policies", [DEFAULT_POLICIES, frozenset(), frozenset(Policy)])
@pytest.mark.requirement("S1-003", "S1-028", "S1-029", "S4-002")
def test_every_cell_on_the_page_is_the_answer_of_the_rule_book(cast: Cast, policies) -> None:
    set_policies(cast, *policies)
    rows = Matrix(page_of(cast)).rows
    by_label = {permission.label: permission for permission in Permission}
    assert len(rows) == len(Permission) == 102
    for label, cells, _ in rows:
        assert len(cells) == len(ROLES) == len(Role)
        for role, spoken in zip(ROLES, cells, strict=True):
            may = by_label[label] in permissions_of({role}, policies)
            assert SPOKEN[spoken] is may, f"{role.label}: {label}"


def default_row(label: str, roles: str, mark: pytest.MarkDecorator) -> ParameterSet:
    return pytest.param(label, roles, marks=mark, id=label)


@pytest.mark.parametrize(
    ("label", "roles"),
    [
        default_row(
            "Create, rotate and revoke organization API keys",
            "Owner Admin",
            pytest.mark.requirement("S1-030"),
        ),
        default_row(
            "Set key budgets, rates and allowlists",
            "Owner Admin",
            pytest.mark.requirement("S1-031"),
        ),
        default_row(
            "Subscribe, change the plan, cancel", "Owner", pytest.mark.requirement("S1-032")
        ),
        default_row("View invoices", "Owner Admin Viewer", pytest.mark.requirement("S1-033")),
        default_row("View usage", "Owner Admin Member Viewer", pytest.mark.requirement("S1-034")),
        default_row("View costs", "Owner Admin Member Viewer", pytest.mark.requirement("S1-034")),
        default_row(
            "Run commercial tasks", "Owner Admin Member", pytest.mark.requirement("S1-035")
        ),
        default_row("Review execution proofs", "Owner Admin", pytest.mark.requirement("S1-036")),
        default_row("Change member roles", "Owner", pytest.mark.requirement("S1-037")),
    ],
)
def test_a_default_row_names_these_roles_of_a_customer(cast: Cast, label: str, roles: str) -> None:
    page = page_of(cast, "mia", q=label)
    (cells,) = [cells for found, cells, _ in Matrix(page).rows if found == label]
    ticked = {role for (_, role), cell in zip(columns_of(page), cells, strict=True) if SPOKEN[cell]}
    assert ticked & {"Owner", "Admin", "Member", "Viewer"} == set(roles.split())


@pytest.mark.requirement("S2-001", "S2-002", "S2-003", "S2-004")
def test_roles_stand_in_columns_of_platform_organization_and_project(cast: Cast) -> None:
    page = page_of(cast)
    columns = columns_of(page)
    for column in (
        ("Platform", "Superadmin"),
        ("Organization", "Owner"),
        ("Organization", "Member"),
        ("Organization", "End User"),
        ("Project", "Owner"),
        ("Project", "Member"),
    ):
        assert column in columns
    end_user = columns.index(("Organization", "End User"))
    may = {label for label, cells, _ in Matrix(page).rows if SPOKEN[cells[end_user]]}
    assert {"Chat with agents", "Run workflows", "Open the Hub"} <= may
    assert not {label for label in may if label.startswith(("Create", "Change", "Manage"))}


@pytest.mark.requirement("S4-001", "S4-002")
def test_an_owner_is_ticked_wherever_anyone_else_in_the_organization_is(cast: Cast) -> None:
    set_policies(cast, *Policy)
    page = page_of(cast)
    columns = columns_of(page)
    owner = columns.index(("Organization", "Owner"))
    others = [place for place, (heading, _) in enumerate(columns) if heading != "Platform"]
    only_asked_for = {"Request a new project", "Ask for an agent to be published"}
    above = {
        label
        for label, cells, _ in Matrix(page).rows
        if any(SPOKEN[cells[place]] for place in others) and not SPOKEN[cells[owner]]
    }
    assert above == only_asked_for, "who decides need not ask"


@pytest.mark.requirement("S1-028", "S1-001")
def test_the_page_stands_under_its_heading_with_capability_and_allowed_roles(cast: Cast) -> None:
    for who in ("alice", "adam", "mia", "vera", "eddie"):
        page = page_of(cast, who)
        assert "Default enterprise permissions for customer organizations." in page
        assert "Capability and allowed roles" in page
    for role in Role:
        assert f"<span>{role.short_label}</span>" in page


@pytest.mark.parametrize("who", ["alice", "adam", "mia", "vera", "eddie"])
def test_ones_own_column_is_the_one_highlighted(cast: Cast, who: str) -> None:
    own = ROLES.index(Role(cast.member(getattr(cast, who)).role))
    for _, _, highlighted in Matrix(page_of(cast, who)).rows:
        assert [place for place, yes in enumerate(highlighted) if yes] == [own]


@pytest.mark.requirement("S1-029")
def test_a_policy_shows_where_it_decides_and_how_it_stands_by_default(cast: Cast) -> None:
    page = page_of(cast, q="invite members")
    assert "Policy: Admins may invite" in page
    assert "on by default" not in page
    assert '<span class="policy off"' in page
    set_policies(cast, Policy.ADMINS_INVITE)
    page = page_of(cast, q="invite members")
    assert "Policy: Admins may invite, off by default" in page


def test_the_search_takes_words_codes_areas_and_policies(cast: Cast) -> None:
    def found(query: str) -> set[str]:
        return {label for label, *_ in Matrix(page_of(cast, q=query)).rows}

    assert found("view invoices") == {"View invoices"}
    assert found("INVOICES view") == {"View invoices"}
    assert found("members.change_role") == {"Change member roles"}
    assert "Read runner logs" in found("runners")
    assert found("admins may invite") == {"Invite members"}
    nothing = page_of(cast, q="zebra <b>")
    assert "No permission matches." in nothing
    assert "<b>" not in nothing.partition('name="q"')[2].partition(">")[0]


@pytest.mark.parametrize("scope", sorted({p.scope for p in Permission}))
def test_the_scope_narrows_and_stays_in_the_address(cast: Cast, scope: Scope) -> None:
    page = page_of(cast, scope=scope.value, q="view")
    labels = {label for label, *_ in Matrix(page).rows}
    expected = {
        p.label
        for _, found in by_area(DEFAULT_POLICIES, search="view", scope=scope)
        for p in (line.permission for line in found)
    }
    assert labels == expected
    assert f"?scope={scope}" in page or scope is Scope.PLATFORM
    assert "q=view" in page


def test_an_unknown_scope_counts_as_none(cast: Cast) -> None:
    assert len(Matrix(page_of(cast, scope="galaxy")).rows) == 102


def test_htmx_gets_the_table_and_the_scopes_alone(cast: Cast) -> None:
    client = sign_in(cast.mia, **{"HX-Request": "true"})
    part = client.get(cast.url("permissions/"), {"q": "invoice"}).content.decode()
    assert "<html" not in part
    assert 'hx-swap-oob="true"' in part
    assert "View invoices" in part


def test_by_phone_each_capability_names_its_roles(cast: Cast) -> None:
    page = page_of(cast, "vera", q="view invoices").partition("only-phone")[2]
    names = re.sub(r"<[^>]+>", "", page.partition("<small>")[2].partition("</small>")[0])
    allowed = roles_with(Permission.BILLING_VIEW_INVOICES, DEFAULT_POLICIES)
    assert names == ", ".join(role.label for role in allowed)
    assert '<b class="own-role">Viewer</b>' in page


def test_the_csv_is_the_same_table(cast: Cast) -> None:
    response = sign_in(cast.mia).get(cast.url("permissions.csv"))
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert "attachment" in response.headers["Content-Disposition"]
    header, *rows = list(csv.reader(io.StringIO(response.content.decode())))
    assert header[1:3] == ["Capability", "Allowed roles"]
    assert header[7:] == [role.label for role in ROLES]
    assert rows == list(table(DEFAULT_POLICIES))[1:]
    for row in rows:
        permission = Permission(row[3])
        for role, mark in zip(ROLES, row[7:], strict=True):
            assert mark == mark_of(role, permission, DEFAULT_POLICIES)


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1", "-1", "@x", "\tx", "\rx", " =1", '"=1', "'+1", "\u00a0\t@x", "\u200b\uff1d1"],
)
def test_no_cell_is_a_formula(text: str) -> None:
    assert harmless(text) == f"'{text}"


@pytest.mark.parametrize("text", ["View members", " a = b", '"quoted"', "'", "", "\u00a0"])
def test_what_is_no_formula_stays_as_it_is(text: str) -> None:
    assert harmless(text) == text


def test_only_who_may_change_policies_is_led_to_them(cast: Cast) -> None:
    assert (
        "settings/#policies"
        in page_of(cast, "alice").partition('id="main"')[2].partition("</main>")[0]
    )
    assert "settings/#policies" not in page_of(cast, "adam")


def test_another_organizations_policies_do_not_show(cast: Cast) -> None:
    set_policies(cast, *Policy)
    oscar = sign_in(cast.oscar).get(cast.url("permissions/", cast.umbrella)).content.decode()
    assert "Policy: Admins may invite<" in oscar
    assert '<span class="policy off"' in oscar


def test_the_page_asks_the_database_for_nothing_of_its_own(cast: Cast) -> None:
    client = sign_in(cast.alice)
    client.get(cast.url("hub/"))
    asked = {}
    for path in ("hub/", "permissions/"):
        with CaptureQueriesContext(connection) as queries:
            client.get(cast.url(path))
        asked[path] = len(queries)
    # The Hub asks for what it shows; this page is drawn from the rule book.
    assert asked["permissions/"] < asked["hub/"]


def test_the_book_is_arranged_once_for_each_choice_of_policies() -> None:
    lines(DEFAULT_POLICIES)
    start = time.perf_counter()
    for _ in range(100):
        by_area(DEFAULT_POLICIES)
    assert time.perf_counter() - start < 1


# What the sources say about scopes and about who stands where, asked of the book itself.


@pytest.mark.decided("S2-001", "S2-002", "S2-003", "S2-004")
def test_there_are_roles_of_the_platform_the_organization_the_project_and_for_consumers() -> None:
    assert Role.SUPERADMIN.scope is Scope.PLATFORM
    assert {Role.OWNER, Role.MEMBER} <= {r for r in Role if r.scope is Scope.ORGANIZATION}
    assert {Role.PROJECT_OWNER, Role.PROJECT_MEMBER} <= {
        r for r in Role if r.scope is Scope.PROJECT
    }
    consumer = permissions_of({Role.END_USER}, frozenset(Policy))
    assert {Permission.AGENTS_CHAT, Permission.WORKFLOWS_EXECUTE} <= consumer
    assert not {p for p in consumer if p.value.endswith((".create", ".change", ".delete"))}


@pytest.mark.decided("S2-005", "S2-006", "S2-034")
def test_a_superadmin_ends_where_an_organization_begins_and_an_owner_where_the_platform_does() -> (
    None
):
    for policies in (frozenset(), frozenset(Policy)):
        superadmin = permissions_of({Role.SUPERADMIN}, policies)
        owner = permissions_of({Role.OWNER}, policies)
        assert {p.scope for p in superadmin} == {Scope.PLATFORM}
        assert Scope.PLATFORM not in {p.scope for p in owner}
        assert {p for p in Permission if p.scope is Scope.PROJECT} - owner == {
            Permission.HUB_REQUEST_PUBLISH
        }


@pytest.mark.decided("S2-007", "S2-008", "S2-009")
def test_only_superadmins_run_containers() -> None:
    for permission in (
        Permission.PLATFORM_CREATE_ORGANIZATIONS,
        Permission.PLATFORM_MANAGE_ORGANIZATIONS,
        Permission.PLATFORM_ASSIGN_FIRST_OWNER,
    ):
        assert roles_with(permission, frozenset(Policy)) == (Role.SUPERADMIN,)


@pytest.mark.decided("S4-001", "S4-002", "S4-003", "S4-004", "S4-006", "S1-016", "S2-028")
def test_no_role_of_an_organization_stands_above_its_owner() -> None:
    asking = {Permission.PROJECTS_REQUEST, Permission.HUB_REQUEST_PUBLISH}
    owner = permissions_of({Role.OWNER}, frozenset())
    for role in ROLES:
        if role.scope is not Scope.PLATFORM:
            assert permissions_of({role}, frozenset(Policy)) - owner <= asking
    for permission in (
        Permission.ORG_MANAGE_SETTINGS,
        Permission.BILLING_CHANGE_PLAN,
        Permission.BILLING_EDIT_DETAILS,
        Permission.WORKSPACES_VIEW_ALL,
        Permission.WORKSPACES_CREATE,
    ):
        holders = roles_with(permission, frozenset(Policy))
        assert [role for role in holders if role in ORGANIZATION_ROLES] == [Role.OWNER]


@pytest.mark.decided("S4-005", "S4-051")
def test_between_members_and_owners_only_owners_view_the_audit_log() -> None:
    assert Permission.AUDIT_VIEW in permissions_of({Role.OWNER}, frozenset())
    assert Permission.AUDIT_VIEW not in permissions_of({Role.MEMBER}, frozenset(Policy))
