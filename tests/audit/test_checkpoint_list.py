"""The page of checkpoints, its downloads, and the keys that anybody may fetch."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from audit import proof, queries, signing
from audit.events import Event
from orgs.tenancy import bound
from tests.factories import Cast, sign_in


def sign_now(cast: Cast, person: Any) -> Any:
    return sign_in(person).post(cast.url("audit-log/checkpoints/new/"), follow=True)


def test_who_reads_the_log_signs_it_and_sees_what_is_proven(cast: Cast) -> None:
    page = sign_now(cast, cast.alice).content.decode()
    with bound(cast.acme.id):
        newest = proof.newest_checkpoint(cast.acme.id)
        entry = queries.recent(cast.acme.id, 1)[0]
    assert (entry.event, entry.actor_label) == (Event.AUDIT_CHECKPOINTED, "Alice Marlow")
    assert f"Signed up to entry #{newest.number}" in page
    assert newest.key in page
    log = sign_in(cast.alice).get(cast.url("audit-log/")).content.decode()
    assert "Verified up to" in log
    assert f"#{newest.number}" in log


def test_a_second_time_within_a_minute_nothing_new_is_signed(cast: Cast) -> None:
    sign_now(cast, cast.alice)
    page = sign_now(cast, cast.alice).content.decode()
    assert "still stands" in page
    with bound(cast.acme.id):
        assert len(list(proof.checkpoint_lines(cast.acme.id))) == 1


def test_a_log_that_does_not_hold_is_said_so_and_not_signed(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    flaw = queries.Flaw(3, "entries are missing before it")
    monkeypatch.setattr("audit.actions.checkpoints.first_flaw", lambda *_, **__: flaw)
    page = sign_now(cast, cast.alice).content.decode()
    assert "Entry #3 does not hold" in page
    assert "Nothing is signed from here on" in page
    inbox = sign_in(cast.alice).get(cast.url("inbox/")).content.decode()
    assert "The audit log was tampered with" in inbox
    assert "tampered" not in sign_in(cast.adam).get(cast.url("inbox/")).content.decode()


def test_who_may_not_read_the_log_gets_none_of_it(cast: Cast) -> None:
    for path in ("", "new/", "export/", "verify_ledger.py"):
        url = cast.url(f"audit-log/checkpoints/{path}")
        assert sign_in(cast.mia).get(url).status_code == 302
        assert sign_in(cast.oscar).get(url).status_code == 404


def test_the_checkpoints_are_downloaded_a_line_each(cast: Cast) -> None:
    sign_now(cast, cast.alice)
    response = sign_in(cast.alice).get(cast.url("audit-log/checkpoints/export/"))
    (line,) = map(json.loads, b"".join(response.streaming_content).splitlines())
    assert line["organization"] == str(cast.acme.id)
    assert response["Content-Disposition"].endswith('-checkpoints.jsonl"')


def test_the_verifier_is_downloaded_as_it_lies_in_the_repository(cast: Cast) -> None:
    response = sign_in(cast.alice).get(cast.url("audit-log/checkpoints/verify_ledger.py"))
    here = Path(__file__).resolve().parents[2] / "verify_ledger.py"
    assert b"".join(response.streaming_content) == here.read_bytes()


def test_anybody_may_fetch_the_keys(cast: Cast, client: Any) -> None:
    said = client.get("/.well-known/bailiwick-checkpoint-keys.json").json()
    (key,) = said["keys"]
    assert base64.b64decode(key["public"]) == signing.public_keys()[0].raw
    assert key["fingerprint"].removeprefix("sha256:").startswith(key["id"])


def test_who_may_not_keep_the_log_sees_no_way_there(cast: Cast) -> None:
    with_tab = sign_in(cast.alice).get(cast.url("audit-log/checkpoints/")).content.decode()
    without = sign_in(cast.adam).get(cast.url("audit-log/checkpoints/")).content.decode()
    assert cast.url("audit-log/keeping/") in with_tab
    assert cast.url("audit-log/keeping/") not in without


def test_the_page_says_where_the_checkpoints_lie(cast: Cast, settings: Any, tmp_path: Path) -> None:
    page = sign_in(cast.alice).get(cast.url("audit-log/checkpoints/")).content.decode()
    assert "CHECKPOINT_DIRECTORY" in page
    settings.CHECKPOINT_DIRECTORY = str(tmp_path)
    page = sign_in(cast.alice).get(cast.url("audit-log/checkpoints/")).content.decode()
    assert "none yet" in page
