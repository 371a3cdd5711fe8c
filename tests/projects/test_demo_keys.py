"""The demo's keys: what stands is what the log tells, and what was let through was allowed."""

from __future__ import annotations

import datetime
import ipaddress
import uuid
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from accounts.models import User
from audit.models import Event as Row
from orgs.demo import loading
from orgs.demo.history import History
from orgs.tenancy import bound
from projects.demo import traffic
from projects.models import (
    Call,
    Key,
    KeySecret,
    Limit,
    Meter,
    ModelPrice,
    ServiceAccount,
    ServiceToken,
)
from tests.factories import sign_in

OWNER = loading.OWNER


@pytest.fixture(scope="module")
def histories(django_db_setup: None, django_db_blocker: Any) -> Iterator[list[History]]:
    """The demo, committed once, at addresses of its own; gone again after, but for its logs."""
    suffix = f"-{uuid.uuid4().hex[:8]}"
    with django_db_blocker.unblock():
        made = loading.load(say=lambda line: None, suffix=suffix)
        yield made
        loading.purge(say=lambda line: None, suffix=suffix)
        assert not calls_of(made[0].organization.id)
        ModelPrice.objects.using(OWNER).filter(provider="demo").delete()
        connections[OWNER].close()
        connections["default"].close()


@pytest.fixture
def acme(histories: list[History]) -> uuid.UUID:
    return histories[0].organization.id


def rows(table: Any, organization: uuid.UUID) -> Any:
    return table.objects.using(OWNER).in_org(organization)


def calls_of(organization: uuid.UUID) -> list[Call]:
    found = Call.objects.using(OWNER).filter(organization_id=organization)
    return list(found.order_by("id"))


def limits(organization: uuid.UUID) -> dict[uuid.UUID, Limit]:
    return {one.key_id: one for one in rows(Limit, organization).exclude(key=None)}


def test_all_that_was_made_has_the_entry_of_its_making(acme: uuid.UUID) -> None:
    entries = Row.objects.using(OWNER).filter(organization_id=acme)
    for table, action in (
        (Key, "key.created"),
        (ServiceAccount, "service_account.created"),
        (ServiceToken, "service_token.created"),
    ):
        there = set(rows(table, acme).values_list("id", flat=True))
        assert there == set(entries.filter(action=action).values_list("target_id", flat=True))
    actions = set(entries.values_list("action", flat=True))
    told = {"rotated", "reowned", "revoked", "policy_changed"}
    assert {f"key.{one}" for one in told} <= actions
    assert {"limit.changed", "service_token.revoked", "service_account.placed"} <= actions


def test_keys_are_of_every_kind_and_state(acme: uuid.UUID) -> None:
    keys = list(rows(Key, acme))
    assert {key.kind for key in keys} == set(Key.Kind.values)
    states = Counter(
        "revoked" if key.revoked_at else "expired" if key.is_expired else "live" for key in keys
    )
    assert states == {"live": 7, "revoked": 1, "expired": 1}
    assert set(rows(Limit, acme).values_list("layer", flat=True)) == {
        *("organization", "group", "project", "creator", "key"),
    }
    rotating = rows(KeySecret, acme).exclude(ends_at=None).get()
    assert rotating.is_live
    assert rotating.last_used_at


def test_nobody_was_let_through_whom_a_limit_holds_back(acme: uuid.UUID) -> None:
    by_key, everybody = limits(acme), rows(Limit, acme).get(layer="organization")
    for call in calls_of(acme):
        limit = by_key[call.key_id or call.id]
        networks, tasks, models = limit.allowed_networks, limit.allowed_tasks, limit.allowed_models
        wrong = {
            "network": networks is not None
            and not any(
                ipaddress.ip_address(call.ip or "") in ipaddress.ip_network(str(one))
                for one in networks
            ),
            "task": tasks is not None and call.task not in tasks,
            "model": call.model not in (models or everybody.allowed_models),
        }
        if call.allowed:
            assert not any(wrong.values()), (call.task, call.model, call.ip)
        elif call.reason in wrong:
            assert wrong[call.reason], call.reason
        else:
            assert (limit.rpm if call.reason == "rpm" else limit.budget) is not None


def test_log_is_in_the_lives_of_its_keys_and_in_its_months(acme: uuid.UUID) -> None:
    keys = {key.id: key for key in rows(Key, acme)}
    for call in calls_of(acme):
        key = keys[call.key_id]
        assert key.created_at < call.at <= timezone.now()
        assert call.project_id == key.project_id
        if call.endpoint == "/v1/keys/verify":
            assert call.at <= min(filter(None, (key.expires_at, key.revoked_at, call.at)))
    with connections[OWNER].cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM projects_call WHERE organization_id = %s AND"
            " (id < uuid_floor(at) OR id >= uuid_floor(at + interval '2 ms'))",
            [acme],
        )
        assert cursor.fetchone() == (0,)


def test_reports_follow_what_was_allowed_and_cost_what_the_list_says(acme: uuid.UUID) -> None:
    calls = calls_of(acme)
    asked = {call.id: call for call in calls if call.endpoint == "/v1/keys/verify"}
    reports = [call for call in calls if call.endpoint == "/v1/usage"]
    assert len(reports) > 1000
    for report in reports:
        verified = asked.pop(report.verification_id or report.id)
        assert verified.allowed
        assert verified.at < report.at
        assert verified.estimate == report.estimate
    on_its_way = [call for call in asked.values() if call.allowed]
    assert all(timezone.now() - call.at < datetime.timedelta(minutes=5) for call in on_its_way)
    with connections[OWNER].cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM projects_call WHERE organization_id = %s"
            " AND endpoint = '/v1/usage' AND cost <> price_of(model, units)",
            [acme],
        )
        assert cursor.fetchone() == (0,)


def test_meters_count_what_the_log_says_and_nobody_is_told_again(acme: uuid.UUID) -> None:
    meters = {one.id: one for one in rows(Meter, acme)}
    with connections[OWNER].cursor() as cursor:
        cursor.execute(
            "SELECT l.id, spent_since(l, m.window_at) FROM projects_limit l"
            " JOIN projects_meter m ON m.id = l.id"
            " WHERE l.organization_id = %s AND l.budget IS NOT NULL",
            [acme],
        )
        spent = dict(cursor.fetchall())
        cursor.execute("SELECT count(*) FROM limits_to_tell() WHERE organization_id = %s", [acme])
        assert cursor.fetchone() == (0,)
    assert {pk: meters[pk].spent for pk in spent} == spent
    for limit in limits(acme).values():
        assert limit.budget is None or meters[limit.id].spent <= limit.budget


def test_invented_models_keep_the_prices_that_somebody_gave_them(acme: uuid.UUID) -> None:
    assert ModelPrice.objects.using(OWNER).filter(provider="demo").count() == 3
    mine = ModelPrice.objects.using(OWNER).filter(model="north-large")
    mine.update(rates={"input_token": 1})
    traffic.price_models()
    assert mine.get().rates == {"input_token": 1}


def test_pages_of_keys_open(histories: list[History], django_db_blocker: Any) -> None:
    organization = histories[0].organization
    with django_db_blocker.unblock():
        client = sign_in(User.objects.get(email="alice.marlow@acme.example"))
        with bound(organization.id):
            keys = list(Key.objects.in_org(organization.id))
        for page in (
            *("settings/keys/", "settings/keys/requests/", "usage/?by=key"),
            *("settings/limits/", "settings/service-accounts/"),
            *(f"keys/{key.pk}/" for key in keys),
        ):
            assert client.get(f"/o/{organization.slug}/{page}").status_code == 200, page
