"""Adding, switching and removing rules and packs, letting somebody off, and the clock."""

from __future__ import annotations

import datetime
from typing import Any
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from audit.ledger import SYSTEM
from audit.models import Event as Entry
from config.roles import Preset, Role
from orgs.actions.rule_exceptions import rule_exception_give, rules_settle
from orgs.actions.rules import rule_add
from orgs.models import Membership, Notice, Rule, RuleException, RuleViolation
from orgs.queries.rules import organizations_with_rules
from orgs.rules.packs import pack
from orgs.tasks import rules_look
from orgs.tenancy import bound
from tests.factories import Cast, make_group, make_member, make_organization, make_person, sign_in
from tests.orgs.invitations import raw_update
from tests.orgs.rules import make_rule, owner_of
from tests.projects.factories import make_group_role

pytestmark = pytest.mark.django_db

NO_INVOICES = "no Member may view invoices"
HX = {"HX-Request": "true"}


def rules(cast: Cast) -> list[Rule]:
    with bound(cast.acme.id):
        return list(Rule.objects.in_org(cast.acme).order_by("id"))


def actions_of(cast: Cast) -> list[str]:
    with bound(cast.acme.id):
        return list(
            Entry.objects.filter(organization_id=cast.acme.id)
            .order_by("sequence")
            .values_list("action", flat=True)
        )


def post(cast: Cast, page: str, **data: Any) -> Any:
    return sign_in(cast.alice).post(cast.url(f"settings/rules/{page}"), data)


def in_a_week() -> datetime.datetime:
    return timezone.now() + datetime.timedelta(days=7)


# --- rules ---------------------------------------------------------------------------------------


def test_a_rule_is_added_as_it_was_understood(cast: Cast) -> None:
    answer = post(cast, "new/", text=" NO member may  billing.view_invoices. ")
    assert answer.status_code == 302
    (rule,) = rules(cast)
    assert (rule.text, rule.blocks, rule.active, rule.pack) == (NO_INVOICES, True, True, "")
    assert rule.created_by_id == cast.member(cast.alice).pk
    assert actions_of(cast)[-1] == "rule.added"
    page = sign_in(cast.alice).get(cast.url("settings/rules/")).content.decode()
    assert NO_INVOICES in page
    assert "Holds" in page


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "Write a rule"),
        ("no Membr may view invoices", "Did you mean “Member”?"),
        ("<script>alert(1)</script>", "&lt;script&gt;"),
        ("no Member may view invoices\u202e", "U+202E"),
        ("x" * 3000, "600"),
    ],
)
def test_what_is_no_rule_is_refused_with_its_word(cast: Cast, text: str, said: str) -> None:
    answer = post(cast, "new/", text=text)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not rules(cast)


def test_the_same_rule_twice_is_refused(cast: Cast) -> None:
    make_rule(cast.acme, NO_INVOICES)
    answer = post(cast, "new/", text="no MEMBER may view invoices")
    assert answer.status_code == 422
    assert "there already" in answer.content.decode()


def test_who_breaks_it_is_named_before_it_is_added(cast: Cast) -> None:
    answer = post(cast, "new/", text="no Admin may view invoices")
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "1 person breaks it now" in page
    assert "Adam Brandt" in page
    assert not rules(cast)
    assert post(cast, "new/", text="no Admin may view invoices", known="1").status_code == 302
    page = sign_in(cast.alice).get(cast.url("settings/rules/")).content.decode()
    assert "Broken by 1" in page
    assert "Adam Brandt" in page


def test_it_is_looked_at_first_and_nothing_is_added(cast: Cast) -> None:
    client, url = sign_in(cast.alice), cast.url("settings/rules/check/")
    page = client.get(url, {"text": "no Admin may view invoices"}, headers=HX).content.decode()
    assert "1 person breaks it now" in page
    assert "<html" not in page
    assert "holds now" in client.get(url, {"text": NO_INVOICES}, headers=HX).content.decode()
    said = client.get(url, {"text": "no Membr may x"}, headers=HX).content.decode()
    assert "Did you mean “Member”?" in said
    whole = client.get(url, {"text": "at least 5 Owners"}).content.decode()
    assert "There is 1 Owner" in whole
    assert "<html" in whole
    assert not rules(cast)


def test_too_many_who_break_it_are_to_be_mended_first(cast: Cast, monkeypatch: Any) -> None:
    monkeypatch.setattr("orgs.actions.rules.MOST_KNOWN", 0)
    answer = post(cast, "new/", text="no Admin may view invoices", known="1")
    assert answer.status_code == 422
    assert "Mend it first" in answer.content.decode()


def test_a_rule_is_switched_off_and_on(cast: Cast) -> None:
    rule = make_rule(cast.acme, "no Admin may view invoices", known=True)
    assert post(cast, f"{rule.pk}/change/", blocks="1").status_code == 302
    (off,) = rules(cast)
    assert (off.active, off.blocks) == (False, True)
    with bound(cast.acme.id):
        assert not RuleViolation.objects.in_org(cast.acme).exists()
    answer = post(cast, f"{rule.pk}/change/", active="1", blocks="1")
    assert answer.status_code == 422
    assert "This does not hold now" in answer.content.decode()
    assert post(cast, f"{rule.pk}/change/", active="1", blocks="1", known="1").status_code == 302
    assert post(cast, f"{rule.pk}/change/", active="1").status_code == 302
    assert rules(cast)[0].blocks is False


def test_a_rule_is_removed_with_its_exceptions(cast: Cast) -> None:
    rule = make_rule(cast.acme, "no Admin may view invoices", known=True)
    with bound(cast.acme.id):
        rule_exception_give(
            rule=rule,
            membership=cast.member(cast.adam),
            reason="Audit",
            until=in_a_week(),
            actor=owner_of(cast.acme),
        )
    assert "Remove this rule?" in (
        sign_in(cast.alice).get(cast.url(f"settings/rules/{rule.pk}/remove/")).content.decode()
    )
    assert post(cast, f"{rule.pk}/remove/").status_code == 302
    assert not rules(cast)
    with bound(cast.acme.id):
        assert not RuleException.objects.in_org(cast.acme).exists()


# --- packs ---------------------------------------------------------------------------------------


@pytest.mark.requirement("S2-166")
@pytest.mark.parametrize("preset", Preset)
def test_a_pack_holds_under_its_own_preset(preset: Preset) -> None:
    org = make_organization(make_person("Alice Marlow"), f"Pack {preset}", preset=preset)
    for role in (Role.ADMIN, Role.MEMBER, Role.VIEWER, Role.END_USER, Role.OWNER):
        make_member(org, role)
    with bound(org.id):
        owner = Membership.objects.in_org(org).filter(role=Role.OWNER).order_by("id")[0]
    client = sign_in(owner.person)
    url = f"/o/{org.slug}/settings/rules/packs/{preset}/"
    assert "every one holds now" in client.get(url).content.decode()
    assert client.post(url, {}).status_code == 302
    with bound(org.id):
        made = Rule.objects.in_org(org)
        assert made.count() == len(pack(preset)) + 1
        assert [one.text for one in made.filter(blocks=False)] == ["between 2 and 3 Owners"]
        assert not RuleViolation.objects.in_org(org).exists()
    assert client.post(url, {}).status_code == 422
    assert client.post(f"{url}remove/", {}).status_code == 302
    with bound(org.id):
        assert not Rule.objects.in_org(org).exists()


def test_a_pack_names_first_who_breaks_it(cast: Cast) -> None:
    group = make_group(cast.acme)
    make_group_role(group, Role.BILLING_VIEWER)
    answer = sign_in(cast.alice).post(
        cast.url(f"groups/{group.pk}/members/new/"), {"membership": cast.member(cast.mia).pk}
    )
    assert answer.status_code == 302
    page = sign_in(cast.alice).get(cast.url("settings/rules/packs/S1/")).content.decode()
    assert "<bdi>Mia Castellano</bdi> (Member)" in page
    assert "There is 1 Owner" in page
    assert post(cast, "packs/S1/").status_code == 422
    assert post(cast, "packs/S1/", known="1").status_code == 302
    page = sign_in(cast.alice).get(cast.url("settings/rules/")).content.decode()
    assert "2 of 10 do not hold" in page


def test_a_policy_that_leaves_the_preset_is_stopped_by_its_pack(cast: Cast) -> None:
    post(cast, "packs/S1/", known="1")
    client = sign_in(cast.alice)
    seen = "members_read_costs members_read_insights project_owners_delete"
    answer = client.post(
        cast.url("settings/policies/"),
        {"seen": seen, "policies": [*seen.split(), "members_read_billing"]},
    )
    assert answer.status_code == 409
    assert "Mia Castellano may view invoices, as Member" in answer.content.decode()


# --- exceptions ----------------------------------------------------------------------------------


def test_an_exception_covers_one_member_until_its_day(cast: Cast) -> None:
    group = make_group(cast.acme)
    make_group_role(group, Role.BILLING_VIEWER)
    rule = make_rule(cast.acme, NO_INVOICES)
    mia, other = cast.member(cast.mia), make_member(cast.acme)
    day = timezone.localdate() + datetime.timedelta(days=7)
    answer = post(
        cast,
        f"{rule.pk}/exceptions/new/?member={mia.pk}",
        member=mia.pk,
        until=day.isoformat(),
        reason="Stands in for finance",
    )
    assert answer.status_code == 302
    client, url = sign_in(cast.alice), cast.url(f"groups/{group.pk}/members/new/")
    assert client.post(url, {"membership": other.pk}).status_code == 409
    assert client.post(url, {"membership": mia.pk}).status_code == 302
    page = client.get(cast.url("settings/rules/")).content.decode()
    assert "1 exception" in page
    assert "Stands in for finance" in page
    assert "rule.exception_given" in actions_of(cast)


def test_an_exception_lapses_at_its_time_and_not_with_the_job(cast: Cast) -> None:
    group = make_group(cast.acme)
    make_group_role(group, Role.BILLING_VIEWER)
    rule, mia = make_rule(cast.acme, NO_INVOICES), cast.member(cast.mia)
    with bound(cast.acme.id):
        given = rule_exception_give(
            rule=rule, membership=mia, reason="x", until=in_a_week(), actor=owner_of(cast.acme)
        )
        RuleException.objects.in_org(cast.acme).filter(pk=given.pk).update(
            until=timezone.now() - datetime.timedelta(hours=1)
        )
    url = cast.url(f"groups/{group.pk}/members/new/")
    assert sign_in(cast.alice).post(url, {"membership": mia.pk}).status_code == 409


def test_an_exception_that_is_ended_stops_nothing_else(cast: Cast) -> None:
    rule = make_rule(cast.acme, "no Admin may view invoices", known=True)
    adam = cast.member(cast.adam)
    with bound(cast.acme.id):
        given = rule_exception_give(
            rule=rule, membership=adam, reason="x", until=in_a_week(), actor=owner_of(cast.acme)
        )
        assert not RuleViolation.objects.in_org(cast.acme).exists()
    assert post(cast, f"exceptions/{given.pk}/end/").status_code == 302
    with bound(cast.acme.id):
        (row,) = RuleViolation.objects.in_org(cast.acme)
        assert row.membership_id == adam.pk
    assert post(cast, f"exceptions/{given.pk}/end/").status_code == 404


@pytest.mark.parametrize(
    ("until", "reason", "said"),
    [
        ("2000-01-01", "x", "in the past"),
        ("2028-11-30", "x", "a year at most"),
        ("", "x", "Choose its last day"),
        ("2026-12-01", "", "Say why"),
        ("2026-12-01", "x" * 600, "500"),
    ],
)
def test_an_exception_says_why_and_ends_within_a_year(
    cast: Cast, until: str, reason: str, said: str
) -> None:
    rule = make_rule(cast.acme, NO_INVOICES)
    if until == "2026-12-01":
        until = (timezone.localdate() + datetime.timedelta(days=9)).isoformat()
    if until == "2028-11-30":
        until = (timezone.localdate() + datetime.timedelta(days=500)).isoformat()
    answer = post(
        cast,
        f"{rule.pk}/exceptions/new/",
        member=cast.member(cast.mia).pk,
        until=until,
        reason=reason,
    )
    assert answer.status_code == 422
    assert said in answer.content.decode()


def test_a_number_is_let_off_as_a_whole(cast: Cast) -> None:
    rule = make_rule(cast.acme, "at most 1 Admin")
    day = timezone.localdate() + datetime.timedelta(days=3)
    answer = post(cast, f"{rule.pk}/exceptions/new/", until=day.isoformat(), reason="Handover")
    assert answer.status_code == 302
    url = cast.url(f"members/{cast.member(cast.mia).pk}/role/")
    answer = sign_in(cast.alice).post(url, {"role": "admin", "reason": "Handover"})
    assert answer.status_code == 302


# --- the clock -----------------------------------------------------------------------------------


def test_owners_are_told_once_of_what_the_clock_broke(cast: Cast) -> None:
    make_rule(cast.acme, "at least 1 Admin")
    with bound(cast.acme.id):
        Membership.objects.in_org(cast.acme).filter(pk=cast.member(cast.adam).pk).update(
            expires_at=timezone.now() - datetime.timedelta(hours=1)
        )
        for _ in range(2):
            rules_settle(organization=cast.acme.id, actor=SYSTEM)
        (notice,) = Notice.objects.in_org(cast.acme).filter(key__startswith="rule:")
    assert notice.membership_id == cast.member(cast.alice).pk
    assert "at least 1 Admin" in notice.text


@pytest.mark.requirement("S2-166")
def test_two_to_three_owners_only_warns(cast: Cast) -> None:
    make_rule(cast.acme, "between 2 and 3 Owners", blocks=False, known=True)
    for _ in range(3):
        mia = make_member(cast.acme)
        answer = sign_in(cast.alice).post(
            cast.url(f"members/{mia.pk}/role/"), {"role": "owner", "reason": "Grows"}
        )
        assert answer.status_code == 302
    page = sign_in(cast.alice).get(cast.url("settings/rules/")).content.decode()
    assert "There are 4 Owners" in page


def test_the_job_clears_exceptions_that_are_over_and_looks_at_every_organization(
    cast: Cast,
) -> None:
    rule = make_rule(cast.acme, "no Admin may view invoices", known=True)
    with bound(cast.acme.id):
        given = rule_exception_give(
            rule=rule,
            membership=cast.member(cast.adam),
            reason="x",
            until=in_a_week(),
            actor=owner_of(cast.acme),
        )
        RuleException.objects.in_org(cast.acme).filter(pk=given.pk).update(
            until=timezone.now() - datetime.timedelta(hours=1)
        )
    raw_update(cast.acme, name="Acme Robotics")
    from orgs.tenancy import _BIND_ORGANIZATION, prepared_row

    prepared_row(_BIND_ORGANIZATION, [None])
    assert cast.acme.id in organizations_with_rules()
    rules_look(0)
    with bound(cast.acme.id):
        assert not RuleException.objects.in_org(cast.acme).exists()
        assert RuleViolation.objects.in_org(cast.acme).count() == 1
        assert Notice.objects.in_org(cast.acme).filter(key__startswith="rule:").count() == 1
    assert "rule.exception_ended" in actions_of(cast)


# --- who may, and whose --------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["adam", "mia", "vera", "eddie"])
def test_only_owners_see_and_change_rules(cast: Cast, who: str) -> None:
    rule = make_rule(cast.acme, NO_INVOICES)
    client = sign_in(getattr(cast, who))
    for page in ("", f"{rule.pk}/remove/", "packs/S1/"):
        assert client.get(cast.url(f"settings/rules/{page}")).status_code == 302
    assert client.post(cast.url("settings/rules/new/"), {"text": "x"}).status_code == 302
    assert len(rules(cast)) == 1


def test_what_is_somebody_elses_is_not_there(cast: Cast) -> None:
    theirs = make_rule(cast.umbrella, NO_INVOICES)
    ours = make_rule(cast.acme, NO_INVOICES)
    with bound(cast.umbrella.id):
        oscar = Membership.objects.in_org(cast.umbrella).get()
    for pk in (theirs.pk, uuid4()):
        assert post(cast, f"{pk}/change/", active="1").status_code == 404
        assert post(cast, f"{pk}/remove/").status_code == 404
        assert post(cast, f"{pk}/exceptions/new/", member=oscar.pk).status_code == 404
        assert post(cast, f"exceptions/{pk}/end/").status_code == 404
    for member in (oscar.pk, uuid4(), "x"):
        assert post(cast, f"{ours.pk}/exceptions/new/", member=member).status_code == 404
    assert post(cast, "packs/S9/").status_code == 404


def test_an_organization_has_so_many_rules_at_most(cast: Cast, monkeypatch: Any) -> None:
    monkeypatch.setattr("orgs.actions.rules.MOST_RULES", 1)
    make_rule(cast.acme, NO_INVOICES)
    with pytest.raises(ValidationError) as refusal, bound(cast.acme.id):
        rule_add(
            organization=cast.acme.id,
            text="at most 9 Owners",
            blocks=True,
            known=False,
            actor=owner_of(cast.acme),
        )
    assert refusal.value.code == "too_many_rules"
