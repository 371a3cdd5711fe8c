"""The list of members: who sees whom, search, filters, order, pages, and its three states."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.db import OperationalError, connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from config.roles import Permission, Role
from orgs.models import Membership
from orgs.queries.members import search_query
from orgs.queries.team import CountOf
from orgs.team import team_facts
from orgs.tenancy import bound
from orgs.views import members as views
from tests.factories import Cast, make_group, make_member, make_seat, sign_in

HX = {"HX-Request": "true"}


def names(response: HttpResponse) -> list[str]:
    return [row.member.name for row in response.context["team"].rows]


@pytest.mark.requirement("S1-008", "S1-039")
def test_lists_the_members_of_this_organization_and_of_no_other(cast: Cast) -> None:
    response = sign_in(cast.alice).get(cast.url("members/"))
    assert names(response) == [
        "Adam Brandt",
        "Alice Marlow",
        "Eddie Okafor",
        "Mia Castellano",
        "Vera Lindqvist",
    ]
    assert cast.oscar.email not in response.content.decode()
    assert "(you)" in response.content.decode()


@pytest.mark.requirement("S1-001", "S1-004", "S1-005", "S1-006", "S1-003")
def test_four_cards_say_where_one_stands(cast: Cast) -> None:
    response = sign_in(cast.mia).get(cast.url("members/"))
    facts = {fact.label: fact.value for fact in response.context["facts"]}
    assert facts == {
        "Organization": "Acme Robotics",
        "Your role": "Member",
        "Plan": "Enterprise",
        "Active keys": "0",
    }
    html = response.content.decode()
    assert "<h1>Team and organization access</h1>" in html
    assert "Builds and tests in assigned projects" in html
    assert cast.url("permissions/") in html


@pytest.mark.requirement("S1-004", "S1-005", "S1-006")
def test_a_card_shows_a_dash_for_what_is_not_known(cast: Cast) -> None:
    access = cast.access(cast.mia)
    unknown = replace(access, organization=replace(access.org, name="", plan=""), roles=frozenset())
    assert [fact.value for fact in team_facts(unknown)[:3]] == ["-", "-", "-"]


@pytest.mark.requirement("S1-011")
def test_table_has_exactly_these_columns(cast: Cast) -> None:
    html = sign_in(cast.mia).get(cast.url("members/")).content.decode()
    head = html[html.index("<thead") : html.index("</thead>")]
    assert head.count("<th ") == 4  # Mia may pick nobody: no boxes to tick.
    owner = sign_in(cast.alice).get(cast.url("members/")).content.decode()
    assert owner[owner.index("<thead") : owner.index("</thead>")].count("<th ") == 5
    places = [head.index(word) for word in ("Member", "Role", "Joined", "Actions")]
    assert places == sorted(places)


@pytest.mark.requirement("S1-012")
def test_nobody_found_reads_no_members_loaded(cast: Cast) -> None:
    html = sign_in(cast.mia).get(cast.url("members/?q=nobodyatall")).content.decode()
    body = html[html.index('<tbody class="arrived"') : html.rindex("</tbody>")]
    assert "No members loaded." in body
    assert "<p>" not in body


def test_a_database_that_does_not_answer_is_said_so(cast: Cast, monkeypatch) -> None:
    def fails(**_: object) -> None:
        raise OperationalError("canceling statement due to statement timeout")

    monkeypatch.setattr(views, "team_page", fails)
    response = sign_in(cast.mia).get(cast.url("members/"))
    assert response.status_code == 503
    assert "The members did not arrive" in response.content.decode()
    assert response.headers["X-Request-ID"] in response.content.decode()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("mar", ["Alice Marlow"]),
        ("ALICE marl", ["Alice Marlow"]),
        ("okafor eddie", ["Eddie Okafor"]),
        (
            "@example",
            ["Adam Brandt", "Alice Marlow", "Eddie Okafor", "Mia Castellano", "Vera Lindqvist"],
        ),
        ("zzz", []),
        (
            "   ",
            ["Adam Brandt", "Alice Marlow", "Eddie Okafor", "Mia Castellano", "Vera Lindqvist"],
        ),
        ("'", ["Adam Brandt", "Alice Marlow", "Eddie Okafor", "Mia Castellano", "Vera Lindqvist"]),
    ],
)
def test_search_finds_words_that_start_so(cast: Cast, text: str, found: list[str]) -> None:
    assert names(sign_in(cast.vera).get(cast.url("members/"), {"q": text})) == found


@pytest.mark.parametrize(
    "text",
    [
        "'",
        "\\",
        "a' | 'b",
        "!a",
        "a & | b",
        "a:*",
        "(",
        "\x00",
        "%",
        "<script>",
        "‮",
        "\uff07 \uff3c",
        "\u0301",
        "'; DROP TABLE x",
    ],
)
def test_hostile_searches_are_only_words(cast: Cast, text: str) -> None:
    assert sign_in(cast.vera).get(cast.url("members/"), {"q": text}).status_code == 200


def test_a_huge_search_is_cut(cast: Cast) -> None:
    response = sign_in(cast.vera).get(cast.url("members/"), {"q": "ab " * 350_000})
    assert response.status_code == 200
    assert len(response.content) < 70_000
    assert search_query("x" * 1_000_000) == f"'{'x' * 64}':*"
    assert search_query("a b c d e f g h i j").count("&") == 7


def test_search_finds_no_one_of_another_organization(cast: Cast) -> None:
    assert names(sign_in(cast.alice).get(cast.url("members/?q=novak"))) == []


def test_filters_by_role_and_status(cast: Cast) -> None:
    make_member(cast.acme, login="roster-tom", name="Tom Placeholder")
    client = sign_in(cast.vera)
    assert names(client.get(cast.url("members/?role=admin"))) == ["Adam Brandt"]
    response = client.get(cast.url("members/?status=placeholder"))
    assert names(response) == ["Tom Placeholder"]
    assert "Placeholder, cannot sign in" in response.content.decode()
    assert "1 person" in response.content.decode()
    assert "Tom Placeholder" not in names(client.get(cast.url("members/?status=member")))


@pytest.mark.parametrize(
    "query",
    [
        "page=-1",
        "page=%00",
        "size=1000000",
        "size=-5",
        "size=²",
        "sort=password",
        "role=king",
        "role=superadmin",
        "status=x",
        "page=eyJ9",
        "sort=joined&page={name}",
        "sort=role&page={name}",
        "sort=-joined&page={name}",
    ],
)
def test_what_is_not_understood_counts_as_not_said(cast: Cast, query: str) -> None:
    client = sign_in(cast.vera)
    name_cursor = client.get(cast.url("members/?size=2")).context["team"].older
    response = client.get(cast.url(f"members/?{query.format(name=name_cursor)}"))
    assert response.status_code == 200
    assert response.context["team"].rows


@pytest.mark.parametrize("sort", ["name", "-name", "joined", "-joined", "role", "-role"])
def test_pages_reach_everyone_once_in_each_order(cast: Cast, sort: str) -> None:
    client = sign_in(cast.vera)
    seen, url = [], f"members/?size=2&sort={sort}"
    for _ in range(3):
        response = client.get(cast.url(url))
        seen += names(response)
        url = f"members/{response.context['links']['older']}"
    assert response.context["links"]["older"] is None
    assert sorted(seen) == sorted(member.name for member in cast.members.values())
    back = client.get(cast.url(f"members/{response.context['links']['newer']}"))
    assert names(back) == seen[2:4]


def test_htmx_gets_the_list_alone(cast: Cast) -> None:
    response = sign_in(cast.vera).get(cast.url("members/?q=mia"), headers=HX)
    html = response.content.decode()
    assert "<h1>" not in html
    assert 'hx-swap-oob="true">1 person' in html
    assert "HX-Request" in response.headers["Vary"]
    restored = {**HX, "HX-History-Restore-Request": "true"}
    assert "<h1>" in sign_in(cast.vera).get(cast.url("members/"), headers=restored).content.decode()


def test_names_are_escaped(cast: Cast) -> None:
    name = '<img src=x onerror="alert(1)">'
    member = make_member(cast.acme, login="hostile", name=name)
    client = sign_in(cast.alice)
    for page in ("members/", f"members/{member.pk}/", f"members/{member.pk}/remove/"):
        assert "<img" not in client.get(cast.url(page)).content.decode()


def test_secret_groups_show_to_those_in_them_and_to_who_manages_groups(cast: Cast) -> None:
    group = make_group(cast.acme, "Acquisition", secret=True)
    make_seat(group, cast.member(cast.mia))
    for person, sees in (
        (cast.alice, True),
        (cast.mia, True),
        (cast.vera, False),
        (cast.adam, False),
    ):
        for page in ("members/", f"members/{cast.member(cast.mia).pk}/"):
            html = sign_in(person).get(cast.url(page)).content.decode()
            assert ("Acquisition" in html) is sees, (person, page)


@pytest.mark.requirement("S2-166")
def test_owners_are_warned_below_two_and_above_three(cast: Cast) -> None:
    url = cast.url("members/")
    assert "has one owner" in sign_in(cast.alice).get(url).content.decode()
    assert "has one owner" not in sign_in(cast.adam).get(url).content.decode()
    make_member(cast.acme, Role.OWNER)
    assert "notice warn" not in sign_in(cast.alice).get(url).content.decode()
    make_member(cast.acme, Role.OWNER)
    assert "notice warn" not in sign_in(cast.alice).get(url).content.decode()
    make_member(cast.acme, Role.OWNER)
    assert "has 4 owners" in sign_in(cast.alice).get(url).content.decode()


@pytest.mark.requirement("S2-156")
def test_what_one_may_not_do_is_not_shown(cast: Cast) -> None:
    owner = sign_in(cast.alice).get(cast.url("members/")).content.decode()
    member = sign_in(cast.mia).get(cast.url("members/")).content.decode()
    for word in (
        "Invite member",
        "Change role",
        "Offer ownership",
        "Remove from organization",
        "bulk-bar",
    ):
        assert word in owner
        assert word not in member
    assert "Pending invitations" in owner
    assert "Pending invitations" not in member


def test_an_end_user_sees_no_list(cast: Cast) -> None:
    response = sign_in(cast.eddie).get(cast.url("members/"))
    assert response.status_code == 302
    assert response.url == cast.url("hub/")


def test_strangers_get_the_page_that_is_not_there(cast: Cast) -> None:
    assert sign_in(cast.oscar).get(cast.url("members/")).status_code == 404
    assert sign_in(cast.sam).get(cast.url("members/")).status_code == 404


def queries_of(client: Client, url: str) -> list[str]:
    """Each query of a page once, without savepoints and without the tracking of sessions.

    That tracking loads the person a second time, word for word.
    """
    client.get(url)  # The first visit marks the member as active.
    with CaptureQueriesContext(connection) as captured:
        client.get(url)
    quiet = ("SAVEPOINT", "usersessions_usersession")
    return [
        sql
        for sql in dict.fromkeys(q["sql"] for q in captured)
        if not any(word in sql for word in quiet)
    ]


def test_six_queries_whatever_the_size(cast: Cast) -> None:
    client = sign_in(cast.alice)
    few = queries_of(client, cast.url("members/"))
    group = make_group(cast.acme)
    for number in range(40):
        make_seat(group, make_member(cast.acme, login=f"person-{number}"))
    many = queries_of(client, cast.url("members/"))
    filtered = queries_of(client, cast.url("members/?q=person&role=member&sort=role"))
    assert len(few) == len(many) == len(filtered) <= 6, "\n".join(many)


def test_a_count_stops_at_its_cap(cast: Cast) -> None:
    with bound(cast.acme.id):
        three = Membership.objects.in_org(cast.acme).values("pk")[:3]
        assert Membership.objects.in_org(cast.acme).values_list(CountOf(three)).first() == (3,)


def test_someone_of_another_organization_is_not_there(cast: Cast) -> None:
    with bound(cast.umbrella.id):
        foreign = Membership.objects.in_org(cast.umbrella).get()
    client = sign_in(cast.alice)
    assert client.get(cast.url(f"members/{foreign.pk}/")).status_code == 404
    assert client.get(cast.url(f"members/{cast.member(cast.mia).pk}/")).status_code == 200


def test_a_person_page_says_what_the_role_allows(cast: Cast) -> None:
    member = make_member(cast.acme, Role.VIEWER, reason="Outside auditor until March")
    page = cast.url(f"members/{member.pk}/")
    html = sign_in(cast.vera).get(page).content.decode()
    assert Permission.BILLING_VIEW_INVOICES.label in html
    assert "Outside auditor until March" in html
    assert "Outside auditor" not in sign_in(cast.mia).get(page).content.decode()
