"""The rules that an organization of a roster file keeps, whatever is there at present.

Each rule is a generator of problems. Rules that need the present state live in `plan`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from orgs.roster.document import Level, Login, OrgFile, Problem, TeamFile, step


def check(org: OrgFile, *, file: str) -> list[Problem]:
    """Everything in `org` that breaks a rule, in the order of the rules."""
    found: list[Problem] = []
    for rule in (_logins, _strangers, _team_names, _old_names, _repositories):
        for level, code, message, path, line in rule(org):
            found.append(Problem(level, code, message, path, line, file, org.key))
    return found


Finding = tuple[Level, str, str, str, int | None]


def _logins(org: OrgFile) -> Iterator[Finding]:
    yield from _one_role(org.path, "admins", org.admins, "members", org.members)
    for team, _ in org.walk():
        yield from _one_role(team.path, "maintainers", team.maintainers, "members", team.members)


def _one_role(
    path: str,
    high: str,
    high_logins: tuple[Login, ...] | None,
    low: str,
    low_logins: tuple[Login, ...] | None,
) -> Iterator[Finding]:
    """Nobody stands in both lists; nobody needs to stand in one of them twice."""
    above: dict[str, Login] = {}
    below: dict[str, Login] = {}
    for name, logins, seen in ((high, high_logins, above), (low, low_logins, below)):
        for index, login in enumerate(logins or ()):
            place = f"{step(path, name)}[{index}]"
            first = seen.setdefault(login.key, login)
            if first is not login:
                message = f"'{login.value}' is already in {name}, at line {first.line}."
                yield "warning", "login.repeated", message, place, login.line
            elif seen is below and (other := above.get(login.key)):
                message = (
                    f"users in both roles: '{login.value}' is in {high} (line {other.line}) "
                    f"and in {low} (line {login.line}). Keep one of the two."
                )
                yield "error", "login.both_roles", message, place, login.line


def _strangers(org: OrgFile) -> Iterator[Finding]:
    """People of teams are people of the organization; of child teams this is only advice."""
    if org.admins is None or org.members is None:
        return  # who is in the organization is not (all) said here; the plan looks
    inside = {login.key for login in (*org.admins, *org.members)}
    for team, parent in org.walk():
        for login, place in places(team):
            if login.key not in inside:
                yield stranger(login, team, parent, place)


def places(team: TeamFile) -> Iterator[tuple[Login, str]]:
    """Every login of a team with its path."""
    for name, logins in (("maintainers", team.maintainers), ("members", team.members)):
        for index, login in enumerate(logins or ()):
            yield login, f"{team.path}.{name}[{index}]"


def stranger(login: Login, team: TeamFile, parent: TeamFile | None, place: str) -> Finding:
    """Someone in a team who is not in the organization."""
    who = f"'{login.value}' is in the team '{team.name}' but not in the organization."
    if parent is None:
        message = f"{who} Add them to members or admins, or take them out of the team."
        return "error", "login.not_in_org", message, place, login.line
    message = f"{who} They are left out of the team; add them to members or admins."
    return "warning", "login.not_in_org", message, place, login.line


def _team_names(org: OrgFile) -> Iterator[Finding]:
    """A name is one team. Said twice in the same words it is taken once; else it is refused."""
    first: dict[str, TeamFile] = {}
    folded: dict[str, TeamFile] = {}
    for team, _ in org.walk():
        other = first.setdefault(team.name, team)
        if other is not team:
            yield _same_name(other, team)
            continue
        near = folded.setdefault(team.name.casefold(), team)
        if near is not team:
            message = (
                f"The teams '{near.name}' (line {near.line}) and '{team.name}' (line "
                f"{team.line}) differ in letter case only. They are two groups."
            )
            yield "warning", "team.similar_name", message, team.path, team.line


def _same_name(first: TeamFile, second: TeamFile) -> Finding:
    where = f"'{first.name}' stands twice, at line {first.line} and at line {second.line}."
    if _says(first) == _says(second) and not first.children and not second.children:
        message = f"The team {where} Both say the same, so it is one group, in its first place."
        return "warning", "team.repeated", message, second.path, second.line
    message = (
        f"The team {where} A name is one team in the whole organization, and these two differ. "
        "Rename one of them."
    )
    return "error", "team.duplicate_name", message, second.path, second.line


def _says(team: TeamFile) -> tuple[object, ...]:
    def keys(logins: Iterable[Login] | None) -> set[str] | None:
        return None if logins is None else {login.key for login in logins}

    grants = sorted((team.repos or {}).items(), key=str)
    return team.description, team.privacy, keys(team.members), keys(team.maintainers), grants


def _old_names(org: OrgFile) -> Iterator[Finding]:
    """Names and old names of top-level teams are told apart; of children this is advice."""
    top = {team.name: team for team in org.teams or ()}
    every = {team.name: team for team, _ in org.walk()}
    for team, parent in org.walk():
        for name in team.previously:
            other = every.get(name) if parent else top.get(name)
            if other is not None:
                yield _claimed(name, team, parent, other)
            every.setdefault(name, team)
            if parent is None:
                top.setdefault(name, team)


def _claimed(name: str, team: TeamFile, parent: TeamFile | None, other: TeamFile) -> Finding:
    path = f"{team.path}.previously"
    where = (
        f"'{name}' in previously of '{team.name}' (line {team.line}) is already a name or an "
        f"old name of '{other.name}' (line {other.line})."
    )
    if parent is None:
        message = f"{where} Take it out of one of them."
        return "error", "team.duplicate_name", message, path, team.line
    message = f"{where} It is not used to rename '{team.name}'."
    return "warning", "team.old_name", message, path, team.line


def _repositories(org: OrgFile) -> Iterator[Finding]:
    """Repository names and their old names are unique, whatever their letter case."""
    repos = org.repos or {}
    seen: dict[str, str] = {}
    for name, repo in repos.items():
        old = repo.get("previously") if isinstance(repo, dict) else None
        for claim in (name, *(old if isinstance(old, list) else ())):
            key = str(claim).lower()
            if key in seen:
                message = (
                    f"The repository name '{claim}' stands twice (in '{seen[key]}' and '{name}'), "
                    "old names included; letter case does not matter. Keep one."
                )
                path = step(step(org.path, "repos"), name)
                yield "error", "repo.duplicate_name", message, path, None
            seen.setdefault(key, name)
