"""What the page of an import shows of a plan: sums, and the changes in blocks of one kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from config.roles import Role
from orgs.models import Membership, Organization
from orgs.roster.document import Document, OrgFile
from orgs.roster.plan import Change, Kind, Plan

SHOWN = 200
OPEN = 25

# What stands above a block: its title, its icon, and what it means where that is not plain.
TITLES: dict[Kind, tuple[str, str, str]] = {
    Kind.PERSON_REMOVE: ("People to remove", "user-minus", "They lose all access at once."),
    Kind.PERSON_CHANGE_ROLE: ("Roles to change", "arrows-up-down", ""),
    Kind.PERSON_ADD: ("People to add", "user-plus", "They cannot sign in until you invite them."),
    Kind.GROUP_RENAME: ("Groups to rename", "pencil-square", "They keep their people and roles."),
    Kind.GROUP_ADD: ("Groups to add", "plus", ""),
    Kind.GROUP_CHANGE: ("Groups to change", "adjustments-horizontal", ""),
    Kind.GROUP_REMOVE: ("Groups to remove", "trash", "Their people stay in the organization."),
    Kind.SEAT_REMOVE: ("Places in groups to remove", "minus", ""),
    Kind.SEAT_CHANGE: ("Maintainers to mark or unmark", "star", "This carries no permission."),
    Kind.SEAT_ADD: ("Places in groups to add", "user-group", ""),
    Kind.PROJECT_ADD: ("Projects to add", "folder-plus", ""),
    Kind.PROJECT_CHANGE: ("Projects to change", "folder", ""),
    Kind.SHARE_REMOVE: ("Roles in projects to take", "minus", "The group loses them at once."),
    Kind.SHARE_CHANGE: ("Roles in projects to change", "arrows-up-down", ""),
    Kind.SHARE_ADD: ("Roles in projects to give", "share", "Everyone in the group gets them."),
}
REMOVALS = frozenset({Kind.PERSON_REMOVE, Kind.GROUP_REMOVE, Kind.SEAT_REMOVE, Kind.SHARE_REMOVE})


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One change: whom or what it is about, and how it stands before and after."""

    name: str
    note: str = ""
    shape: str = "person"
    before: str = ""
    after: str = ""
    before_role: Role | None = None
    after_role: Role | None = None
    place: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """All changes of one kind, the first ones as a table and the rest as a list."""

    title: str
    icon: str
    note: str
    of_people: bool
    count: int
    lines: list[Line]
    rest: list[Line]
    removes: bool

    @property
    def opened(self) -> bool:
        return self.removes or self.count <= OPEN

    @property
    def has_before(self) -> bool:
        return any(line.before or line.before_role for line in (*self.lines, *self.rest))

    @property
    def has_after(self) -> bool:
        return any(line.after or line.after_role for line in (*self.lines, *self.rest))

    @property
    def has_place(self) -> bool:
        return any(line.place for line in self.lines)


@dataclass(frozen=True, kw_only=True, slots=True)
class Sum:
    """How many of one noun come, change and go."""

    label: str
    added: int
    changed: int
    removed: int
    note: str

    @property
    def nothing(self) -> bool:
        return not (self.added or self.changed or self.removed)


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """One organization of a file that has several."""

    key: str
    people: int
    groups: int
    errors: int
    chosen: bool


def file_choices(document: Document, *, slug: str) -> list[Choice]:
    """The organizations of the file; the one of this name is the one to start from."""
    start = document.org(slug) or document.orgs[0]
    return [
        Choice(
            key=org_file.key,
            people=_people(org_file),
            groups=sum(1 for _ in org_file.walk()),
            errors=sum(p.level == "error" for p in document.problems_of(org_file.key)),
            chosen=org_file is start,
        )
        for org_file in document.orgs
    ]


def entry_count(document: Document) -> int:
    """How many people, groups and places in groups the file names."""
    return sum(
        _people(org_file) + sum(1 + sum(1 for _ in team.people()) for team, _ in org_file.walk())
        for org_file in document.orgs
    )


def _people(org_file: OrgFile) -> int:
    return len({login.key for login in (*(org_file.admins or ()), *(org_file.members or ()))})


def plan_sums(plan: Plan, *, org: UUID) -> list[Sum]:
    """One query: what was bound may be older than the plan."""
    counts = plan.counts
    now = Organization.objects.values_list("member_count", "group_count").get(pk=org)
    people = now[0] + counts[Kind.PERSON_ADD] - counts[Kind.PERSON_REMOVE]
    groups = now[1] + counts[Kind.GROUP_ADD] - counts[Kind.GROUP_REMOVE]
    return [
        Sum(
            label="People",
            added=counts[Kind.PERSON_ADD],
            changed=counts[Kind.PERSON_CHANGE_ROLE],
            removed=counts[Kind.PERSON_REMOVE],
            note=f"{now[0]:,} now, {people:,} after",
        ),
        Sum(
            label="Groups",
            added=counts[Kind.GROUP_ADD],
            changed=counts[Kind.GROUP_CHANGE] + counts[Kind.GROUP_RENAME],
            removed=counts[Kind.GROUP_REMOVE],
            note=f"{now[1]:,} now, {groups:,} after",
        ),
        Sum(
            label="Places in groups",
            added=counts[Kind.SEAT_ADD],
            changed=counts[Kind.SEAT_CHANGE],
            removed=counts[Kind.SEAT_REMOVE],
            note="Who is in which group",
        ),
        Sum(
            label="Projects",
            added=counts[Kind.PROJECT_ADD],
            changed=counts[Kind.PROJECT_CHANGE],
            removed=0,
            note="From repositories",
        ),
        Sum(
            label="Roles of groups in projects",
            added=counts[Kind.SHARE_ADD],
            changed=counts[Kind.SHARE_CHANGE],
            removed=counts[Kind.SHARE_REMOVE],
            note="From levels on repositories",
        ),
    ]


def plan_blocks(plan: Plan, *, org: UUID) -> list[Block]:
    """The plan's changes in its own order. One query, for the names of those who are there."""
    members = Membership.objects.in_org(org).values_list("id", "name", "login", "email")
    names = {str(pk): (name, login or email) for pk, name, login, email in members}
    for change in plan.of(Kind.PERSON_ADD):
        names[change.person] = (str(change.after["login"] or change.after["email"]), "")
    blocks = []
    for kind in Kind:
        if changes := plan.of(kind):
            title, icon, note = TITLES[kind]
            lines = [_line(change, names) for change in changes]
            blocks.append(
                Block(
                    title=title,
                    icon=icon,
                    note=note,
                    of_people=kind.startswith(("person", "seat")),
                    count=len(lines),
                    lines=lines[:SHOWN],
                    rest=lines[SHOWN:],
                    removes=kind in REMOVALS,
                )
            )
    return blocks


def _line(change: Change, names: dict[str, tuple[str, str]]) -> Line:
    if change.project:
        return _project_line(change)
    if not change.person:
        return _group_line(change)
    name, handle = names.get(change.person_id or change.person, (change.person, ""))
    if change.group:
        return Line(
            name=name,
            note=change.group,
            before=_seat(change.before.get("maintainer")),
            after=_seat(change.after.get("maintainer")),
            place=change.line,
        )
    return Line(
        name=name,
        note="" if handle == name else handle,
        before_role=_role(change.before.get("role")),
        after_role=_role(change.after.get("role")),
        place=change.line,
    )


def _group_line(change: Change) -> Line:
    before = _words(change.before)
    if change.kind is Kind.GROUP_RENAME:
        before = ""
    elif change.kind is Kind.GROUP_REMOVE:
        before = change.summary.rpartition(" with ")[2]
    description = change.after.get("description") if change.kind is Kind.GROUP_ADD else ""
    return Line(
        name=change.group,
        note=str(description or ""),
        shape="group",
        before=before,
        after=_words(change.after, new=change.kind is Kind.GROUP_ADD),
        place=change.line,
    )


def _project_line(change: Change) -> Line:
    """A project by itself, or a group with its role there."""
    if change.group:
        return Line(
            name=change.group,
            note=change.project,
            shape="group",
            before_role=_role(change.before.get("role")),
            after_role=_role(change.after.get("role")),
            place=change.line,
        )
    archived = {True: "archived", False: "active", None: ""}
    after = [str(change.after.get("name", "")), str(change.after.get("description", ""))]
    if change.kind is Kind.PROJECT_CHANGE or change.after.get("archived"):
        state = change.after.get("archived")
        after.append(archived[state if isinstance(state, bool) else None])
    words = ", ".join(filter(None, after))
    return Line(name=change.project, shape="project", after=words)


def _words(fields: Mapping[str, object], *, new: bool = False) -> str:
    """The fields of a group that differ, in words; of a new one only what is not usual."""
    words = []
    if "name" in fields:
        words.append(str(fields["name"]))
    if fields.get("parent"):
        words.append(f"inside {fields['parent']}")
    elif "parent" in fields and not new:
        words.append("at the top")
    if fields.get("secret"):
        words.append("secret")
    elif "secret" in fields and not new:
        words.append("visible")
    if "description" in fields and not new:
        words.append(f"“{fields['description']}”" if fields["description"] else "no description")
    return ", ".join(words)


def _role(value: object) -> Role | None:
    return None if value is None else Role(str(value))


def _seat(maintainer: object) -> str:
    return "" if maintainer is None else "Maintainer" if maintainer else "Member"
