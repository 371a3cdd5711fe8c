"""The smallest changes that would turn a no into a yes: none too large, none too little.

Each candidate is tried on the standing with the decision itself, so it holds what it says.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import combinations

from config.roles import Permission, Role, Scope, permissions_of
from orgs.access import Access
from projects.explain import words
from projects.explain.answer import Deed, Part, Suggestion
from projects.explain.asked import asked_at
from projects.explain.candidates import companions, obstacles, single_parts
from projects.explain.givers import sentence, with_givers
from projects.explain.paths import Scene
from projects.explain.rows import Row
from projects.explain.standing import Standing
from projects.models import Project, Workspace

MOST = 5
Parts = tuple[Part, ...]

# The order in which parts are done: what opens the way, what is given, what lets it count.
_ORDER = {
    Deed.EXTEND: 0,
    Deed.RESTORE: 1,
    Deed.CHANGE_ROLE: 2,
    Deed.SHARE: 3,
    Deed.JOIN: 3,
    Deed.CARRY: 3,
    Deed.PUBLISH: 4,
    Deed.TURN_ON: 5,
}
_REACH = {Scope.RESOURCE: 0, Scope.PROJECT: 1, Scope.WORKSPACE: 2}
_GROUP_WITH_SHARES, _WHOLE_ORGANIZATION, _EVERYBODY = 3, 4, 5


def suggestions_for(
    scene: Scene, standing: Standing, rows: list[Row], asker: Access | None
) -> tuple[Suggestion, ...]:
    """Smallest reach first. Only for who has joined: nothing is given to who cannot hold it.

    What a window withholds is opened by no role.
    """
    permission = scene.permission
    if permission.scope is Scope.PLATFORM or standing.member.person is None:
        return ()
    if permission in standing.access.withheld:
        return ()
    first = obstacles(standing, permission)
    if turns(standing, first, permission):
        chosen = [first]
    else:
        tried = _combinations(standing.after(first), scene, rows, asker)
        found = [first + parts for parts in tried if turns(standing, first + parts, permission)]
        chosen = _smallest(standing, found)
    ranked = sorted(chosen, key=lambda parts: _rank(standing, parts))[:MOST]
    return tuple(_told(scene, standing, ranked, asker))


def turns(standing: Standing, parts: Parts, permission: Permission) -> bool:
    """Do these parts together allow it, and no fewer of them?"""
    if not parts or not standing.after(parts).allows(permission):
        return False
    fewer = (some for size in range(len(parts)) for some in combinations(parts, size))
    return not any(standing.after(some).allows(permission) for some in fewer)


def _combinations(
    standing: Standing, scene: Scene, rows: list[Row], asker: Access | None
) -> Iterator[Parts]:
    """Each part alone, and with what it may need beside it."""
    beside = list(companions(standing, scene.permission))
    singles = list(single_parts(standing, scene.permission, rows, asker))
    for one in beside:
        yield (one,)
    for single in singles:
        for size in range(3):
            for some in combinations(beside, size):
                if not (single.deed is Deed.CHANGE_ROLE and _changes_role(some)):
                    yield tuple(sorted((single, *some), key=lambda part: _ORDER[part.deed]))


def _changes_role(parts: Iterable[Part]) -> bool:
    return any(part.deed is Deed.CHANGE_ROLE for part in parts)


def _smallest(standing: Standing, found: list[Parts]) -> list[Parts]:
    """Of each way the one that gives least; to make somebody an Owner is the last resort."""
    best: dict[tuple[object, bool], Parts] = {}
    for parts in sorted(found, key=lambda parts: _rank(standing, parts)):
        # Which is smaller, more of everything or a change of sides, is not for a rank to say.
        best.setdefault((_way(parts), bool(_lost(standing, parts))), parts)
    last = [way for way, parts in best.items() if any(p.role is Role.OWNER for p in parts)]
    # So is to let everybody in a group have what one of them needs.
    if any(p.deed in (Deed.SHARE, Deed.JOIN) for parts in best.values() for p in parts):
        last += [way for way, parts in best.items() if any(p.deed is Deed.CARRY for p in parts)]
    return [parts for way, parts in best.items() if way not in last] or list(best.values())


def _way(parts: Parts) -> object:
    """Two suggestions go the same way when only the role differs."""
    giving = next((p for p in parts if p.deed in (Deed.SHARE, Deed.JOIN, Deed.CARRY)), parts[-1])
    if all(p.deed in (Deed.CHANGE_ROLE, Deed.TURN_ON, Deed.EXTEND, Deed.RESTORE) for p in parts):
        return "role" if _changes_role(parts) else parts[-1].policy
    return giving.deed, giving.on.pk if giving.on is not None else giving.group


def _rank(standing: Standing, parts: Parts) -> tuple[int, int, int, int, str]:
    lost = len(_lost(standing, parts))
    return max(map(_reach, parts)), _gained(standing, parts), lost, len(parts), parts[-1].title


def _reach(part: Part) -> int:
    if part.deed is Deed.SHARE:
        return _REACH[part.on.scope]
    if part.deed is Deed.JOIN and not part.brings:
        return _GROUP_WITH_SHARES
    if part.deed is Deed.TURN_ON:
        return _EVERYBODY
    return _WHOLE_ORGANIZATION if part.deed in (Deed.JOIN, Deed.CARRY, Deed.CHANGE_ROLE) else 0


def _gained(standing: Standing, parts: Parts) -> int:
    return len(standing.after(parts).permissions - standing.permissions)


def _lost(standing: Standing, parts: Parts) -> frozenset[Permission]:
    """What a change of role takes away; an End User's leave to chat is for what is shared."""
    lost = standing.permissions - standing.after(parts).permissions
    return frozenset(one for one in lost if one.scope is Scope.ORGANIZATION)


def _told(
    scene: Scene, standing: Standing, ranked: list[Parts], asker: Access | None
) -> Iterator[Suggestion]:
    givers = with_givers([part for parts in ranked for part in parts], standing, asker)
    for parts in ranked:
        named = tuple(replace(part, givers=givers[part]) for part in parts)
        by = list(dict.fromkeys(sentence(givers[part]) for part in parts))
        notes = [_note(scene, standing, part) for part in parts]
        yield Suggestion(
            title=", then ".join(_title(scene, parts)),
            note=" ".join(dict.fromkeys(filter(None, notes))),
            by=f"{'; then '.join([by[0], *(one[0].lower() + one[1:] for one in by[1:])])}.",
            parts=named,
            reach=max(map(_reach, parts)),
            gained=_gained(standing, parts),
        )


def _title(scene: Scene, parts: Parts) -> list[str]:
    later = [p.title if p.deed is Deed.CHANGE_ROLE else _lower(p.title, p) for p in parts[1:]]
    return [parts[0].title, *later]


def _lower(title: str, part: Part) -> str:
    return title if part.deed is Deed.SHARE else title[0].lower() + title[1:]


def _note(scene: Scene, standing: Standing, part: Part) -> str:
    match part.deed:
        case Deed.SHARE if part.role:
            return _share_note(standing, part, part.role)
        case Deed.JOIN:
            return _join_note(standing, part)
        case Deed.CARRY if part.role:
            more = words.plural(len(permissions_of({part.role}, ())), "permission")
            return f"{more} for everyone in it, {words.plural(part.others, 'person', 'people')}."
        case Deed.CHANGE_ROLE:
            return _role_note(standing, part)
        case Deed.TURN_ON if part.policy:
            return f"{part.policy.meaning}"
        case Deed.PUBLISH:
            return "Everyone it is shared with may use it from then on."
        case Deed.RESTORE:
            return f"{part.on.name} is in use again, for everyone who has access."
        case Deed.EXTEND:
            return "Everything held until then is back."
    return ""


def _share_note(standing: Standing, part: Part, role: Role) -> str:
    level = part.on
    if isinstance(level, Workspace) and level is not standing.place:
        projects = Project.objects.in_org(level.organization_id).filter(workspace=level)
        return f"Sees its {words.plural(projects.kept().count(), 'project')}."
    gives = permissions_of({role}, standing.org.policies) & frozenset(asked_at(level))
    note = f"{words.plural(len(gives), 'permission')} on this {level.kind_label}."
    if role is Role.PROJECT_OWNER and Role.PROJECT_MEMBER not in standing.held:
        note += " Project Member first, then promoted."
    if part.needs_approval:
        note += " An Owner gives final approval."
    return note


def _join_note(standing: Standing, part: Part) -> str:
    said = []
    if part.brings:
        roles = words.listed(sorted(role.label for role in part.brings))
        more = len(permissions_of(part.brings, ()) - standing.permissions)
        far = ": far more than asked" if more > 5 else ""
        said.append(f"Brings {roles}, {words.plural(more, 'permission')}{far}.")
    if part.brings_here:
        roles = words.listed(sorted(role.label for role in part.brings_here))
        said.append(f"Brings {roles} here.")
    if part.others:
        said.append(f"Opens {words.plural(part.others, 'other place')} as well.")
    return " ".join(said)


def _role_note(standing: Standing, part: Part) -> str:
    more, fewer = _gained(standing, (part,)), len(_lost(standing, (part,)))
    said = f"{words.plural(more, 'more permission')}"
    return f"{said}, {fewer} fewer." if fewer else f"{said}."
