"""The commands for rosters: what they show, create, refuse, and that a file goes in as a whole."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection

from config.roles import Role
from orgs.models import Membership
from orgs.queries.roster import organization_at
from orgs.tenancy import bound
from tests.factories import Cast, make_person
from tests.orgs.rosters import (
    MERGED,
    entries,
    keeping,
    members,
    state_of,
)

needs_data = pytest.mark.skipif(not MERGED.exists(), reason="the real rosters are not here")

TWO = """
orgs:
  Birch:
    name: Birch Works
    admins: [zoe]
    members: [ned]
    teams:
      Docs:
        members: [ned]
  cedar:
    members: [ivy]
"""


@pytest.fixture
def owner(db: None) -> Any:
    return make_person("Olga Owner", "olga@example.com")


@pytest.fixture
def roster(tmp_path: Path) -> Iterator[Any]:
    def write(text: str | bytes, name: str = "acme.yaml") -> str:
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(path)

    return write


def run(*args: str, **options: Any) -> str:
    out = io.StringIO()
    call_command("import_roster", *args, stdout=out, stderr=out, **options)
    return out.getvalue()


def organizations(*slugs: str) -> list[str]:
    return [slug for slug in slugs if organization_at(slug)]


def people_of(slug: str) -> dict[str, Membership]:
    pk = organization_at(slug)
    assert pk
    with bound(pk):
        return {m.login or m.email: m for m in Membership.objects.in_org(pk)}


def test_missing_organizations_are_created_with_the_owner_named(owner: Any, roster: Any):
    said = run(roster(TWO), "--owner", "OLGA@example.com")
    assert organizations("birch", "cedar") == ["birch", "cedar"]
    people = people_of("birch")
    assert people["olga@example.com"].person_id == owner.pk
    assert people["olga@example.com"].role == Role.OWNER
    assert people["zoe"].role == Role.OWNER
    assert people["ned"].is_placeholder
    assert "birch: 2 people added, 1 group added, 1 place in a group added" in said
    assert "Applied 5 changes" in said
    with bound(organization_at("birch")), connection.cursor() as cursor:
        cursor.execute("SELECT name FROM orgs_organization")
        assert cursor.fetchall() == [("Birch Works",)]


def test_running_it_again_changes_nothing(owner: Any, roster: Any):
    file = roster(TWO)
    run(file, "--owner", "olga@example.com")
    assert run(file).endswith("Nothing to change.\n")


def test_plan_only_shows_and_changes_nothing(owner: Any, roster: Any):
    said = run(roster(TWO), "--owner", "olga@example.com", "--plan")
    assert "Nothing was changed." in said
    assert "+2" in said
    assert organizations("birch", "cedar") == []


def test_missing_owner_is_asked_for(db: None, roster: Any):
    with pytest.raises(CommandError, match="--owner EMAIL"):
        run(roster(TWO))


def test_unknown_owner_is_named_with_what_to_do(db: None, roster: Any):
    with pytest.raises(CommandError, match=r"olga@example\.com.*Sign up"):
        run(roster(TWO), "--owner", "olga@example.com")


def test_disabled_owner_founds_nothing(owner: Any, roster: Any):
    owner.is_active, owner.state = False, "suspended"
    owner.save()
    with pytest.raises(CommandError, match="No active account"):
        run(roster(TWO), "--owner", "olga@example.com")


def test_demo_has_an_owner_of_its_own(db: None, roster: Any):
    make_person("Alice Marlow", "alice.marlow@acme.example")
    run(roster(TWO))
    assert people_of("cedar")["alice.marlow@acme.example"].role == Role.OWNER


def test_only_the_organization_asked_for_is_touched(owner: Any, roster: Any):
    run(roster(TWO), "--org", "CEDAR", "--owner", "olga@example.com")
    assert organizations("birch", "cedar") == ["cedar"]


def test_asking_for_one_that_is_not_there_lists_those_that_are(owner: Any, roster: Any):
    with pytest.raises(CommandError, match=r"has no oak\. It has: Birch, cedar"):
        run(roster(TWO), "--org", "oak")


def test_file_of_one_organization_takes_its_name_from_the_option(cast: Cast, roster: Any):
    file = roster(keeping(cast, "zoe"))
    with pytest.raises(CommandError, match="--org KEY"):
        run(file)
    run(file, "--org", cast.acme.slug)
    assert "zoe" in members(cast.acme)


def test_an_organization_that_is_there_is_changed_by_the_command_line(cast: Cast, roster: Any):
    run(roster(keeping(cast, "zoe")), "--org", cast.acme.slug)
    assert entries(cast.acme)[-2:] == ["member.added", "roster.imported"]
    with bound(cast.acme.id), connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT actor_kind FROM audit_event WHERE action = 'member.added'"
            " AND actor_kind <> 'system'"
        )
        assert cursor.fetchall() == [("command",)]


def test_one_refused_organization_refuses_the_whole_file(cast: Cast, owner: Any, roster: Any):
    text = f"orgs:\n  new-one:\n    members: [zoe]\n  {cast.acme.slug}:\n    admins: []\n    members: []\n"
    before = state_of(cast.acme)
    with pytest.raises(CommandError, match=f"{cast.acme.slug} refused"):
        run(roster(text), "--owner", "olga@example.com")
    assert organizations("new-one") == []
    assert state_of(cast.acme) == before


def test_removals_are_allowed_by_percent(cast: Cast, roster: Any):
    text = f"admins: [{cast.alice.email}]\nmembers: [{cast.adam.email}, {cast.mia.email}]\n"
    options = ("--org", cast.acme.slug)
    with pytest.raises(CommandError, match="refused"):
        run(roster(text), *options, "--allow-removals", "39")
    run(roster(text), *options, "--allow-removals", "40")
    assert len(members(cast.acme)) == 3


@pytest.mark.parametrize("percent", ["-1", "101", "many", "1.5"])
def test_percent_is_a_number_up_to_a_hundred(db: None, roster: Any, percent: str):
    with pytest.raises(CommandError, match="0 to 100"):
        run(roster(TWO), f"--allow-removals={percent}")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("orgs:\n  acme:\n    members: [zoe\n", "line"),
        ("orgs:\n  acme:\n    members: [zoe]\n    members: [ned]\n", "stands twice"),
        ("orgs:\n  acme:\n    admins: [zoe]\n    members: [ZOE]\n", "users in both roles"),
        ("orgs:\n  acme:\n    admins: []\n    members: []\n    teams:\n      T:\n        members: [zoe]\n", "not in the organization"),
        (b"\x7fELF\x00\x00\xff\xfe", "UTF-8"),
        ("", "empty"),
        ("a: &a [x]\n" + "b: [" + "*a, " * 200 + "]\n", "aliases"),
    ],
)  # fmt: skip
def test_bad_files_are_refused_with_file_and_line(
    owner: Any, roster: Any, capsys: Any, text: str | bytes, said: str
):
    out = io.StringIO()
    with pytest.raises(CommandError, match="Nothing was changed"):
        call_command(
            "import_roster", roster(text), owner="olga@example.com", stdout=out, stderr=out
        )
    assert "error: acme.yaml" in out.getvalue()
    assert said in out.getvalue()
    assert organizations("acme") == []


def test_missing_file_is_named(db: None):
    with pytest.raises(CommandError, match="cannot be read: No such file"):
        run("nowhere.yaml")


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (("a_b", "a-b"), "would share the address a-b"),
        (("Größe!", "x"), "gives no address"),
        (("api", "oak"), "not available"),
        (("x" * 41, "oak"), "too long"),
    ],
)
def test_keys_that_give_no_address_are_refused(owner: Any, roster: Any, keys: Any, said: str):
    text = "orgs:\n" + "".join(f"  {key}:\n    members: [zoe]\n" for key in keys)
    with pytest.raises(CommandError, match=said):
        run(roster(text), "--owner", "olga@example.com")
    assert organizations("oak", "a-b") == []


def test_no_escape_of_the_file_reaches_the_terminal(owner: Any, roster: Any):
    said = run(
        roster('orgs:\n  oak:\n    members: [zoe]\n    "\\e[31mred": 1\n'),
        "--owner",
        "olga@example.com",
    )
    assert "[31mred" in said
    assert "\x1b" not in said


def test_a_terminal_is_asked_first(cast: Cast, roster: Any, monkeypatch: pytest.MonkeyPatch):
    file = roster(keeping(cast, "zoe"))
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    asked: list[str] = []
    monkeypatch.setattr("builtins.input", lambda words: asked.append(words) or "n")
    assert run(file, "--org", cast.acme.slug).endswith("Nothing was changed.\n")
    assert asked == ["Apply 1 change? [y/N] "]
    monkeypatch.setattr("builtins.input", lambda words: "y")
    run(file, "--org", cast.acme.slug)
    assert "zoe" in members(cast.acme)


# Export


def export(*args: str) -> str:
    out = io.StringIO()
    call_command("export_roster", *args, stdout=out)
    return out.getvalue()


def test_export_then_import_changes_nothing(cast: Cast, roster: Any, tmp_path: Path):
    run(roster(keeping(cast, "Zoe-K", "ned")), "--org", cast.acme.slug)
    target = tmp_path / "out.yaml"
    export("--org", cast.acme.slug, "--output", str(target))
    assert run(str(target)).endswith("Nothing to change.\n")
    assert "roster.exported" in entries(cast.acme)


def test_export_of_an_unknown_organization_is_refused(db: None):
    with pytest.raises(CommandError, match="No organization has the address nowhere"):
        export("--org", "nowhere")


# The real file


@needs_data
def test_the_merged_file_brings_in_eight_organizations(owner: Any, tmp_path: Path):
    """Counted by another reader of the file, and once more in the database."""
    orgs = yaml.safe_load(MERGED.read_text(encoding="utf-8"))["orgs"]
    assert len(orgs) == 8
    assert sum(len(org.get("members") or []) for org in orgs.values()) == 2579
    assert sum(len(org.get("admins") or []) for org in orgs.values()) == 87
    teams = {key: list(walk(org.get("teams"))) for key, org in orgs.items()}
    assert sum(len(found) for found in teams.values()) == 766
    run(str(MERGED), "--owner", "olga@example.com")
    for key, org in orgs.items():
        people = people_of(key)
        del people["olga@example.com"]
        roles = {login: member.role for login, member in people.items()}
        wanted = dict.fromkeys(org.get("members") or [], "member")
        assert roles == wanted | dict.fromkeys(org.get("admins") or [], "owner")
        pk = organization_at(key)
        with bound(pk), connection.cursor() as cursor:
            cursor.execute(
                "SELECT member_count, group_count, seats_used, owner_count FROM orgs_organization"
            )
            assert cursor.fetchone() == (len(people) + 1, len(teams[key]), 1, 1)
            cursor.execute("SELECT count(*) FROM orgs_groupmembership")
            places = sum(
                len(
                    {
                        *map(str.lower, team.get("members") or []),
                        *map(str.lower, team.get("maintainers") or []),
                    }
                )
                for team in teams[key]
            )
            assert cursor.fetchone() == (places,)
    assert run(str(MERGED)).endswith("Nothing to change.\n")
    exported = tmp_path / "again.yaml"
    export(*[arg for key in orgs for arg in ("--org", key)], "--output", str(exported))
    assert yaml.safe_load(exported.read_text(encoding="utf-8"))["orgs"].keys() == orgs.keys()
    assert run(str(exported)).endswith("Nothing to change.\n")


def walk(teams: Any) -> Iterator[dict[str, Any]]:
    for team in (teams or {}).values():
        yield team or {}
        yield from walk((team or {}).get("teams"))
