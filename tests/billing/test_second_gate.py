"""The second gate, after permission: what the plan leaves out is refused by a sentence that says so."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.core.exceptions import ValidationError

from billing.plans import PLANS
from config.gate import doors, lock_of
from config.roles import Permission, Role
from orgs.actions.group_roles import group_role_toggle
from orgs.models import Entitlement
from orgs.tenancy import bound
from tests.billing.plans import subscribe
from tests.factories import Cast, make_group, sign_in
from tests.orgs.invitations import entries, raw_update

SENTENCE = "Your role allows it; the Free plan does not include it"


@pytest.fixture
def _free(cast: Cast) -> None:
    raw_update(cast.acme, plan="free", entitlements=[])


@pytest.mark.usefixtures("_free")
@pytest.mark.parametrize("page", ["insights/", "usage/export/?format=csv"])
def test_a_page_is_refused_with_a_notice(cast: Cast, page: str) -> None:
    answer = sign_in(cast.alice).get(cast.url(page))
    assert answer.status_code == 302
    assert answer.url == cast.url()
    (notice,) = [str(message) for message in get_messages(answer.wsgi_request)]
    assert notice.startswith(SENTENCE)


@pytest.mark.usefixtures("_free")
def test_htmx_gets_a_toast_and_the_page_stays(cast: Cast) -> None:
    client = sign_in(cast.alice, **{"HX-Request": "true"})
    answer = client.get(cast.url("insights/"))
    assert answer.status_code == 403
    assert answer.headers["HX-Reswap"] == "none"
    assert SENTENCE in answer.headers["HX-Trigger"]


@pytest.mark.usefixtures("_free")
def test_a_program_gets_a_problem_with_the_sentence(cast: Cast) -> None:
    client = sign_in(cast.alice, accept="application/json")
    answer = client.get(cast.url("insights/"))
    assert answer.status_code == 403
    said = answer.json()
    assert said["detail"].startswith(SENTENCE)
    # There is nothing to be asked for: no role would open it.
    assert "request" not in said


@pytest.mark.usefixtures("_free")
def test_the_first_gate_is_named_first(cast: Cast) -> None:
    answer = sign_in(cast.mia).get(cast.url("usage/export/"))
    (notice,) = [str(message) for message in get_messages(answer.wsgi_request)]
    assert notice.startswith("You may not export")


@pytest.mark.usefixtures("_free")
def test_a_refusal_by_the_plan_is_recorded_as_denied(cast: Cast) -> None:
    sign_in(cast.alice).get(cast.url("insights/"))
    (entry,) = entries(cast, "access.refused", "denied")
    assert Permission.INSIGHTS_VIEW.value in entry.body


@pytest.mark.requirement("S3-002")
@pytest.mark.usefixtures("_free")
def test_group_roles_are_refused_in_the_same_words(cast: Cast) -> None:
    group, actor = make_group(cast.acme, "Finance"), cast.access(cast.alice)
    with bound(cast.acme.id), pytest.raises(ValidationError) as error:
        group_role_toggle(group=group, role=Role.BILLING_VIEWER, on=True, actor=actor)
    assert error.value.code == "plan"
    assert error.value.messages[0].startswith(SENTENCE)
    assert (
        "Your role allows giving roles to groups"
        in sign_in(cast.alice).get(cast.url("groups/")).content.decode()
    )


@pytest.mark.usefixtures("_free", "issuer")
def test_subscribing_opens_what_was_shut(cast: Cast, settings: Any) -> None:
    settings.STRIPE_API_KEY = ""
    subscribe(cast, "enterprise", 12)
    assert sign_in(cast.alice).get(cast.url("insights/")).status_code == 200


def test_every_entitlement_that_a_lock_asks_for_is_one() -> None:
    asked = {lock.plan for _, door in doors() if (lock := lock_of(door.callback)) and lock.plan}
    assert asked
    assert asked <= set(Entitlement.values)


def test_without_a_subscription_everything_is_included(cast: Cast, settings: Any) -> None:
    assert settings.DEFAULT_PLAN == "enterprise"
    assert set(cast.acme.entitlements) == set(Entitlement.values)
    assert PLANS["enterprise"].entitlements == frozenset(Entitlement.values)
    assert sign_in(cast.alice).get(cast.url("insights/")).status_code == 200
