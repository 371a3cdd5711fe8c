"""Reading a roster file: what it says, and each fault of it named with its place."""

from collections import Counter
from pathlib import Path

import pytest
import yaml

from orgs.roster import nodes, values
from orgs.roster.document import Document, OrgFile, Problem, TeamFile
from orgs.roster.peribolos import read

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"
MERGED = DATA / "kubernetes-org" / "merged-orgs.yaml"
needs_data = pytest.mark.skipif(not MERGED.exists(), reason="the real rosters are not here")

ACME = """\
orgs:
  acme:
    name: Acme
    description: Anvils
      and rockets
    default_repository_permission: read
    has_organization_projects: false
    admins:
    - "@Alice"
    members:
    - Mia
    - eddie@acme.example
    teams:
      Core Team:
        description: ""
        privacy: secret
        maintainers: [alice]
        members: [mia]
        previously: [Kernel]
        repos:
          anvil: admin
        teams:
          core-docs:
            members: []
      open.door:
        members: [MIA]
    repos:
      anvil:
        private: true
        previously: [hammer]
"""


def acme(text: str) -> Document:
    """Read one organization, given by its keys."""
    return read(text, name="acme.yaml", key="acme")


def only(document: Document) -> Problem:
    assert len(document.problems) == 1, document.problems
    return document.problems[0]


def org_of(document: Document) -> OrgFile:
    assert document.ok, document.problems
    return document.orgs[0]


def team(name: str, body: str) -> str:
    return f"admins: [alice]\nmembers: [mia]\nteams:\n  {name}: {{{body}}}\n"


# What a file says


def test_whole_organization_is_read():
    document = read(ACME, name="acme.yaml")
    assert document.problems == ()
    org = org_of(document)
    assert (org.key, org.name, org.description) == ("acme", "Acme", "Anvils and rockets")
    assert [(login.value, login.key, login.line) for login in org.admins or ()] == [
        ("Alice", "alice", 9)
    ]
    assert [(login.key, login.email) for login in org.members or ()] == [
        ("mia", None),
        ("eddie@acme.example", "eddie@acme.example"),
    ]
    core, child, door = (found for found, _ in org.walk())
    assert (core.name, core.privacy, core.previously, core.line) == (
        "Core Team",
        "secret",
        ("Kernel",),
        14,
    )
    assert (child.members, child.maintainers, child.description) == ((), None, None)
    assert child.path == 'orgs.acme.teams["Core Team"].teams.core-docs'
    assert door.path == 'orgs.acme.teams["open.door"]'
    assert org.repos == {"anvil": {"private": True, "previously": ["hammer"]}}
    assert core.repos == {"anvil": "admin"}


def test_file_of_one_organization_takes_its_name_from_the_caller():
    assert [org.key for org in acme("members: [mia]").orgs] == ["acme"]
    problem = only(read("members: [mia]", name="acme.yaml"))
    assert (problem.code, problem.level) == ("org.unnamed", "error")


def test_absent_lists_differ_from_empty_ones():
    org = org_of(acme("members: []"))
    assert (org.admins, org.members, org.teams) == (None, (), None)


@pytest.mark.parametrize("key", ["admins", "members", "teams"])
def test_list_without_a_value_is_empty_and_named(key: str):
    document = acme(f"{key}:\n")
    assert getattr(document.orgs[0], key) == ()
    problem = only(document)
    assert (problem.level, problem.code, problem.line) == ("warning", "list.null", 1)
    assert problem.path == key


def test_team_without_a_value_manages_nothing():
    org = org_of(acme("admins: [alice]\nmembers: []\nteams:\n  core:\n"))
    assert org.teams == (TeamFile(name="core", path="teams.core", line=4),)


def test_few_aliases_are_followed():
    org = org_of(acme("admins: &some [alice]\nmembers: []\nteams: {core: {members: *some}}"))
    assert [login.key for login in org.teams[0].members] == ["alice"]


def test_byte_order_mark_is_skipped():
    assert read(b"\xef\xbb\xbforgs: {acme: {members: [mia]}}", name="acme.yaml").problems == ()


def test_problem_prints_with_file_line_and_path():
    problem = only(acme("members: [mia]\nadmins: [MIA]"))
    assert str(problem).startswith("acme.yaml, line 1, members[0]: users in both roles: 'mia'")


def test_problems_of_one_organization_leave_out_the_others():
    document = read(
        "orgs:\n  acme: {members: ['a b']}\n  umbrella: {members: [oscar]}\n  more: {x: 1}\nx: 1",
        name="orgs.yaml",
    )
    assert [p.code for p in document.problems_of("Umbrella")] == ["key.unknown"]
    assert [p.code for p in document.problems_of("acme")] == ["login.invalid", "key.unknown"]
    assert document.org("ACME") is document.orgs[0]
    assert document.org("initech") is None


# What cannot be read at all


@pytest.mark.parametrize(
    ("source", "code", "line"),
    [
        ("", "file.empty", None),
        ("# nothing\n", "file.empty", None),
        ("---\n...\n", "file.empty", None),
        ("orgs:\n  acme: [", "file.not_yaml", 2),
        ("orgs:\n\tacme: {}\n", "file.not_yaml", 2),
        ('orgs: "\\q"', "file.not_yaml", 1),
        ("orgs: {}\n---\norgs: {}\n", "file.many_documents", 2),
        ("orgs:\n  a\0cme: {}", "file.control_character", 2),
        ("orgs:\n  a\ud800cme: {}", "file.control_character", 2),
        (b"orgs:\n  caf\xe9: {}", "file.not_utf8", 2),
        ("orgs: {}".encode("utf-16"), "file.not_utf8", 1),
        (b" " * (nodes.MAX_BYTES + 1), "file.too_large", None),
        ("\u00e9" * (nodes.MAX_BYTES // 2 + 1), "file.too_large", None),
        ("[" * 100_000, "file.too_deep", 1),
        ("- " * 100_000, "file.too_deep", 1),
        ("{a: " * 100_000, "file.too_deep", 1),
        ("a: &a [*a]", "file.alias", 1),
        ("a: *a", "file.alias", 1),
        ("a: &a []\nb: [" + "*a," * 101 + "]", "file.too_many_aliases", 2),
        ("a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 70)),
         "file.too_deep", 63),
    ],
)  # fmt: skip
def test_unreadable_file_is_refused(source: str | bytes, code: str, line: int | None):
    document = read(source, name="acme.yaml")
    assert document.orgs == ()
    problem = only(document)
    assert (problem.level, problem.code, problem.line, problem.file) == (
        "error",
        code,
        line,
        "acme.yaml",
    )


def test_alias_bomb_is_refused():
    tenfold = ", ".join(["*{0}"] * 9)
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    for name, below in zip("bcdefghi", "abcdefgh", strict=True):
        lines.append(f"{name}: &{name} [{tenfold.format(below)}]")
    assert only(acme("\n".join(lines))).code == "file.too_many_entries"


def test_many_entries_are_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(nodes, "MAX_NODES", 100)
    assert only(acme("members: [" + "a, " * 200 + "]")).code == "file.too_many_entries"


def test_many_problems_are_counted(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(values, "PROBLEMS_MAX", 2)
    document = acme("x: 1\ny: 1\nz: 1\nmembers: ['?', '?', '?', '?', '?']")
    assert Counter(p.level for p in document.problems) == {"error": 3, "warning": 3}
    assert [p.message[:6] for p in document.problems if p.code == "problems.more"] == [
        "3 more",
        "1 more",
    ]


# Single faults


@pytest.mark.parametrize(
    ("text", "level", "code", "path", "line"),
    [
        ("[1]", "error", "type", "", 1),
        ("x: 1", "error", "org.missing", "", 1),
        ("orgs: {}", "error", "org.missing", "orgs", 1),
        ("orgs: []", "error", "type", "orgs", 1),
        ("orgs: {acme: [mia]}", "error", "type", "orgs.acme", 1),
        ("orgs:\n  acme: {}\n  Acme: {}", "error", "org.duplicate", "orgs.Acme", 3),
        ("orgs:\n  acme: {}\n  acme: {}", "error", "key.duplicate", "orgs.acme", 3),
        ("orgs: {'': {}}", "error", "name.invalid", 'orgs[""]', 1),
        ("members: []\nmembers: []", "error", "key.duplicate", "members", 2),
        ("member: []\nadmins: []", "warning", "key.unknown", "member", 1),
        ("members: mia", "error", "type", "members", 1),
        ("members: {mia: true}", "error", "type", "members", 1),
        ("members: [[mia]]", "error", "type", "members[0]", 1),
        ("members:\n- mia\n-\n", "error", "list.empty_entry", "members[1]", 3),
        ("members: [yes]", "error", "text.unquoted", "members[0]", 1),
        ("members: [1.5]", "error", "text.unquoted", "members[0]", 1),
        ("members: [0x1F]", "error", "text.unquoted", "members[0]", 1),
        ("members: [123]", "warning", "text.number", "members[0]", 1),
        ("members: [mia, 'a b']", "error", "login.invalid", "members[1]", 1),
        ("members: ['@@mia']", "error", "login.invalid", "members[0]", 1),
        ("members: ['mia ']", "error", "login.invalid", "members[0]", 1),
        ('members: ["mia\\n"]', "error", "login.invalid", "members[0]", 1),
        ("members: ['mía']", "error", "login.invalid", "members[0]", 1),
        ("members: ['mia@acme']", "error", "login.invalid", "members[0]", 1),
        (f"members: [{'m' * 101}]", "error", "login.too_long", "members[0]", 1),
        (f"members: [{'m' * 250}@acme.example]", "error", "login.too_long", "members[0]", 1),
        ("members: [mia, Mia]", "warning", "login.repeated", "members[1]", 1),
        ("members: !!set {mia}", "error", "type", "members", 1),
        ("members: [!!python/name:os.system x]", "error", "type", "members[0]", 1),
        ("members: []\nteams: {<<: {core: {}}}", "error", "key.merge", "teams", 2),
        ("members: []\nteams: {~: {}}", "error", "key.missing", "teams", 2),
        ("members: []\nteams: {[a]: {}}", "error", "type", "teams", 2),
        ("members: []\nteams: {on: {}}", "error", "text.unquoted", "teams", 2),
        ("members: []\nteams: {' ': {}}", "error", "name.invalid", 'teams[" "]', 2),
        ("members: []\nteams: {a  b: {}}", "warning", "name.spaces", 'teams["a  b"]', 2),
        ('members: []\nteams: {"a\\u202eb": {}}', "error", "name.invalid",
         'teams["a\u202eb"]', 2),
        (f"members: []\nteams: {{{'c' * 101}: {{}}}}", "error", "name.invalid",
         f"teams.{'c' * 101}", 2),
        (f"? {'k' * 300}\n: 1\nmembers: []", "error", "key.too_long", "", 1),
        ("name: true", "error", "text.unquoted", "name", 1),
        ("company: []", "error", "type", "company", 1),
        ("has_organization_projects: 'no'", "error", "type", "has_organization_projects", 1),
        (team("core", f"description: {'d' * 501}"), "error", "text.too_long",
         "teams.core.description", 4),
        (team("core", 'description: "\\e[31m"'), "error", "text.invisible",
         "teams.core.description", 4),
        (team("core", "privacy: open"), "error", "team.privacy", "teams.core.privacy", 4),
        (team("core", "previously: [~]"), "error", "list.empty_entry",
         "teams.core.previously[0]", 4),
        (team("core", "repos: {anvil: owner}"), "error", "repo.level",
         "teams.core.repos.anvil", 4),
        (team("core", "memebers: []"), "warning", "key.unknown", "teams.core.memebers", 4),
        (team("core", "members: [mia], maintainers: [MIA]"), "error", "login.both_roles",
         "teams.core.members[0]", 4),
        (team("core", "members: [vera]"), "error", "login.not_in_org",
         "teams.core.members[0]", 4),
        (team("core", "teams: {docs: {maintainers: [vera]}}"), "warning", "login.not_in_org",
         "teams.core.teams.docs.maintainers[0]", 4),
        (team("core", "previously: [core]"), "error", "team.duplicate_name",
         "teams.core.previously", 4),
        (team("core", "teams: {core: {}}"), "error", "team.duplicate_name",
         "teams.core.teams.core", 4),
        ("repos:\n  anvil: {}\n  Anvil: {}", "error", "repo.duplicate_name",
         "repos.Anvil", None),
        ("repos: {anvil: {}, hammer: {previously: [ANVIL]}}", "error", "repo.duplicate_name",
         "repos.hammer", None),
        ("repos: {anvil: 1}", "error", "type", "repos.anvil", 1),
    ],
)  # fmt: skip
def test_fault_is_named_with_its_place(
    text: str, level: str, code: str, path: str, line: int | None
):
    problem = only(acme(text))
    assert (problem.level, problem.code, problem.path, problem.line) == (level, code, path, line)
    assert problem.message[0] != " "
    assert problem.message[-1] in ".?"


def test_all_faults_are_named_at_once():
    document = acme("members: ['a b', yes]\nadmins: 3\nteams: {core: {privacy: x}}")
    assert [p.code for p in document.errors] == [
        "login.invalid",
        "text.unquoted",
        "type",
        "team.privacy",
    ]


def test_unknown_key_suggests_the_known_one():
    assert "Is 'members' meant?" in only(acme("member: []\nadmins: []")).message


def test_person_in_both_roles_is_named_with_both_lines():
    message = only(acme("admins:\n- mia\nmembers:\n- '@Mia'\n")).message
    assert message == (
        "users in both roles: 'Mia' is in admins (line 2) and in members (line 4). "
        "Keep one of the two."
    )


def test_people_of_teams_are_not_checked_where_the_file_does_not_list_people():
    assert acme("teams: {core: {members: [vera]}}").problems == ()


# Names of teams


CHILDREN = """\
admins: [alice]
members: [mia]
teams:
  east:
    teams:
      docs: {{members: [mia]}}
  west:
    teams:
      docs: {{members: [{0}]}}
"""


def test_children_of_one_name_that_say_the_same_are_one_team():
    problem = only(acme(CHILDREN.format("MIA")))
    assert (problem.level, problem.code, problem.line) == ("warning", "team.repeated", 9)
    assert "at line 6 and at line 9" in problem.message


def test_children_of_one_name_that_differ_are_refused():
    problem = only(acme(CHILDREN.format("alice")))
    assert (problem.level, problem.code) == ("error", "team.duplicate_name")
    assert "at line 6 and at line 9" in problem.message


def test_old_name_of_a_child_that_is_taken_is_only_worth_a_word():
    text = "teams: {east: {teams: {docs: {previously: [west]}}}, west: {}}"
    problem = only(acme(text))
    assert (problem.level, problem.code) == ("warning", "team.old_name")


def test_old_name_claimed_by_two_top_level_teams_is_refused():
    text = "teams:\n  a: {previously: [x]}\n  b: {previously: [x]}\n  c: {previously: [b]}"
    assert [(p.code, p.line) for p in acme(text).errors] == [
        ("team.duplicate_name", 3),
        ("team.duplicate_name", 4),
    ]


def test_old_name_is_compared_exactly():
    assert acme("teams: {a: {previously: [x, A]}, b: {previously: [X]}}").problems == ()


def test_names_that_differ_in_letter_case_are_two_teams():
    document = acme("teams: {core: {}, Core: {}}")
    assert [t.name for t in document.orgs[0].teams] == ["core", "Core"]
    assert only(document).code == "team.similar_name"


def test_hostile_keys_are_not_all_guessed_at(monkeypatch: pytest.MonkeyPatch):
    guesses = []
    monkeypatch.setattr(values.difflib, "get_close_matches", lambda *said, **_: guesses.append(1))
    keys = "".join(f"members{number}: 0\n" for number in range(values.PROBLEMS_MAX + 500))
    document = read("members: []\n" + keys, name="acme.yaml", key="acme")
    assert len(document.problems) == values.PROBLEMS_MAX + 1
    assert len(guesses) == values.PROBLEMS_MAX


# The real files


def one_line(text: str | None) -> str | None:
    return text if text is None else " ".join(text.split())


def walk(teams: dict | None, depth: int = 1):
    for body in (teams or {}).values():
        yield body, depth
        yield from walk(body.get("teams"), depth + 1)


@needs_data
@pytest.mark.parametrize("path", [MERGED, DATA / "kubeflow" / "org.yaml"], ids=["8 orgs", "1 org"])
def test_real_file_is_read_in_full(path: Path):
    document = read(path.read_bytes(), name=path.name)
    assert document.ok, document.errors
    plain = yaml.safe_load(path.read_text())["orgs"]
    assert [org.key for org in document.orgs] == list(plain)
    for org, other in zip(document.orgs, plain.values(), strict=True):
        for ours, theirs in ((org.admins, "admins"), (org.members, "members")):
            assert [login.value for login in ours or ()] == other.get(theirs, [])
        bodies = list(walk(other.get("teams")))
        teams = [found for found, _ in org.walk()]
        assert len(teams) == len(bodies)
        for found, (body, _) in zip(teams, bodies, strict=True):
            assert [p.value for p in found.members or ()] == (body.get("members") or [])
            assert (found.members is None) == ("members" not in body)
            assert found.repos == body.get("repos")
            assert found.description == one_line(body.get("description"))
            assert found.privacy == body.get("privacy")


@needs_data
def test_real_file_has_the_numbers_it_is_known_for():
    document = read(MERGED.read_bytes(), name=MERGED.name)
    assert len(document.orgs) == 8
    assert sum(len(org.admins or ()) for org in document.orgs) == 87
    assert sum(len(org.members or ()) for org in document.orgs) == 2579
    assert sum(1 for org in document.orgs for _ in org.walk()) == 766
    assert {p.code for p in document.problems} == {"list.null"}


@needs_data
def test_parts_of_a_split_roster_are_read():
    parts = sorted((DATA / "kubernetes-org" / "config").glob("*/**/*.yaml"))
    assert len(parts) > 70
    for part in parts:
        document = read(part.read_bytes(), name=part.name, key="acme")
        assert document.ok, document.errors
