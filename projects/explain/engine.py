"""May this person do this here, and why: the decision of `Access.can`, with its proof."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from django.utils import timezone

from config.moments import format_local
from config.roles import Permission, Role, Scope, permissions_of, roles_with
from orgs.access import Access, Bound
from orgs.models import Membership, Organization
from orgs.standing import OUTLASTING
from projects.explain import words
from projects.explain.answer import Explanation, Link, Path, Step, Thing
from projects.explain.candidates import project_of
from projects.explain.paths import (
    Scene,
    deciding,
    levels,
    path_of,
    permission_thing,
    person_thing,
    place_thing,
    way_to_role,
)
from projects.explain.rows import Row
from projects.explain.standing import AnyPlace, Standing, standing_of
from projects.explain.suggestions import suggestions_for
from projects.models import Project

# Who may do the thing itself is never asked to ask for it.
_NEED_NOT_ASK = {
    Permission.PROJECTS_REQUEST: Permission.PROJECTS_CREATE,
    Permission.HUB_REQUEST_PUBLISH: Permission.HUB_PUBLISH,
}


def explain(
    *,
    org: Bound,
    member: Membership,
    permission: Permission,
    place: AnyPlace | None = None,
    asker: Access | None = None,
) -> Explanation:
    """Bound to the organization. What `asker` may not know is not named; None may know all.

    One round trip for the paths; a no adds a few bounded queries for what would change it.
    """
    standing, rows = standing_of(org=org, member=member, place=place, asker=asker)
    scene = Scene(
        org=org,
        member=member,
        permission=permission,
        place=place,
        sees_reasons=_sees_reasons(asker, member, place),
    )
    said = verdict(scene, standing, rows)
    if said.allowed:
        return said
    suggestions = suggestions_for(scene, standing, rows, asker)
    nothing = "" if suggestions else _nothing(scene, standing)
    return replace(said, suggestions=suggestions, nothing=nothing)


def verdict(scene: Scene, standing: Standing, rows: list[Row]) -> Explanation:
    """The decision on this standing, today's or an earlier one, with its proof; no remedies."""
    permission = scene.permission
    leading = [row for row in rows if _leads(standing, row, permission)]
    if standing.allows(permission):
        paths = tuple(path_of(scene, row, mark=deciding(row.role, permission)) for row in leading)
        return _said(scene, allowed=True, detail=words.ways(len(paths)), paths=paths)
    detail, broken = _refused(scene, standing, rows, leading)
    return replace(_said(scene, allowed=False, detail=detail, paths=()), broken=broken)


def _said(scene: Scene, *, allowed: bool, detail: str, paths: tuple[Path, ...]) -> Explanation:
    name, permission = scene.member.name, scene.permission
    return Explanation(
        organization=scene.org.name,
        person=person_thing(scene),
        permission=permission,
        place=place_thing(scene),
        allowed=allowed,
        sentence=words.verdict(name, permission, scene.scope, allowed=allowed),
        detail=detail,
        # On a place it has been decided already whether it is met.
        condition=permission.note if allowed and scene.place is None else "",
        paths=paths,
        decided_at=timezone.now(),
    )


def _leads(standing: Standing, row: Row, permission: Permission) -> bool:
    """Does the role of this path count here, and include the permission?"""
    counts = row.role in standing.counted
    return counts and permission in permissions_of({row.role}, standing.org.policies)


def _sees_reasons(asker: Access | None, member: Membership, place: AnyPlace | None) -> bool:
    """Who may read the log, here or at all, reads the reason there as well."""
    if asker is None or asker.membership_id == member.pk or asker.can(Permission.AUDIT_VIEW):
        return True
    if place is None:
        return False
    return asker.can(Permission.PROJECTS_VIEW_AUDIT, place) or asker.can(
        Permission.WORKSPACES_MANAGE_MEMBERS, place
    )


def _refused(
    scene: Scene, standing: Standing, rows: list[Row], leading: list[Row]
) -> tuple[str, tuple[Step, ...]]:
    """Why not, in one sentence, and the way with the thing that is missing on it."""
    name = words.first_name(scene.member.name)
    start = Step(link=None, thing=person_thing(scene))
    if not standing.present:
        detail, missing = _absent(standing, name)
        return detail, _broken(scene, (start,), "nothing leads from here", missing)
    if not standing.opens(scene.permission):
        detail = f"{scene.org.name} is {_state_of(scene.org)}; until it opens nobody gets in."
        missing = _missing("State", "Open", f"It is {_state_of(scene.org)}")
        return detail, _broken(scene, (start,), "may not come in while it is not", missing)
    if scene.permission in standing.access.withheld:
        detail, missing = _withheld(scene, standing, name)
        way = way_to_role(scene, leading[0]) if leading else (start,)
        return detail, _broken(scene, way, "but not through this window", missing)
    if leading:
        detail, missing = _shut(scene)
        way = (*way_to_role(scene, leading[0]), _included(scene))
        return detail, _broken(scene, way, "but only while it is", missing)
    return _without_role(scene, standing, rows, start)


def _without_role(
    scene: Scene, standing: Standing, rows: list[Row], start: Step
) -> tuple[str, tuple[Step, ...]]:
    name, permission = words.first_name(scene.member.name), scene.permission
    if permission.scope is Scope.PLATFORM:
        detail = "It is for those who run the platform; no role of an organization includes it."
        missing = _missing("Role", "Superadmin", "Stands outside every organization")
        return detail, _broken(scene, (start,), "nothing leads from here", missing)
    for row in rows:
        policy = deciding(row.role, permission)
        if policy and row.role in standing.counted:
            detail = f"{row.role.label} includes it only while “{policy.label}” is on."
            missing = _missing("Policy", policy.label, "This policy is off")
            return detail, _broken(
                scene, way_to_role(scene, row), "which includes it only with", missing
            )
    for row in rows:
        if row.role in standing.held - standing.counted and _would(row, standing, permission):
            title = place_thing(scene).title
            detail = f"{title} is not published, and an End User uses what is published."
            missing = _missing("State", "Published", f"{title} is not")
            return detail, _broken(
                scene, way_to_role(scene, row), "which counts once it is", missing
            )
    if Role.END_USER in standing.roles - standing.counted and _usual(permission):
        detail = f"{name} is an End User, who uses only what is shared with them."
    else:
        detail = f"No role that {name} holds includes it."
    return detail, _broken(scene, (start,), "nothing leads from here", _role_wanted(scene))


def _would(row: Row, standing: Standing, permission: Permission) -> bool:
    return permission in permissions_of({row.role}, standing.org.policies)


def _usual(permission: Permission) -> bool:
    return permission in permissions_of({Role.END_USER}, ())


def _absent(standing: Standing, name: str) -> tuple[str, Thing]:
    if standing.ended:
        end = standing.member.expires_at
        ended = f"ended on {words.day(end)}" if end else "ended"
        thing = _missing("Membership", "A membership in force", f"It {ended}")
        return f"{name}’s membership {ended}.", thing
    if standing.member.person is None:
        thing = _missing("Account", "An account", "Nobody has joined under this name yet")
        return f"{name} has not joined yet, and cannot sign in.", thing
    if standing.member.person.is_active:
        thing = _missing("Account", "An account of support", "This one is not, any more")
        return f"{name} is not in support any more.", thing
    thing = _missing("Account", "An account in use", "This one is switched off")
    return f"{name}’s account is switched off.", thing


def _withheld(scene: Scene, standing: Standing, name: str) -> tuple[str, Thing]:
    """The words of what a window of support keeps back, whatever role stands behind it."""
    if scene.permission in OUTLASTING:
        detail = "It would outlast the window through which support was let in."
        return detail, _missing("Membership", "A membership of their own", "This is a window")
    ends = standing.member.window_ends
    until = f" until {format_local(ends, 'j M Y, H:i')}" if ends else ""
    detail = f"{name} was let in as support to read only{until}."
    return detail, _missing("Window", "A window to read and change", "This one is to read only")


def _shut(scene: Scene) -> tuple[str, Thing]:
    """The project's state keeps a role from counting."""
    project = project_of(scene.place)
    if project is None:
        raise LookupError("Only projects are archived.")
    if project.state == Project.State.DELETED:
        until = f" until {format_local(project.deletes_at, 'j M Y')}" if project.deletes_at else ""
        detail = f"{project.name} is deleted; it can be restored{until}."
    else:
        detail = f"{project.name} is archived, and only read."
    state = project.get_state_display().lower()
    return detail, _missing("State", "In use", f"{project.name} is {state}")


def _state_of(org: Bound) -> str:
    return {"closing": "about to be deleted", "pending": "waiting for its first owner"}.get(
        org.state, Organization.State(org.state).label.lower()
    )


def _role_wanted(scene: Scene) -> Thing:
    scopes = {Scope.ORGANIZATION, *(level.scope for level in levels(scene.place))}
    roles: Iterable[Role] = roles_with(scene.permission, scene.org.policies)
    fitting = [role for role in roles if role.scope in scopes]
    if scene.place is not None:
        fitting = [role for role in fitting if role is not Role.END_USER]
    note = f"{words.plural(len(fitting), 'role')} would do" if fitting else "There is none now"
    return _missing("Role", f"A role that includes {scene.permission.value}", note)


def _missing(label: str, title: str, note: str) -> Thing:
    icon = "question-mark-circle"
    return Thing(kind="missing", label=label, title=title, note=note, icon=icon, missing=True)


def _included(scene: Scene) -> Step:
    return Step(link=Link(verb="which includes"), thing=permission_thing(scene))


def _broken(scene: Scene, way: tuple[Step, ...], verb: str, missing: Thing) -> tuple[Step, ...]:
    gap = Step(link=Link(verb=verb), thing=missing)
    end = Step(link=Link(verb="on" if scene.place else "in"), thing=place_thing(scene))
    return (*way, gap, end)


def _nothing(scene: Scene, standing: Standing) -> str:
    """What to do where nothing can be given."""
    name = words.first_name(scene.member.name)
    if scene.permission.scope is Scope.PLATFORM:
        return "Nothing in an organization adds it."
    if standing.member.person is None:
        return f"{name} joins by an invitation first; then a role can be given."
    if not standing.present and not standing.ended and standing.member.is_support:
        return "End the window, and open one for somebody who is in support."
    if not standing.present and not standing.ended:
        return "Whoever runs the platform switches the account on again."
    if not standing.opens(scene.permission):
        return f"{scene.org.name} has to be open again first."
    if scene.permission in standing.access.withheld - OUTLASTING:
        return "Only an Owner may open a window, and one to read and change may include it."
    if scene.permission in standing.access.withheld:
        return "No window includes it, so a member has to do it."
    instead = _NEED_NOT_ASK.get(scene.permission)
    if instead and standing.allows(instead):
        return f"{name} need not ask: {name} may {words.doing(instead, scene.scope)}."
    return "Nothing that can be given here adds it."
