"""The second wall: what PostgreSQL itself keeps apart, whatever the code forgets."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator
from datetime import timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, connections, transaction
from django.utils import timezone

from audit.models import PLATFORM
from config.rights import READ_ONLY, READ_WRITE
from config.roles import Role
from orgs.models import Group, GroupMembership, Membership, Organization, Webhook
from orgs.tenancy import bound
from tests.factories import Cast, make_group, make_member
from tests.house.furniture import furnish

pytestmark = pytest.mark.django_db

TENANT_APPS = ("audit", "orgs", "projects", "billing")
TENANT_TABLES = """
    SELECT c.relname, c.relrowsecurity, pg_get_userbyid(c.relowner) = current_user,
           ARRAY(SELECT coalesce(pg_get_expr(p.polqual, c.oid), '') FROM pg_policy p
                 WHERE p.polrelid = c.oid)
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
      AND (a.attname = 'organization_id' OR c.relname = 'orgs_organization')
      AND a.attnum > 0
    GROUP BY c.oid, c.relname, c.relrowsecurity, c.relowner
"""


# What a model costs, for everyone here: no organization's own. And what the issuer of invoices
# and the platform keep, which the web role does not read at all.
SHARED = {
    *("projects_modelprice", "billing_invoiceseries", "billing_issuedinvoice"),
    "orgs_platformprovider",
}


def tenant_models() -> list[type[Any]]:
    models = (model for app in TENANT_APPS for model in apps.get_app_config(app).get_models())
    return [model for model in models if model._meta.db_table not in SHARED]


def rows(sql: str, *params: object) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()


@pytest.mark.requirement("S2-127", "S2-017")
def test_every_tenant_table_has_row_security_and_is_not_the_web_roles_own() -> None:
    tables = rows(TENANT_TABLES)
    known = {model._meta.db_table for model in tenant_models()} - {"accounts_user"}
    assert known <= {name for name, *_ in tables}
    for name, has_row_security, is_own, policies in tables:
        assert has_row_security, f"{name} has no row security"
        assert not is_own, f"{name} belongs to the web role, which row security does not bind"
        assert policies, f"{name} has no policy"
        for policy in policies:
            # The scalar subselect: a bare call would be made for every row.
            assert re.search(r"\(\s*SELECT app_(org|portal)\(\)", policy), f"{name}: {policy}"


def test_every_reference_between_tenant_tables_names_the_organization() -> None:
    """Foreign-key checks pass row security, so `(organization_id, x_id)` must be the key."""
    tenant = {name for name, *_ in rows(TENANT_TABLES)} - {"orgs_organization"}
    single = rows(
        "SELECT conrelid::regclass::text, conname, confrelid::regclass::text, cardinality(conkey)"
        " FROM pg_constraint WHERE contype = 'f' AND connamespace = 'public'::regnamespace"
    )
    for table, name, target, columns in single:
        if table in tenant and target in tenant:
            assert columns == 2, f"{table}.{name} refers to {target} by its id alone"


def test_every_column_that_refers_to_a_tenant_table_has_a_key() -> None:
    """Django's own constraint is off on these; the wall's composite one must stand instead."""
    walled = rows(
        "SELECT conrelid::regclass::text, a.attname FROM pg_constraint c"
        " JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey)"
        " WHERE contype = 'f'"
    )
    for app in TENANT_APPS:
        for model in apps.get_app_config(app).get_models():
            for field in model._meta.concrete_fields:
                if field.is_relation:
                    assert (model._meta.db_table, field.column) in walled, (
                        f"{model.__name__}.{field.name}"
                    )


def test_the_web_role_owns_nothing_and_passes_no_wall() -> None:
    assert rows(
        "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb FROM pg_roles"
        " WHERE rolname = current_user"
    ) == [(False, False, False, False)]
    assert rows("SELECT 1 FROM pg_class WHERE pg_get_userbyid(relowner) = current_user") == []
    assert rows("SELECT session_user = current_user") == [(True,)]


def test_the_web_role_may_touch_only_the_tables_it_was_given() -> None:
    shared = {
        model._meta.db_table
        for label in (*READ_WRITE, *READ_ONLY)
        for model in apps.get_app_config(label).get_models(include_auto_created=True)
    }
    tenant = {name for name, *_ in rows(TENANT_TABLES)}
    given = {
        name
        for (name,) in rows(
            "SELECT DISTINCT table_name FROM information_schema.role_table_grants"
            " WHERE grantee = current_user AND table_schema = 'public'"
        )
    }
    assert given <= shared | tenant | SHARED | {"django_migrations"}


def test_every_definer_function_names_its_schema() -> None:
    """A temporary table of the caller would otherwise stand in for a real one."""
    bodies = rows(
        "SELECT proname, prosrc FROM pg_proc WHERE prosecdef"
        " AND pronamespace = 'public'::regnamespace"
    )
    assert len(bodies) > 5
    tables = [
        name
        for (name,) in rows(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p')"
            " AND relnamespace = 'public'::regnamespace"
        )
    ]
    names = "|".join(tables)
    bare = re.compile(rf"\b(?:FROM|JOIN|INTO|UPDATE)\s+({names})\b", re.IGNORECASE)
    for name, body in bodies:
        assert not bare.search(body), f"{name} names a table without its schema"


@pytest.mark.requirement("S2-132")
def test_a_forgotten_filter_returns_nothing_unbound(cast: Cast) -> None:
    make_group(cast.acme, "Robots")
    furnish(cast.acme)
    for model in tenant_models():
        assert list(model.objects.all()) == [], model


@pytest.mark.requirement("S2-033", "S2-127")
def test_a_forgotten_filter_returns_only_the_bound_organization(cast: Cast) -> None:
    with bound(cast.umbrella.id):
        assert [member.name for member in Membership.objects.all()] == ["Oscar Novak"]
        assert list(Organization.objects.all()) == [cast.umbrella]
        assert not Membership.objects.in_org(cast.acme).exists()
    furnish(cast.acme)
    with bound(cast.umbrella.id):
        for model in tenant_models():
            if model is not Organization:
                assert not model.objects.filter(organization_id=cast.acme.id).exists(), model


def test_a_row_of_another_organization_cannot_be_written(cast: Cast) -> None:
    with bound(cast.umbrella.id):
        with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
            Group.objects.create(organization=cast.acme, name="Planted")
        assert Membership.objects.filter(pk=cast.member(cast.mia).pk).update(role="owner") == 0
        assert Membership.objects.filter(pk=cast.member(cast.mia).pk).delete()[0] == 0


def test_a_reference_into_another_organization_is_refused(cast: Cast) -> None:
    theirs = make_group(cast.acme, "Robots")
    with (
        bound(cast.umbrella.id),
        pytest.raises(DatabaseError, match="foreign key"),
        transaction.atomic(),
    ):
        Group.objects.create(organization=cast.umbrella, name="Inside theirs", parent_id=theirs.id)
    mine = make_group(cast.umbrella, "Umbrellas")
    with (
        bound(cast.umbrella.id),
        pytest.raises(DatabaseError, match="foreign key"),
        transaction.atomic(),
    ):
        GroupMembership.objects.create(
            organization=cast.umbrella, group=mine, membership=cast.member(cast.mia)
        )


def test_the_counters_cannot_be_written_by_the_web_role(cast: Cast) -> None:
    refused = pytest.raises(DatabaseError, match="permission denied")
    with bound(cast.acme.id), refused, transaction.atomic():
        Organization.objects.filter(pk=cast.acme.pk).update(owner_count=9)


@pytest.mark.parametrize(
    "call",
    [
        "count_organization(%s, 5, 0, 0, -9)",
        "is_active_owner('owner', %s)",
        "is_invited('ana@example.com', %s)",
    ],
)
def test_what_only_the_database_calls_the_web_role_cannot(cast: Cast, call: str) -> None:
    refused = pytest.raises(DatabaseError, match="permission denied")
    with bound(cast.acme.id), refused, transaction.atomic():
        rows(f"SELECT {call}", cast.umbrella.id)


def test_what_was_bound_before_is_bound_again(cast: Cast) -> None:
    with bound(cast.acme.id):
        with bound(cast.umbrella.id):
            assert Organization.objects.get() == cast.umbrella
        assert Organization.objects.get() == cast.acme
        with pytest.raises(RuntimeError), bound(cast.umbrella.id):
            raise RuntimeError
        assert Organization.objects.get() == cast.acme


def test_only_an_active_member_can_be_bound(cast: Cast) -> None:
    for person in (cast.oscar, cast.sam):
        assert rows("SELECT * FROM bind_request(%s, %s)", cast.acme.slug, person.pk) == []
        assert rows("SELECT app_org()") == [(None,)]
    make_member(cast.umbrella, person=cast.mia)
    type(cast.mia).objects.filter(pk=cast.mia.pk).update(is_active=False, state="suspended")
    assert rows("SELECT * FROM bind_request(%s, %s)", cast.acme.slug, cast.mia.pk) == []


def test_only_a_superadmin_opens_the_portal_and_finds_no_contents(cast: Cast) -> None:
    assert rows("SELECT bind_portal(%s)", cast.alice.pk) == [(False,)]
    assert list(Organization.objects.all()) == []
    assert rows("SELECT bind_portal(%s)", cast.sam.pk) == [(True,)]
    assert {cast.acme, cast.umbrella} <= set(Organization.objects.all())
    furnish(cast.acme)
    assert rows("SELECT bind_portal(%s)", cast.sam.pk) == [(True,)]
    for model in set(tenant_models()) - {Organization}:
        # The platform has a log of its own, in the same tables.
        assert not model.objects.exclude(organization_id=PLATFORM).exists(), model


# Definer functions pass row security and must keep the organizations apart themselves. These
# are asked before anything is bound: who comes in, and what a job has to bind one by one. What
# they answer is a matter of tests of their own.
BEFORE_BINDING = {
    *("bind_request", "bind_portal", "organizations_of", "ledgers", "ledger_append"),
    *("peek_invitation", "accept_invitation", "decline_invitation"),
    # These find the organization by the token they are given.
    *("token_used", "bind_token", "key_verify", "key_use", "decision_facts"),
    # And this one by what a payment provider calls it.
    "organization_of_customer",
}
FOR_JOBS = {
    *("checkpoints_due", "retention_due", "organizations_with_rules", "webhooks_due"),
    *("owner_claims_due", "support_windows_over"),
    *("organizations_due", "projects_due", "ends_due", "requests_due"),
    *("limits_to_tell", "organizations_with_refusals", "subscriptions_due", "invoices_overdue"),
    "organizations_at_provider",
}
# They answer with a price, with how much they tidied up, or that they wrote for whoever is bound.
OF_NOBODY = {
    *("price_of", "call_partitions", "call_partitions_drop", "reservations_release"),
    *("receipt_kept", "invoice_issue", "usage_roll", "usage_pending"),
    # The tests' own, which counts usage that nobody logged.
    "usage_put_in_tests",
    # Who of the platform has this address, and how many sessions of a person it has ended.
    *("support_person", "sign_out_everywhere"),
}
# They take no id and answer with numbers of whoever is bound.
OF_THE_BOUND = {
    "quota_of": ("projects", False),
    "log_find": ("", [], [], [], "", None, None, 1_000_000, False, 5),
}
# They write, and refuse whoever is not bound to the organization they are told of.
WRITE = {
    *("checkpoint_keep", "checkpoint_delivered", "keeping_hold", "keeping_release"),
    *("keeping_retain", "ledger_drop", "ledger_erase", "effects_counted"),
}
# For the portal's role alone. What that may see has tests of its own.
FOR_THE_PORTAL = {
    *("owner_assignment_create", "owner_assignment_cancel", "owner_assignment_of"),
    *("owner_accounts", "portal_append"),
}
DEFINER_FUNCTIONS = """
    SELECT proname, proargnames[:pronargs], ARRAY(
        SELECT format_type(t, NULL) FROM unnest(proargtypes) WITH ORDINALITY u(t, n) ORDER BY n
    ) FROM pg_proc
    WHERE prosecdef AND pronamespace = 'public'::regnamespace AND prorettype <> 'trigger'::regtype
      AND has_function_privilege(oid, 'EXECUTE')
"""


def calls(cast: Cast) -> Iterator[tuple[str, list[Any]]]:
    """Each definer function, asked about what is Acme's in every argument that takes an id."""
    member = cast.member(cast.mia)
    here = furnish(cast.acme, member)
    places = [cast.acme.id, here.agent.pk, here.project.pk, here.workspace.pk]
    said: dict[str, Any] = {
        "p_person": member.person_id,
        "p_membership": member.pk,
        "p_viewer": member.pk,
        "p_memberships": [member.pk, cast.member(cast.alice).pk],
        "p_places": places,
        "p_group": here.group.pk,
        "p_secret": True,
        "p_workspace": here.workspace.pk,
        "p_project": here.project.pk,
        "p_resource": here.agent.pk,
        "p_roles": [role.value for role in Role],
        "p_query": "mia",
        "p_size": 50,
        "p_backwards": False,
        "p_descending": False,
        "p_from": timezone.now() - timedelta(days=9999),
        "p_until": timezone.now() + timedelta(days=9999),
        "p_now": timezone.now() + timedelta(days=9999),
        "p_via": "",
        "p_search": "",
        "p_windows": ["viewer"],
        "p_name": "",
        "p_at": None,
        "p_state": "active",
        "p_id": None,
        "p_limit": here.limit.pk,
        "p_percent": 50,
        "p_day": timezone.now() + timedelta(days=9999),
        "p_provider": "stripe",
        "p_organization": cast.acme.id,
        "p_since": 0,
        "p_most": 100,
        "p_webhook": here.governed.webhook.pk,
        # Whoever delivers proves it by the lease that they hold.
        "p_lease": uuid.uuid4(),
        "p_position": 0,
        "p_status": None,
        "p_people": [member.pk],
        "p_excepted": True,
        "p_known": True,
        "p_cases": NOBODY_IS_A_MEMBER.format(rule=here.governed.rule.pk),
    }
    with bound(cast.acme.id):
        Webhook.objects.filter(pk=here.governed.webhook.pk).update(
            state="active", next_try_at=timezone.now() - timedelta(days=1), lease=uuid.uuid4()
        )
    for name, arguments, kinds in rows(DEFINER_FUNCTIONS):
        if name in BEFORE_BINDING | OF_NOBODY | OF_THE_BOUND.keys() | WRITE | FOR_THE_PORTAL:
            continue
        signature = ", ".join(f"%s::{kind}" for kind in kinds)
        several = {"p_place": places, "p_own": (True, False)}
        if name == "rule_witnesses":
            several["p_limit"] = [50]
        named = [several.get(argument) or (said[argument],) for argument in arguments or ()]
        for values in product(*named):
            yield name, [f"SELECT * FROM {name}({signature})", *values]


NOBODY_IS_A_MEMBER = """[{{
    "rule": "{rule}", "roles": ["member"], "places": false, "counts": false
}}]"""


def says_nothing(found: list[tuple]) -> bool:
    """No row, or nothing in it: an empty page that counts none, a yes or no of what is not seen."""
    values = [value for row in found for value in row]
    return all(
        value in (None, "", []) or isinstance(value, bool) or is_empty(value) for value in values
    )


def is_empty(value: Any) -> bool:
    """A page without a row, whatever else it says that is nothing."""
    page = json.loads(value) if str(value).startswith("{") else None
    return isinstance(page, dict) and not any(page.values())


@pytest.mark.requirement("S2-127", "S2-132")
def test_no_function_behind_the_wall_tells_one_organization_of_another(cast: Cast) -> None:
    asked = list(calls(cast))
    assert len({name for name, _ in asked}) > 15
    for name, (sql, *values) in asked:
        if name not in FOR_JOBS:
            assert says_nothing(rows(sql, *values)), f"{name} answers who is bound to nothing"
        with bound(cast.umbrella.id):
            assert says_nothing(rows(sql, *values)), f"{name} tells Umbrella of Acme"


def test_the_same_functions_do_answer_the_organization_itself(cast: Cast) -> None:
    """Else the law above would hold for a question that nobody can answer."""
    asked = list(calls(cast))
    with bound(cast.acme.id):
        answered = {name for name, (sql, *said) in asked if not says_nothing(rows(sql, *said))}
    silent = {name for name, _ in asked} - answered
    # A delivery knows its lease: here nobody does.
    elsewhere = {"webhook_move"}
    assert silent <= FOR_JOBS | {"group_is_hidden", "limit_told"} | elsewhere


def test_what_takes_no_id_answers_with_what_is_bound(cast: Cast) -> None:
    def answers() -> list[list[tuple]]:
        with bound(cast.umbrella.id):
            return [
                rows(f"SELECT * FROM {name}({', '.join(['%s'] * len(said))})", *said)
                for name, said in OF_THE_BOUND.items()
            ]

    before = answers()
    furnish(cast.acme)
    assert answers() == before


def test_what_writes_refuses_whoever_is_bound_elsewhere(cast: Cast) -> None:
    kinds = {name: (names, kinds) for name, names, kinds in rows(DEFINER_FUNCTIONS)}
    assert kinds.keys() >= WRITE
    assert not kinds.keys() & FOR_THE_PORTAL, "these are not even the web role's to call"
    for name in sorted(WRITE):
        names, types = kinds[name]
        said = [cast.acme.id if one == "p_organization" else None for one in names]
        signature = ", ".join(f"%s::{kind}" for kind in types)
        refused = pytest.raises(DatabaseError, match="not bound to this ledger")
        with bound(cast.umbrella.id), refused, transaction.atomic():
            rows(f"SELECT * FROM {name}({signature})", *said)


@pytest.mark.parametrize(
    "table", ["live_grant", "guardian_userobjectpermission", "guardian_groupobjectpermission"]
)
def test_what_stands_outside_the_wall_the_web_role_cannot_read(db: None, table: str) -> None:
    """The view of all grants has no row security of its own; guardian's tables know no tenant."""
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        rows(f"SELECT * FROM {table}")
    assert rows(
        "SELECT has_table_privilege(%s::regclass, 'SELECT, INSERT, UPDATE, DELETE')", table
    ) == [(False,)]


@pytest.mark.django_db(databases=["default", "owner"])
def test_guardians_own_tables_stay_empty(cast: Cast) -> None:
    furnish(cast.acme)
    for table in ("guardian_userobjectpermission", "guardian_groupobjectpermission"):
        with connections["owner"].cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM {table}")
            assert cursor.fetchone() == (0,)


def test_nothing_binds_but_the_tenancy_wall() -> None:
    """`set_config('app.…')` stands in the migrations' functions and nowhere in the code."""
    root = Path(__file__).resolve().parents[2]
    for app in ("audit", "accounts", "orgs", "projects", "billing", "config"):
        for file in (root / app).rglob("*.py"):
            if "migrations" not in file.parts:
                # Whether effects are noted binds nothing.
                text = file.read_text().replace("set_config('app.effects", "")
                assert "set_config" not in text, file
