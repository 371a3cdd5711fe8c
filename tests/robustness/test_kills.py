"""A few kills of each kind; `python -m tests.robustness` makes more than a hundred."""

from __future__ import annotations

import pytest

from tests.robustness.judge import judge
from tests.robustness.kills import kill_and_look
from tests.robustness.server import own_server, same_tables


@pytest.mark.race
def test_a_kill_loses_no_acknowledged_deed_and_leaves_no_change_without_an_entry(committed):
    with own_server(like=same_tables()) as server:
        report = kill_and_look(server, ("postmaster", "backend", "postmaster", "worker"))
        assert not report.broken, report.broken
        assert report.kills.total() >= 3
        assert report.acknowledged > 20
        with server.as_postgres() as owners_hand:
            owners_hand.execute("SET session_replication_role = replica")
            owners_hand.execute("UPDATE orgs_membership SET role = 'admin' WHERE role = 'viewer'")
            owners_hand.execute("DELETE FROM projects_key WHERE revoked_at IS NULL")
            verdict = judge(owners_hand, report.organization, ["never-done"])
    assert verdict.lost == ["never-done"], "whoever looks would see what is not there"
    assert {said.split(":")[0] for said in verdict.orphaned} >= {
        "roles and effects",
        "keys and entries",
    }
