"""The people part of a plan: who joins, leaves, or changes between Owner and not Owner.

A file knows two roles. Its `members` are everyone who is not an Owner, so an Admin, a Viewer or
an End User who stands there keeps that role.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from config.roles import Role
from orgs.roster.changes import Change, Kind
from orgs.roster.document import Login, OrgFile, Problem, step
from orgs.roster.snapshot import MEMBER, OWNER, PersonNow, Snapshot


@dataclass(frozen=True, slots=True)
class Ref:
    """A person of the organization after the plan; `id` is None for one whom the plan adds."""

    key: str
    label: str
    id: str | None


@dataclass(slots=True)
class People:
    """What the plan does with people, and how the teams' logins find them."""

    changes: list[Change] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    removed: set[str] = field(default_factory=set)
    owners_after: int = 0
    _present: dict[str, PersonNow] = field(default_factory=dict)
    _wanted: dict[str, Ref] = field(default_factory=dict)
    _by_id: dict[str, PersonNow] = field(default_factory=dict)

    def find(self, login: Login) -> Ref | None:
        """The person behind a login, if in the organization after the plan."""
        if ref := self._wanted.get(login.key):
            return ref
        person = self._present.get(login.key)
        if person is None or person.id in self.removed:
            return None
        return self.present(person.id)

    def present(self, who: str) -> Ref:
        person = self._by_id[who]
        return Ref(person.key, person.handle, person.id)


def plan_people(
    org: OrgFile, snapshot: Snapshot, *, keep_owner_keys: Collection[str], file: str
) -> People:
    """Compare the file's two lists with the people there are."""
    people = People(_present=_by_key(snapshot), _by_id={p.id: p for p in snapshot.people})
    kept = {key.lower() for key in keep_owner_keys}
    protected = {p.id for p in snapshot.people if p.role == OWNER and _protected(p, kept)}
    wanted = _wanted(org, people, file=file)
    for login, role, person in wanted:
        if person is None:
            people.changes.append(_add(login, role))
        elif (role == OWNER) != (person.role == OWNER) and person.id not in protected:
            people.changes.append(_change_role(person, role, line=login.line))
    named = {person.id for _, _, person in wanted if person}
    seats = Counter(who for group in snapshot.groups for who in group.members)
    for person in snapshot.people:
        if person.id not in named and person.id not in protected:
            people.changes.extend(_unnamed(org, person, seats=seats[person.id]))
    people.changes.sort(key=lambda change: change.after.get("role") != OWNER)
    people.removed = {
        change.person_id
        for change in people.changes
        if change.person_id and change.kind is Kind.PERSON_REMOVE
    }
    people.problems.extend(_kept_owners(org, snapshot, wanted, protected, file=file))
    people.owners_after = len(protected) + _promoted(people, snapshot)
    return people


Wanted = tuple[Login, str, PersonNow | None]


def _protected(person: PersonNow, kept: set[str]) -> bool:
    """Owners who can sign in, or whom the caller names, stay Owners whatever a file says."""
    names = {person.id.lower(), person.key, (person.email or "").lower()}
    return not person.placeholder or bool(names & kept)


def _by_key(snapshot: Snapshot) -> dict[str, PersonNow]:
    """Everyone by e-mail address and by what a file calls them; the latter wins."""
    found = {person.email.lower(): person for person in snapshot.people if person.email}
    found.update({person.key: person for person in snapshot.people})
    return found


def _wanted(org: OrgFile, people: People, *, file: str) -> list[Wanted]:
    """Everyone in the file once, with the role and the present person."""
    wanted: list[Wanted] = []
    first: dict[str, Login] = {}
    for name, role, logins in (
        ("admins", OWNER, org.admins),
        ("members", MEMBER, org.members),
    ):
        for index, login in enumerate(logins or ()):
            if login.key in people._wanted:
                continue  # said twice: reading warned, or refused if in both roles
            person = people._present.get(login.key)
            other = first.setdefault(person.id, login) if person else login
            people._wanted[login.key] = Ref(
                person.key if person else login.key,
                person.handle if person else login.value,
                person.id if person else None,
            )
            if other is login:
                wanted.append((login, role, person))
            else:
                path = f"{step(org.path, name)}[{index}]"
                people.problems.append(_same_person(other, login, path, org, file))
    return wanted


def _same_person(first: Login, second: Login, path: str, org: OrgFile, file: str) -> Problem:
    message = (
        f"'{first.value}' (line {first.line}) and '{second.value}' (line {second.line}) are one "
        "person here, by login and by e-mail address. Keep one of the two."
    )
    return Problem("error", "login.same_person", message, path, second.line, file, org.key)


def _add(login: Login, role: str) -> Change:
    return Change(
        kind=Kind.PERSON_ADD,
        summary=f"Add {login.value} as {Role(role).label}, who cannot sign in until invited",
        person=login.key,
        after={
            "login": None if login.email else login.value,
            "email": login.email,
            "role": role,
        },
        line=login.line,
    )


def _change_role(person: PersonNow, role: str, *, line: int | None = None) -> Change:
    return Change(
        kind=Kind.PERSON_CHANGE_ROLE,
        summary=f"Change {person.handle} from {Role(person.role).label} to {Role(role).label}",
        person=person.key,
        person_id=person.id,
        before={"role": person.role},
        after={"role": role},
        line=line,
    )


def _unnamed(org: OrgFile, person: PersonNow, *, seats: int) -> Iterator[Change]:
    """What happens to someone whom the file does not name; a list it lacks manages nobody."""
    listed = org.admins if person.role == OWNER else org.members
    if listed is None:
        return
    if org.members is None:
        yield _change_role(person, MEMBER)
        return
    groups = f" and from {seats} group{'s' * (seats != 1)}" if seats else ""
    yield Change(
        kind=Kind.PERSON_REMOVE,
        summary=f"Remove {person.handle} from the organization{groups}",
        person=person.key,
        person_id=person.id,
        before={"role": person.role},
    )


def _kept_owners(
    org: OrgFile, snapshot: Snapshot, wanted: list[Wanted], protected: set[str], *, file: str
) -> Iterator[Problem]:
    """Say which Owners stay against the file."""
    roles = {person.id: role for _, role, person in wanted if person}
    names = [
        person.handle
        for person in snapshot.people
        if person.id in protected
        and roles.get(person.id, None if org.admins is not None else OWNER) != OWNER
    ]
    if names:
        verb = "stays Owner" if len(names) == 1 else "stay Owners"
        message = (
            f"{', '.join(sorted(names, key=str.casefold))} {verb}, although not among the file's "
            "admins. An import neither removes nor demotes an Owner who can sign in."
        )
        path = step(org.path, "admins")
        yield Problem("warning", "owner.kept", message, path, org.line, file, org.key)


def _promoted(people: People, snapshot: Snapshot) -> int:
    """How many people with an account become Owners."""
    able = {person.id for person in snapshot.people if not person.placeholder}
    return sum(
        change.kind is Kind.PERSON_CHANGE_ROLE
        and change.after["role"] == OWNER
        and change.person_id in able
        for change in people.changes
    )
