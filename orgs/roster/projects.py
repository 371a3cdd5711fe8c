"""The project part of a plan: repositories become projects, and a team's level on one a role.

A repository that only a team names is one too. None is ever removed: a file that leaves one out
does not manage it. A team without `repos` keeps the roles it has.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from config.roles import Role
from orgs.roster.changes import Change, Kind, Value
from orgs.roster.document import OrgFile, TeamFile
from orgs.roster.groups import Target, targets_of
from orgs.roster.snapshot import ProjectNow, Snapshot
from orgs.roster.values import one_line

ROLE_OF_LEVEL: Mapping[str, Role | None] = {
    "admin": Role.PROJECT_OWNER,
    "maintain": Role.PROJECT_OWNER,
    "write": Role.PROJECT_MEMBER,
    "triage": Role.PROJECT_MEMBER,
    "read": Role.PROJECT_VIEWER,
    "none": None,
}
LEVEL_OF_ROLE: Mapping[str, str] = {
    Role.PROJECT_OWNER.value: "admin",
    Role.PROJECT_MEMBER.value: "write",
    Role.PROJECT_VIEWER.value: "read",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """A repository of the file and the project that becomes it; `now` is None for a new one."""

    name: str
    description: str | None
    archived: bool | None
    now: ProjectNow | None

    @property
    def id(self) -> str | None:
        return self.now.id if self.now else None


def plan_projects(org: OrgFile, snapshot: Snapshot) -> list[Change]:
    """Compare the file's repositories and levels with the projects there are."""
    wanted = _wanted(org, snapshot)
    found = [change for one in wanted.values() for change in _add_or_change(one)]
    names = {project.id: project.name for project in snapshot.projects}
    for target in targets_of(org, snapshot) if org.teams is not None else ():
        if target.team.repos is not None:
            found.extend(_shares(target, wanted, snapshot, names))
    return found


def _wanted(org: OrgFile, snapshot: Snapshot) -> dict[str, Wanted]:
    """Each repository once, whatever its letter case, with the project of its name or old one."""
    present = {project.name.casefold(): project for project in snapshot.projects}
    wanted: dict[str, Wanted] = {}
    for name, repo in (org.repos or {}).items():
        facts = repo if isinstance(repo, dict) else {}
        old = facts.get("previously")
        known = [name, *(old if isinstance(old, list) else ())]
        now = next((present[k] for one in known if (k := str(one).casefold()) in present), None)
        description, archived = facts.get("description"), facts.get("archived")
        wanted[name.casefold()] = Wanted(
            name,
            one_line(str(description))[:500] if description is not None else None,
            archived if isinstance(archived, bool) else _flag(archived),
            now,
        )
    for team, _ in org.walk():
        for name, level in (team.repos or {}).items():
            if ROLE_OF_LEVEL.get(str(level)) is not None:
                now = present.get(name.casefold())
                wanted.setdefault(
                    name.casefold(), Wanted(now.name if now else name, None, None, now)
                )
    return wanted


def _flag(value: object) -> bool | None:
    """Repositories are kept as they are written, so a flag may be text."""
    return {"true": True, "false": False}.get(str(value).lower())


def _add_or_change(wanted: Wanted) -> Iterator[Change]:
    now = wanted.now
    if now is None:
        yield Change(
            kind=Kind.PROJECT_ADD,
            summary=f"Add the project {wanted.name}",
            project=wanted.name,
            after={
                "description": wanted.description or "",
                "archived": bool(wanted.archived),
            },
        )
        return
    after: dict[str, Value] = {"name": wanted.name}
    if wanted.description is not None:
        after["description"] = wanted.description
    if wanted.archived is not None:
        after["archived"] = wanted.archived
    old: dict[str, Value] = {
        "name": now.name,
        "description": one_line(now.description),
        "archived": now.archived,
    }
    differing = [key for key in after if after[key] != old[key]]
    if differing:
        yield Change(
            kind=Kind.PROJECT_CHANGE,
            summary=f"Change the project {now.name}: new {' and '.join(differing)}",
            project=now.name,
            project_id=now.id,
            before={key: old[key] for key in differing},
            after={key: after[key] for key in differing},
        )


def _shares(
    target: Target, wanted: dict[str, Wanted], snapshot: Snapshot, names: dict[str, str]
) -> Iterator[Change]:
    """What the team's levels give, change and take. What it does not list is taken."""
    team = target.team
    group = target.id or ""
    have = {
        project.id: project.shares[group]
        for project in snapshot.projects
        if group in project.shares
    }
    listed: set[str] = set()
    for name, role in _levels(team).items():
        project = wanted.get(name)
        if project is None or role is None:
            continue
        if project.id:
            listed.add(project.id)
        before = have.get(project.id) if project.id else None
        if before is None:
            yield _share(Kind.SHARE_ADD, target, project.name, project.id, None, role.value)
        elif before != role.value:
            yield _share(Kind.SHARE_CHANGE, target, project.name, project.id, before, role.value)
    for pk, before in have.items():
        if pk not in listed:
            yield _share(Kind.SHARE_REMOVE, target, names[pk], pk, before, None)


def _levels(team: TeamFile) -> dict[str, Role | None]:
    return {
        name.casefold(): ROLE_OF_LEVEL.get(str(level)) for name, level in (team.repos or {}).items()
    }


def _share(
    kind: Kind,
    target: Target,
    project: str,
    pk: str | None,
    before: str | None,
    after: str | None,
) -> Change:
    group = target.team.name
    old = Role(before).label if before else ""
    new = Role(after).label if after else ""
    return Change(
        kind=kind,
        summary={
            Kind.SHARE_ADD: f"Give {group} the role {new} in {project}",
            Kind.SHARE_CHANGE: f"Make {group} {new} instead of {old} in {project}",
            Kind.SHARE_REMOVE: f"Take the role {old} in {project} from {group}",
        }[kind],
        group=group,
        group_id=target.id,
        project=project,
        project_id=pk,
        before={"role": before} if before else {},
        after={"role": after} if after else {},
        line=target.team.line,
    )
