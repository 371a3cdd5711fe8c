"""What the portal's own role is refused of support and recovery, by the database itself."""

from __future__ import annotations

import psycopg
import pytest

from tests.portal import logged_in_as_the_portal

pytestmark = pytest.mark.usefixtures("committed")


@pytest.mark.requirement("S2-138")
@pytest.mark.parametrize(
    "table",
    [
        *("orgs_supportwindow", "orgs_supportcase", "orgs_supportnote"),
        *("orgs_ownerclaim", "orgs_organizationdomain", "orgs_membership"),
    ],
)
@pytest.mark.parametrize(
    "deed", ["SELECT FROM {}", "DELETE FROM {}", "INSERT INTO {} DEFAULT VALUES"]
)
def test_it_reads_and_writes_none_of_it(table: str, deed: str) -> None:
    with logged_in_as_the_portal() as role, pytest.raises(psycopg.errors.InsufficientPrivilege):
        role.execute(deed.format(table))


@pytest.mark.parametrize(
    "column", ["support_until", "support_names", "claim_ripe_at", "claim_name"]
)
def test_who_is_inside_or_claims_is_not_on_the_container_for_it(column: str) -> None:
    with logged_in_as_the_portal() as role, pytest.raises(psycopg.errors.InsufficientPrivilege):
        role.execute(f"SELECT {column} FROM orgs_organization")


@pytest.mark.parametrize(
    "call",
    [
        "bind_request('acme', gen_random_uuid())",
        "accept_invitation('', gen_random_uuid(), gen_random_uuid())",
        "support_windows_over(now())",
        "owner_claims_due(now())",
        "support_person('sam@example.com')",
    ],
)
def test_doors_of_the_web_are_shut_to_it_or_lead_nowhere(call: str) -> None:
    with logged_in_as_the_portal() as role:
        try:
            assert role.execute(f"SELECT * FROM {call}").fetchall() == []
        except psycopg.errors.InsufficientPrivilege:
            return
