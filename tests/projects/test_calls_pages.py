"""The request log's pages: of the organization, of a key, of a project."""

from __future__ import annotations

import datetime
import re
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from config.roles import Role
from projects.models import Key
from projects.queries import calls as queries
from tests.factories import Cast, make_member, make_person, sign_in
from tests.projects.calls import UTC, Caller, build_clock
from tests.projects.factories import make_grant, make_project
from tests.projects.keys import Platform, make_key, make_limit

pytestmark = pytest.mark.django_db
LIST = "settings/keys/requests/"
NOON = datetime.datetime(2026, 11, 10, 12, tzinfo=UTC)


@pytest.fixture(scope="module", autouse=True)
def _clock(django_db_setup: None, django_db_blocker: Any) -> None:
    with django_db_blocker.unblock():
        build_clock()


def read(cast: Cast, page: str = LIST, who: User | None = None) -> str:
    response = sign_in(who or cast.alice).get(cast.url(page))
    assert response.status_code == 200, response
    return response.content.decode()


def shown(body: str) -> list[str]:
    """The ids of the requests on a page, in its order."""
    return re.findall(r'<details class="entry call" id="call-([0-9a-f-]{36})"', body)


def ask(cast: Cast, text: str, **said: Any) -> str:
    return str(Caller(cast.acme).verify(text, **said)[2])


@pytest.mark.requirement("S2-154", "S1-058")
def test_every_request_is_there_with_key_endpoint_and_time(cast: Cast) -> None:
    key, text = make_key(cast.acme, cast.member(cast.alice), "Nightly forecast")
    platform = Platform(cast.acme, "decide", "record")
    assert platform.verify(text, model="m-small", task="Triage").status_code == 200
    body = read(cast)
    assert len(shown(body)) == 1
    for words in ("Nightly forecast", "/v1/keys/verify", "m-small", "Triage", "Allowed"):
        assert words in body
    assert key.secrets.first().shown in body  # type: ignore[union-attr]
    assert re.search(r"\d\d:\d\d:\d\d", body)
    assert text not in body


@pytest.mark.requirement("S1-059", "S1-048")
def test_a_refused_request_names_reason_and_layer(cast: Cast) -> None:
    key, text = make_key(cast.acme, cast.member(cast.alice))
    make_limit(cast.acme, allowed_models=["m-small"])
    ask(cast, text, model="m-large")
    body = read(cast)
    assert "by the organization" in body
    assert "The model is not among those that the organization allows." in body
    ask(cast, "bw_live_nothing_of_ours")
    assert "Unknown key" in read(cast, f"{LIST}?reason=unknown")


def test_usage_and_its_verification_lead_to_each_other(cast: Cast) -> None:
    _, text = make_key(cast.acme, cast.member(cast.alice))
    platform = Caller(cast.acme)
    _, _, verified = platform.verify(text, cost=5_000_000)
    units = {"input_token": 1204, "output_token": 96}
    assert platform.use(verified, 3_000_000, units=units) == "settled"
    body = read(cast)
    used, again = shown(body)
    assert again == str(verified)
    for words in ("1,300 tokens", "1,204", "$0.003000", "$0.005000", "\u2212$0.002000"):
        assert words in body
    assert f"?call={used}" in body
    assert f"?call={verified}" in body
    assert shown(read(cast, f"{LIST}?call={used}")) == [used]


def test_pages_go_on_and_back_without_a_gap(cast: Cast) -> None:
    _, text = make_key(cast.acme, cast.member(cast.alice))
    asked = [
        ask(cast, text, when=NOON + datetime.timedelta(seconds=n))
        for n in range(queries.PAGE_SIZE + 7)
    ][::-1]
    client = sign_in(cast.alice)
    first = client.get(cast.url(LIST)).content.decode()
    assert shown(first) == asked[: queries.PAGE_SIZE]
    older = _link(first, "next")
    second = client.get(older).content.decode()
    assert shown(second) == asked[queries.PAGE_SIZE :]
    assert shown(client.get(_link(second, "prev")).content.decode()) == shown(first)


def test_each_filter_narrows(cast: Cast) -> None:
    project = make_project(cast.acme, "Order intake")
    key, text = make_key(project, cast.member(cast.alice), "In a project")
    _, other = make_key(cast.acme, cast.member(cast.alice), "Elsewhere")
    make_limit(key, allowed_tasks=["Triage"])
    a = ask(cast, text, when=NOON, model="m-1", task="Triage", ip="192.0.2.1")
    b = ask(cast, text, when=NOON + datetime.timedelta(days=1), model="m-2", task="Reply")
    c = ask(cast, other, when=NOON + datetime.timedelta(days=2), ip="2001:db8::7")
    for query, expected in {
        "": [c, b, a],
        f"key={key.pk}": [b, a],
        f"project={project.pk}": [b, a],
        "decision=refused": [b],
        "decision=allowed": [c, a],
        "reason=task": [b],
        "reason=task&decision=allowed": [],
        f"key={key.pk}&decision=refused": [b],
        "model=m-1": [a],
        "task=Triage": [a],
        "ip=2001:db8:0::7": [c],
        "since=2026-11-11": [c, b],
        "until=2026-11-11": [b, a],
        "since=2026-11-11&until=2026-11-11": [b],
        f"call={a}": [a],
        f"key={uuid4()}": [],
    }.items():
        assert shown(read(cast, f"{LIST}?{query}")) == expected, query


HOSTILE = (
    "key=not-an-id",
    "key=%00",
    "model=%00",
    "model=" + "x" * 5000,
    "ip=999.1.1.1",
    "ip=10.0.0.0/8",
    "since=0001-01-01",
    "since=9999-12-31",
    "until=99999999-01-01",
    "since=2026-13-45",
    "decision=maybe",
    "reason=%27%3B--",
    "call=1",
    "page=%00",
    "page=WyI-IiwgMV0",
    "page=" + "A" * 4000,
    "task=%F0%9F%92%A9&model=" + quote("<script>alert(1)</script>"),
)


@pytest.mark.parametrize("query", HOSTILE)
def test_what_cannot_be_read_is_named_and_breaks_nothing(cast: Cast, query: str) -> None:
    _, text = make_key(cast.acme, cast.member(cast.alice))
    ask(cast, text)
    body = read(cast, f"{LIST}?{query}")
    assert "<script>alert(1)" not in body
    if not query.startswith(("page", "task")):
        assert "Not understood" in body


def test_the_edges_of_time_are_no_error(cast: Cast) -> None:
    _, text = make_key(cast.acme, cast.member(cast.alice))
    call = ask(cast, text)
    assert shown(read(cast, f"{LIST}?since=1900-01-01&until=9998-12-31")) == [call]
    assert shown(read(cast, f"{LIST}?since=9998-12-31")) == []


def test_hostile_words_of_a_platform_are_only_words(cast: Cast) -> None:
    _, text = make_key(cast.acme, cast.member(cast.alice), '"><img src=x onerror=alert(1)>')
    evil = "</code><script>alert(2)</script>\u202eevil"
    ask(cast, text, model=evil, task=evil, action="<b>bold</b>")
    body = read(cast)
    for words in ("<img src=x", "<script>alert(2)", "<b>bold</b>"):
        assert words not in body
    assert shown(read(cast, f"{LIST}?model={quote(evil)}"))


def test_another_organization_s_requests_are_nowhere(cast: Cast) -> None:
    _, text = make_key(cast.acme, cast.member(cast.alice))
    call = ask(cast, text)
    other = cast.url(f"{LIST}?call={call}", cast.umbrella)
    body = sign_in(cast.oscar).get(other).content.decode()
    assert shown(body) == []
    foreign, _ = make_key(cast.acme, cast.member(cast.alice))
    response = sign_in(cast.oscar).get(cast.url(f"keys/{foreign.pk}/requests/", cast.umbrella))
    assert response.status_code == 404


@pytest.mark.parametrize(("who", "status"), [("alice", 200), ("adam", 200)])
def test_owners_and_admins_read_all_of_it(cast: Cast, who: str, status: int) -> None:
    assert sign_in(getattr(cast, who)).get(cast.url(LIST)).status_code == status


@pytest.mark.parametrize("who", ["mia", "vera", "eddie"])
def test_nobody_else_does(cast: Cast, who: str) -> None:
    assert sign_in(getattr(cast, who)).get(cast.url(LIST)).status_code in (302, 403)


def test_a_project_an_admin_does_not_see_has_no_name_there(cast: Cast) -> None:
    project = make_project(cast.acme, "Secret merger")
    _, text = make_key(project, cast.member(cast.alice))
    ask(cast, text)
    body = read(cast, who=cast.adam)
    assert "Secret merger" not in body
    assert "A project you do not see" in body
    assert "Secret merger" in read(cast, who=cast.alice)


@pytest.mark.requirement("S2-153")
def test_a_project_s_trail_holds_every_use_of_its_keys(cast: Cast) -> None:
    project, elsewhere = make_project(cast.acme, "Order intake"), make_project(cast.acme)
    make_grant(project, cast.member(cast.mia), Role.PROJECT_MEMBER)
    _, own = make_key(project, cast.member(cast.alice), "Of the project")
    _, wide = make_key(cast.acme, cast.member(cast.alice), "Of the organization")
    _, far = make_key(elsewhere, cast.member(cast.alice), "Of another")
    calls = [ask(cast, own), ask(cast, wide, project=project.pk)]
    ask(cast, far)
    ask(cast, wide)
    page = f"projects/{project.pk}/requests/"
    body = read(cast, page, cast.mia)
    assert shown(body) == calls[::-1]
    assert "Of another" not in body
    assert f"projects/{project.pk}/audit/" in body
    assert f"projects/{project.pk}/requests/" in read(
        cast, f"projects/{project.pk}/audit/", cast.mia
    )
    # The page decides which project it is about.
    assert shown(read(cast, f"{page}?project={elsewhere.pk}", cast.mia)) == calls[::-1]


def test_costs_are_for_who_may_view_costs(cast: Cast) -> None:
    project = make_project(cast.acme)
    make_grant(project, cast.member(cast.mia), Role.PROJECT_MEMBER)
    _, text = make_key(project, cast.member(cast.alice))
    platform = Caller(cast.acme)
    _, _, call = platform.verify(text, cost=7_000_000)
    platform.use(call, 4_321_000, units={"input_token": 77})
    page = f"projects/{project.pk}/requests/"
    assert "$0.004321" in read(cast, page)
    body = read(cast, page, cast.mia)
    assert "$" not in body
    assert "77" in body


def test_another_s_personal_key_is_not_named_to_a_member(cast: Cast) -> None:
    project = make_project(cast.acme)
    owner = make_member(cast.acme, person=make_person("Petra Own"))
    make_grant(project, owner, Role.PROJECT_OWNER)
    make_grant(project, cast.member(cast.mia), Role.PROJECT_MEMBER)
    key, text = make_key(project, owner, "Petra at home", kind=Key.Kind.PERSONAL)
    ask(cast, text)
    page = f"projects/{project.pk}/requests/"
    body = read(cast, page, cast.mia)
    assert len(shown(body)) == 1
    for words in ("Petra at home", key.secrets.first().shown, str(key.pk)):  # type: ignore[union-attr]
        assert words not in body
    assert "A personal key" in body
    assert "Petra at home" in read(cast, page, owner.person)
    assert "Petra at home" in read(cast, page, cast.alice)


def test_a_key_s_page_is_about_that_key(cast: Cast) -> None:
    project = make_project(cast.acme)
    make_grant(project, cast.member(cast.mia), Role.PROJECT_MEMBER)
    mine, text = make_key(project, cast.member(cast.mia), "Mine", kind=Key.Kind.PERSONAL)
    other, other_text = make_key(project, cast.member(cast.alice), "Not mine")
    call = ask(cast, text)
    ask(cast, other_text)
    page = f"keys/{mine.pk}/requests/"
    assert shown(read(cast, page)) == [call]
    assert shown(read(cast, f"{page}?key={other.pk}", cast.mia)) == [call]
    client = sign_in(cast.mia)
    assert client.get(cast.url(f"keys/{other.pk}/requests/")).status_code == 404


@pytest.mark.requirement("S1-026")
def test_a_viewer_reads_what_was_told_of_keys_in_the_audit_log(cast: Cast) -> None:
    from projects.actions.calls import refusals_note

    _, text = make_key(cast.acme, cast.member(cast.alice), "Nightly forecast", executes=False)
    ask(cast, text)
    cast.access(cast.alice)
    refusals_note(organization=cast.acme.pk)
    body = read(cast, "audit-log/", cast.vera)
    assert "tried to use the key" in body
    assert sign_in(cast.mia).get(cast.url("audit-log/")).status_code in (302, 403)


def test_a_key_that_is_gone_leaves_its_requests(cast: Cast) -> None:
    key, text = make_key(cast.acme, cast.member(cast.alice), "Short-lived")
    ask(cast, text)
    cast.access(cast.alice)
    Key.objects.in_org(cast.acme.pk).filter(pk=key.pk).delete()
    body = read(cast)
    assert len(shown(body)) == 1
    assert "A deleted key" in body


def test_an_empty_log_shows_how_to_begin(cast: Cast) -> None:
    body = read(cast)
    assert "curl http://testserver/v1/keys/verify" in body


def test_htmx_gets_the_list_alone_under_a_clean_address(cast: Cast) -> None:
    _, text = make_key(cast.acme, cast.member(cast.alice))
    call = ask(cast, text)
    query = "?since=&until=&model=&key=&decision=allowed"
    response = sign_in(cast.alice).get(cast.url(LIST + query), headers={"HX-Request": "true"})
    assert "<html" not in response.content.decode()
    assert shown(response.content.decode()) == [call]
    assert response.headers["HX-Push-Url"] == cast.url(f"{LIST}?decision=allowed")


def test_a_database_that_does_not_answer_is_said(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_: Any) -> None:
        raise DatabaseError

    monkeypatch.setattr(queries, "call_page", fail)
    response = sign_in(cast.alice).get(cast.url(LIST))
    assert response.status_code == 503
    assert "The requests did not arrive" in response.content.decode()


def test_queries_do_not_grow_with_the_rows(cast: Cast) -> None:
    counts: list[int] = []
    client = sign_in(cast.alice)
    client.get(cast.url(LIST))
    for more in (1, 12):
        for _ in range(more):
            project = make_project(cast.acme)
            _, text = make_key(project, cast.member(cast.alice))
            platform = Caller(cast.acme)
            platform.use(platform.verify(text, cost=5)[2], 3)
        with CaptureQueriesContext(connection) as asked:
            client.get(cast.url(LIST))
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 18


def test_a_rare_value_is_looked_for_a_bounded_way_back(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "SEARCHED", 10)
    _, text = make_key(cast.acme, cast.member(cast.alice))
    rare = ask(cast, text, when=NOON, model="rare")
    for n in range(25):
        ask(cast, text, when=NOON + datetime.timedelta(minutes=n + 1), model="common")
    client, page = sign_in(cast.alice), cast.url(f"{LIST}?model=rare")
    for _ in range(2):
        body = client.get(page).content.decode()
        assert shown(body) == []
        assert "Nothing found so far." in body
        match = re.search(r'href="([^"]+)"[^>]*>(?:<[^>]+>)*\s*Look further back', body)
        assert match
        page = match[1].replace("&amp;", "&")
    assert shown(client.get(page).content.decode()) == [rare]


def _link(body: str, rel: str) -> str:
    match = re.search(rf'<a class="button small" href="([^"]+)" rel="{rel}"', body)
    assert match, body[-3000:]
    return match[1].replace("&amp;", "&")
