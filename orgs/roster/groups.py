"""The group part of a plan: which groups come, go or change, and who sits in them.

A name is one group in the whole organization, compared exactly; a group keeps its identity, and
so what it may do, through a new parent and through a rename asked for by `previously`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from orgs.roster.changes import Change, Kind, Value
from orgs.roster.checks import places, stranger
from orgs.roster.document import OrgFile, Problem, TeamFile
from orgs.roster.people import People, Ref
from orgs.roster.snapshot import GroupNow, Snapshot
from orgs.roster.values import one_line


@dataclass(frozen=True, slots=True)
class Target:
    """A team of the file and the group that becomes it; `now` is None for a new group."""

    team: TeamFile
    parent: Target | None
    now: GroupNow | None

    @property
    def id(self) -> str | None:
        return self.now.id if self.now else None

    @property
    def nested(self) -> bool:
        return self.parent is not None or bool(self.team.children)


@dataclass(slots=True)
class Groups:
    """What the plan does with groups and their seats."""

    changes: list[Change] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def plan_groups(org: OrgFile, snapshot: Snapshot, people: People, *, file: str) -> Groups:
    """Compare the file's teams with the groups there are; without teams nothing is managed."""
    groups = Groups()
    if org.teams is None:
        return groups
    targets = targets_of(org, snapshot)
    matched = {target.id for target in targets}
    gone = [group for group in snapshot.groups if group.id not in matched]
    names = {group.id: group.name for group in snapshot.groups}
    for target in targets:
        groups.changes.extend(_rename(target))
        groups.changes.extend(_add_or_change(target, names))
        groups.changes.extend(_seats(target, people))
    groups.changes.extend(_removals(gone, snapshot))
    order = list(Kind)
    groups.changes.sort(key=lambda change: order.index(change.kind))
    groups.problems.extend(_strangers(org, people, file=file))
    groups.problems.extend(_lost_by_case(targets, gone, org, file=file))
    return groups


def targets_of(org: OrgFile, snapshot: Snapshot) -> list[Target]:
    """Each team once, parents first, with the group of its name or of an old name."""
    present = {group.name: group for group in snapshot.groups}
    names = {team.name for team, _ in org.walk()}
    free = {name: group for name, group in present.items() if name not in names}
    targets: dict[str, Target] = {}
    for team, parent in org.walk():
        if team.name in targets:
            continue  # said twice in the same words: reading warned, or refused if not
        now = present.get(team.name) or _renamed(team, free)
        targets[team.name] = Target(team, targets[parent.name] if parent else None, now)
    return list(targets.values())


def _renamed(team: TeamFile, free: dict[str, GroupNow]) -> GroupNow | None:
    """The first old name that exists and that no team of the file bears; it is used up."""
    return next((free.pop(name) for name in team.previously if name in free), None)


def _rename(target: Target) -> Iterator[Change]:
    now, name = target.now, target.team.name
    if now and now.name != name:
        yield Change(
            kind=Kind.GROUP_RENAME,
            summary=f"Rename the group {now.name} to {name}",
            group=now.name,
            group_id=now.id,
            before={"name": now.name},
            after={"name": name},
            line=target.team.line,
        )


def _secret(target: Target) -> bool:
    """Absent privacy leaves a group as it is, but a group with a parent or children is visible."""
    if target.team.privacy is not None:
        return target.team.privacy == "secret"
    return bool(target.now and target.now.secret and not target.nested)


def _add_or_change(target: Target, names: dict[str, str]) -> Iterator[Change]:
    team, now, parent = target.team, target.now, target.parent
    after: dict[str, Value] = {"secret": _secret(target)}
    if now is None or team.description is not None:
        after["description"] = team.description or ""
    if now is None or now.parent_id != (parent.id if parent else None) or _is_new(parent):
        after["parent"] = parent.team.name if parent else None
    if now is None:
        below = f" below {parent.team.name}" if parent else ""
        yield Change(
            kind=Kind.GROUP_ADD,
            summary=f"Add the group {team.name}{below}",
            group=team.name,
            after=after,
            line=team.line,
        )
        return
    old_parent = names.get(now.parent_id) if now.parent_id else None
    old: dict[str, Value] = {
        "secret": now.secret,
        "description": one_line(now.description),
        "parent": old_parent,
    }
    differing = [key for key in after if key == "parent" or after[key] != old[key]]
    if differing:
        yield Change(
            kind=Kind.GROUP_CHANGE,
            summary=f"Change the group {team.name}: {_wording(differing, after)}",
            group=team.name,
            group_id=now.id,
            before={key: old[key] for key in differing},
            after={key: after[key] for key in differing},
            line=team.line,
        )


def _is_new(parent: Target | None) -> bool:
    return parent is not None and parent.now is None


def _wording(differing: Collection[str], after: dict[str, Value]) -> str:
    words = []
    if "description" in differing:
        words.append("new description")
    if "secret" in differing:
        words.append("becomes secret" if after["secret"] else "becomes visible")
    if "parent" in differing:
        parent = after["parent"]
        words.append(f"moves below {parent}" if parent else "moves to the top level")
    return ", ".join(words)


def _removals(gone: list[GroupNow], snapshot: Snapshot) -> list[Change]:
    """Groups that the file does not name, the deepest first."""
    parents = {group.id: group.parent_id for group in snapshot.groups}

    def depth(group: GroupNow) -> int:
        steps, parent = 0, group.parent_id
        while parent is not None:
            steps, parent = steps + 1, parents.get(parent)
        return steps

    return [
        Change(
            kind=Kind.GROUP_REMOVE,
            summary=f"Remove the group {group.name} with {_count(len(group.members))}",
            group=group.name,
            group_id=group.id,
            before={"description": group.description, "secret": group.secret},
        )
        for group in sorted(gone, key=depth, reverse=True)
    ]


def _count(people: int) -> str:
    return "1 person" if people == 1 else f"{people or 'no'} people"


def _seats(target: Target, people: People) -> Iterator[Change]:
    """Who joins, leaves or is marked; a list that the file lacks leaves its people as they are."""
    team = target.team
    now = dict(target.now.members) if target.now else {}
    wanted = _wanted_seats(team, people)
    for key, (ref, maintainer, line) in wanted.items():
        before = now.get(key) if ref.id else None
        if before is None:
            yield _seat(Kind.SEAT_ADD, target, ref, after=maintainer, line=line)
        elif before != maintainer:
            yield _seat(Kind.SEAT_CHANGE, target, ref, before, maintainer, line)
    for who, maintainer in now.items():
        listed = team.maintainers if maintainer else team.members
        if who in wanted or who in people.removed or listed is None:
            continue
        ref = people.present(who)
        if team.members is None:
            yield _seat(Kind.SEAT_CHANGE, target, ref, True, False)
        else:
            yield _seat(Kind.SEAT_REMOVE, target, ref, before=maintainer)


def _wanted_seats(team: TeamFile, people: People) -> dict[str, tuple[Ref, bool, int]]:
    """Each person of the team once, by id or by key if new; a maintainer stays one."""
    wanted: dict[str, tuple[Ref, bool, int]] = {}
    for maintainer, logins in ((True, team.maintainers), (False, team.members)):
        for login in logins or ():
            ref = people.find(login)
            if ref is not None:
                wanted.setdefault(ref.id or f"new:{ref.key}", (ref, maintainer, login.line))
    return wanted


def _seat(
    kind: Kind,
    target: Target,
    ref: Ref,
    before: bool | None = None,
    after: bool | None = None,
    line: int | None = None,
) -> Change:
    group = target.team.name
    summary = {
        Kind.SEAT_ADD: f"Add {ref.label} to {group}{' as maintainer' if after else ''}",
        Kind.SEAT_REMOVE: f"Remove {ref.label} from {group}",
        Kind.SEAT_CHANGE: (
            f"Mark {ref.label} as maintainer of {group}"
            if after
            else f"Unmark {ref.label} as maintainer of {group}"
        ),
    }[kind]
    return Change(
        kind=kind,
        summary=summary,
        person=ref.key,
        person_id=ref.id,
        group=group,
        group_id=target.id,
        before={} if before is None else {"maintainer": before},
        after={} if after is None else {"maintainer": after},
        line=line,
    )


def _strangers(org: OrgFile, people: People, *, file: str) -> Iterator[Problem]:
    """Where the file does not say who is in the organization, the present people do."""
    if org.admins is not None and org.members is not None:
        return
    for team, parent in org.walk():
        for login, place in places(team):
            if people.find(login) is None:
                level, code, message, path, line = stranger(login, team, parent, place)
                yield Problem(level, code, message, path, line, file, org.key)


def _lost_by_case(
    targets: list[Target], gone: list[GroupNow], org: OrgFile, *, file: str
) -> Iterator[Problem]:
    """A group that goes while its namesake in other letter case comes is likely a slip."""
    lost = {group.name.casefold(): group for group in gone}
    for target in targets:
        old = lost.get(target.team.name.casefold())
        if target.now is None and old:
            message = (
                f"The group '{old.name}' would be removed and '{target.team.name}' added: names "
                f"compare exactly. To keep the group, add previously: ['{old.name}']."
            )
            team = target.team
            yield Problem("warning", "group.case", message, team.path, team.line, file, org.key)
