"""Laws of the roster: applied twice it changes nothing, exported and imported neither."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from config.roles import PROJECT_ROLES
from orgs.roster.peribolos import read, write
from orgs.roster.plan import GroupNow, PersonNow, ProjectNow, Snapshot, apply_to, plan
from orgs.roster.projects import ROLE_OF_LEVEL
from orgs.roster.values import one_line

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"
MERGED = DATA / "kubernetes-org" / "merged-orgs.yaml"
needs_data = pytest.mark.skipif(not MERGED.exists(), reason="the real rosters are not here")

HOSTILE = (
    "yes", "No", "null", "~", "1e3", "0x1f", "010", "1_000", "12:30", ".5", "2024-01-01", "=", "<<",
    ":", "#", "a: b", "a #b", "- a", "-", "?", "&a", "*a", "!a", "|", ">", "%", "@a", "`a", "{}",
    "[]", "'", '"', "\\", "a'b", 'a"b', "a\\n", ",", "y", "Größe", "名前", "🦊", "👩\u200d🔬", "é",
    "C++ people", "true", ".nan", "admins", "teams", "orgs",
)  # fmt: skip
LOGINS = ("mia", "Zoe", "0", "no", "null", "1e3", "7up", "a-b_c.d", "ned@acme.example", "ivy")
LAWS = settings(max_examples=150, deadline=None, database=None)

names = st.sampled_from(HOSTILE) | st.text(min_size=1, max_size=20).map(one_line).filter(
    lambda text: text and (text.isprintable() or "\u200d" in text) and read_as_name(text)
)


def read_as_name(text: str) -> bool:
    return read(json.dumps({"teams": {text: {}}}, ensure_ascii=False), name="x", key="x").ok


@st.composite
def snapshots(draw: st.DrawFn) -> Snapshot:
    """Any organization with an Owner who can sign in."""
    people = [PersonNow("p-alice", "alice", None, "owner", placeholder=False)]
    for login in draw(st.lists(st.sampled_from(LOGINS), unique=True)):
        by_email = "@" in login
        people.append(
            PersonNow(
                id=f"p-{login}",
                login=None if by_email else login,
                email=login if by_email else None,
                role=draw(st.sampled_from(["owner", "admin", "member", "viewer", "end_user"])),
                placeholder=draw(st.booleans()),
            )
        )
    groups: list[GroupNow] = []
    seats = st.dictionaries(st.sampled_from([person.id for person in people]), st.booleans())
    for name in draw(st.lists(names, unique=True, max_size=6)):
        parents = [None, *(group.id for group in groups)]
        groups.append(
            GroupNow(
                id=f"g-{name}",
                name=name,
                description=draw(st.sampled_from(["", "Old", "a: b # c", " two  spaces "])),
                secret=draw(st.booleans()),
                parent_id=draw(st.sampled_from(parents)),
                members=draw(seats),
            )
        )
    projects = draw(some_projects([group.id for group in groups]))
    return Snapshot(
        *("acme", tuple(people), tuple(groups)),
        name="Acme",
        description="yes",
        projects=tuple(projects),
    )


@st.composite
def some_projects(draw: st.DrawFn, groups: list[str]) -> list[ProjectNow]:
    shares = st.dictionaries(
        st.sampled_from(groups) if groups else st.nothing(),
        st.sampled_from([role.value for role in PROJECT_ROLES]),
    )
    return [
        ProjectNow(
            id=f"r-{name}",
            name=name,
            description=draw(st.sampled_from(["", "Old", "a: b # c", " two  spaces "])),
            archived=draw(st.booleans()),
            shares=draw(shares),
        )
        for name in draw(st.lists(names, unique_by=str.casefold, max_size=4))
    ]


@st.composite
def rosters(draw: st.DrawFn, now: Snapshot, *, whole: bool = False) -> dict[str, object]:
    """Any organization of a file around the names that exist; unless whole, keys are absent."""
    some = draw(st.permutations(["alice", "ALICE", *LOGINS, "newcomer", "@MIA"]))
    unique = list({login.lower().removeprefix("@"): login for login in some}.values())
    first, second = sorted(draw(st.tuples(*[st.integers(0, len(unique))] * 2)))
    roster: dict[str, object] = {"name": "Acme"}
    if whole or draw(st.booleans()):
        roster["admins"] = unique[:first]
    if whole or draw(st.booleans()):
        roster["members"] = unique[first:second]
    listed = {"admins", "members"} <= roster.keys()
    known = unique[:second] if listed else [person.key for person in now.people]
    present = [group.name for group in now.groups]
    pool = draw(st.permutations([*present, "new", "newer"]))
    pool = pool[: draw(st.integers(0, len(pool)))]
    if whole or draw(st.booleans()):
        roster["teams"] = teams(draw, list(pool), known, present, depth=0)
    if draw(st.booleans()):
        known = [project.name for project in now.projects]
        some = draw(st.lists(st.sampled_from([*known, "anvil", "Hammer"]), unique_by=str.casefold))
        bodies = st.sampled_from([{}, {"description": "New"}, {"archived": True}])
        roster["repos"] = {name: draw(bodies) for name in some}
    return roster


def teams(
    draw: st.DrawFn, pool: list[str], logins: list[str], present: list[str], *, depth: int
) -> dict[str, object]:
    found: dict[str, object] = {}
    while pool and draw(st.integers(0, 3)):
        body: dict[str, object] = {}
        found[pool.pop()] = body
        split = draw(st.integers(0, len(logins)))
        for key, value in (
            ("maintainers", logins[:split]),
            ("members", logins[split:][::2]),
            ("description", "New"),
            ("privacy", draw(st.sampled_from(["closed", "secret"]))),
        ):
            if draw(st.booleans()):
                body[key] = value
        if draw(st.booleans()):
            repos = st.sampled_from(["anvil", "Hammer", "saw"])
            body["repos"] = draw(st.dictionaries(repos, st.sampled_from(sorted(ROLE_OF_LEVEL))))
        if depth and present and draw(st.booleans()):
            body["previously"] = [draw(st.sampled_from(present))]
        if depth < 3 and draw(st.booleans()):
            body["teams"] = teams(draw, pool, logins, present, depth=depth + 1)
    return found


def assert_sound(now: Snapshot) -> None:
    """What the database would refuse otherwise, after every single change."""
    parents = {group.id: group.parent_id for group in now.groups}
    assert len({group.name for group in now.groups}) == len(now.groups)
    assert any(is_active_owner(person) for person in now.people)
    people = {person.id for person in now.people}
    for group in now.groups:
        assert set(group.members) <= people
        above, steps = group.parent_id, 0
        while above is not None:
            above, steps = parents[above], steps + 1
            assert steps <= len(parents), "groups stand inside each other"


@LAWS
@given(st.data())
def test_applied_twice_changes_nothing_and_every_step_is_sound(data: st.DataObject):
    now = data.draw(snapshots())
    roster = data.draw(rosters(now))
    document = read(json.dumps(roster, ensure_ascii=False), name="acme.yaml", key="acme")
    assume(document.ok)
    org = document.orgs[0]
    found = plan(org, now, allow_removals=1.0)
    assume(not found.refused)
    for count in range(len(found.changes) + 1):
        assert_sound(apply_to(now, replace(found, changes=found.changes[:count])))
    after = apply_to(now, found)
    assert plan(org, after, allow_removals=1.0).changes == ()
    assert {p.id for p in now.people if is_active_owner(p)} <= {
        p.id for p in after.people if is_active_owner(p)
    }


def is_active_owner(person: PersonNow) -> bool:
    return person.role == "owner" and not person.placeholder


@LAWS
@given(st.data())
def test_file_comes_true(data: st.DataObject):
    """Where a list is managed, the state after the plan is what the file says."""
    now = data.draw(snapshots())
    roster = data.draw(rosters(now, whole=True))
    document = read(json.dumps(roster, ensure_ascii=False), name="acme.yaml", key="acme")
    assume(document.ok)
    org = document.orgs[0]
    after = apply_to(now, plan(org, now, allow_removals=1.0))
    real = {person.key for person in now.people if is_active_owner(person)}
    admins = {login.key for login in org.admins or ()}
    members = {login.key for login in org.members or ()}
    assert {p.key for p in after.people if p.role == "owner"} == admins | real
    assert {p.key for p in after.people} == admins | members | real
    by_name = {group.name: group for group in after.groups}
    keys = {person.id: person.key for person in after.people}
    assert set(by_name) == {team.name for team, _ in org.walk()}
    for team, parent in org.walk():
        group = by_name[team.name]
        assert group.parent_id == (by_name[parent.name].id if parent else None)
        if team.members is not None and team.maintainers is not None:
            inside = {*keys.values()}
            assert {keys[who] for who, marked in group.members.items() if marked} == {
                login.key for login in team.maintainers
            } & inside
            assert {keys[who] for who, marked in group.members.items() if not marked} == {
                login.key for login in team.members
            } & inside


@LAWS
@given(snapshots())
def test_export_then_import_is_no_change(now: Snapshot):
    text = write(now)
    assert write(replace(now, people=now.people[::-1], groups=now.groups[::-1])) == text
    document = read(text, name="acme.yaml")
    assert {problem.code for problem in document.problems} <= {"team.similar_name"}
    found = plan(document.orgs[0], now, allow_removals=0)
    assert (found.changes, found.problems) == ((), ())
    assert (document.orgs[0].name, document.orgs[0].description) == ("Acme", "yes")


@LAWS
@given(snapshots())
def test_export_builds_the_same_organization_elsewhere(now: Snapshot):
    owner = PersonNow("p-first", None, "first@acme.example", "owner", placeholder=False)
    elsewhere = Snapshot("acme", (owner,))
    built = apply_to(elsewhere, plan(read(write(now), name="acme.yaml").orgs[0], elsewhere))
    assert {p.key for p in built.people} - {owner.key} == {p.key for p in now.people}
    assert shape(built) == shape(now)


def shape(now: Snapshot) -> list[tuple[object, ...]]:
    """The groups of an organization without its ids."""
    keys = {person.id: person.key for person in now.people}
    names = {group.id: group.name for group in now.groups}
    return sorted(
        (
            group.name,
            one_line(group.description),
            group.secret,
            names[group.parent_id] if group.parent_id else "",
            sorted((keys[who], marked) for who, marked in group.members.items()),
        )
        for group in now.groups
    )


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_name_reads_alike_by_another_reader(name: str):
    groups = (GroupNow("1", name, name, False, None), GroupNow("2", "x", "", False, "1"))
    text = write(Snapshot(name, (), groups, name=name))
    plain = yaml.safe_load(text)
    assert plain["orgs"][name]["name"] == name
    assert plain["orgs"][name]["teams"][name]["description"] == name
    assert list(plain["orgs"][name]["teams"][name]["teams"]) == ["x"]


def test_export_is_sorted_without_regard_to_letter_case():
    people = tuple(
        PersonNow(login, login, None, "member", placeholder=True) for login in ("b", "C", "a", "B")
    )
    text = write(Snapshot("umbrella"), Snapshot("Acme", people))
    assert list(yaml.safe_load(text)["orgs"]) == ["Acme", "umbrella"]
    assert yaml.safe_load(text)["orgs"]["Acme"] == {
        "admins": [],
        "members": ["a", "B", "b", "C"],
        "teams": {},
    }


def test_export_of_nothing_is_readable_yaml():
    assert yaml.safe_load(write()) == {"orgs": {}}


def test_member_known_by_nothing_but_an_id_survives_the_round_trip():
    now = Snapshot(
        "acme",
        (
            PersonNow("0197-aa", None, None, "owner", placeholder=False),
            PersonNow("0197-bb", None, None, "member", placeholder=False),
        ),
    )
    found = plan(read(write(now), name="acme.yaml").orgs[0], now)
    assert (found.changes, found.problems) == ((), ())


@needs_data
@pytest.mark.parametrize("path", [MERGED, DATA / "kubeflow" / "org.yaml"], ids=["8 orgs", "1 org"])
def test_real_file_is_imported_exported_and_imported_again(path: Path):
    document = read(path.read_bytes(), name=path.name)
    states = []
    for org in document.orgs:
        owner = PersonNow("p-first", None, "first@acme.example", "owner", placeholder=False)
        empty = Snapshot(org.key, (owner,))
        found = plan(org, empty)
        assert not found.refused
        states.append(apply_to(empty, found))
    for org, now in zip(document.orgs, states, strict=True):
        assert plan(org, now).changes == ()
    again = read(write(*states), name="export.yaml")
    assert again.problems == ()
    for now in states:
        found = plan(again.org(now.key), now)
        assert (found.changes, found.problems) == ((), ())
