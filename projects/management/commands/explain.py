"""`manage.py explain`: may this person do this, here, and why; the answer that the screen gives."""

import json
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from audit.ledger import Actor
from config.roles import Permission, Policy, Role, Scope
from orgs.access import Access, Bound
from orgs.models import Membership, Organization
from orgs.queries.organizations import organizations_of
from orgs.queries.roster import organization_at
from orgs.tenancy import bound
from projects.explain import Explanation, brief, explain, text
from projects.explain.standing import AnyPlace
from projects.forms.as_of import moment_written
from projects.history.moments import Moment, first_stated, moment_of
from projects.models import Project, Resource, Workspace
from projects.queries.as_of import Verdict, person_answer

_TABLES: dict[Scope, Any] = {
    Scope.WORKSPACE: Workspace.objects.all(),
    Scope.PROJECT: Project.objects.select_related("workspace"),
    Scope.RESOURCE: Resource.objects.select_related("project__workspace"),
}


class Command(BaseCommand):
    help = (
        "May EMAIL do PERMISSION, in the organization or on PLACE, and why? "
        "Ends with 0 for yes, 1 for no and 2 when the question cannot be asked."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", metavar="EMAIL", help="of a member; a login will do")
        parser.add_argument("permission", metavar="PERMISSION", help="such as projects.delete")
        parser.add_argument(
            "place", metavar="PLACE", nargs="?", help="name or id, or project:NAME, resource:ID"
        )
        parser.add_argument(
            "--org", metavar="SLUG", help="needed for who is in several, where PLACE does not tell"
        )
        parser.add_argument(
            "--at", metavar="WHEN", help="a day or a minute of the past, such as 2026-05-03"
        )
        parser.add_argument("--json", action="store_true", dest="as_json")

    def handle(self, *args: Any, as_json: bool, at: str | None, **options: Any) -> None:
        asked = {key: options[key] for key in ("email", "permission", "place", "org")}
        if at:
            self._tell_past(at, **asked)
            return
        answer = _answer(**asked)
        if as_json:
            said = json.dumps(answer.as_dict(), indent=2, ensure_ascii=False)
        else:
            said = text(answer)
        self.stdout.write(said)
        if not answer.allowed:
            raise SystemExit(1)

    def _tell_past(self, at: str, **asked: Any) -> None:
        moment, verdict = _past(at, **asked)
        self.stdout.write(f"As of entry #{moment.number}, {moment.written_at}")
        self.stdout.write(f"{verdict.sentence}\n{verdict.detail}")
        for proof in verdict.proofs:
            entries = ", ".join(f"#{said.number}" for said in proof.entries)
            self.stdout.write(f"  {proof.path.role.label}: {brief(proof.path)} Rests on {entries}.")
        if not verdict.allowed:
            raise SystemExit(1)


@transaction.atomic
def _past(
    at: str, *, email: str, permission: str, place: str | None, org: str | None
) -> tuple[Moment, Verdict]:
    """Of whom and what is there today; on the pages, of those who are gone as well."""
    when = moment_written(at)
    if when is None:
        raise CommandError(f"{at} is no day like 2026-05-03, nor a minute of one.", returncode=2)
    pk = _organization(email, permission, place, org)
    with bound(pk):
        moment = moment_of(pk, min(when, timezone.now()))
        first = first_stated(pk)
        if first is None or moment.sequence < first.sequence:
            raise CommandError("The log cannot say: its entries begin later.", returncode=2)
        on = _place(pk, place) if place else None
        answer = person_answer(
            access=_reader(pk),
            moment=moment,
            member=_member(pk, email).pk,
            scope=on.scope if on else None,
            place=on.pk if on else None,
            permission=Permission(permission),
        )
    if answer.verdict is None:
        raise LookupError("A permission was asked about.")
    return moment, answer.verdict


def _reader(pk: UUID) -> Access:
    """Whoever sits at the server may read the whole log."""
    organization = _bound_of(Organization.objects.get(pk=pk))
    actor = Actor("command", None, "explain")
    return Access(organization=organization, roles=frozenset({Role.OWNER}), identity=actor)


def _organization(email: str, permission: str, place: str | None, org: str | None) -> UUID:
    if permission not in set(Permission):
        raise CommandError(f"There is no permission {permission}.", returncode=2)
    pk = organization_at(org) if org else _organization_of(email, place)
    if pk is None:
        raise CommandError(f"No organization has the address {org}.", returncode=2)
    return pk


@transaction.atomic
def _answer(*, email: str, permission: str, place: str | None, org: str | None) -> Explanation:
    pk = _organization(email, permission, place, org)
    with bound(pk):
        return explain(
            org=_bound_of(Organization.objects.get(pk=pk)),
            member=_member(pk, email),
            permission=Permission(permission),
            place=_place(pk, place) if place else None,
        )


def _organization_of(email: str, place: str | None) -> UUID:
    """The only organization of this person, or the only one of theirs that has such a place."""
    person = User.objects.filter(email=email.lower()).first()
    mine = organizations_of(person.pk) if person else []
    if place and len(mine) > 1:
        mine = [one for one in mine if _has(one.id, place)]
    if len(mine) == 1:
        return mine[0].id
    if mine:
        slugs = ", ".join(one.slug for one in mine)
        raise CommandError(f"Say which organization with --org: {slugs}.", returncode=2)
    raise CommandError(f"{email} is in no organization that could be meant.", returncode=2)


def _has(organization: UUID, place: str) -> bool:
    with bound(organization):
        try:
            return bool(_place(organization, place))
        except CommandError:
            return False


def _bound_of(organization: Organization) -> Bound:
    said = {name: getattr(organization, name) for name in Bound.__slots__}
    said["policies"] = frozenset(map(Policy, said["policies"]))
    said["entitlements"] = frozenset(said["entitlements"])
    return Bound(**said)


def _member(org: UUID, name: str) -> Membership:
    members = Membership.objects.in_org(org).select_related("person")
    found = members.filter(email=name.lower()).first() or members.filter(login=name).first()
    if found is None or not name:
        raise CommandError(f"Nobody in the organization has the address {name}.", returncode=2)
    return found


def _place(org: UUID, said: str) -> AnyPlace:
    """By id or by name, in one kind or in all of them. Two of one name have to be told apart."""
    prefix, colon, rest = said.partition(":")
    scopes = [scope for scope in _TABLES if colon and scope == prefix] or list(_TABLES)
    wanted = rest if len(scopes) == 1 else said
    found: list[AnyPlace] = [
        one
        for scope in scopes
        for one in _matching(_TABLES[scope].filter(organization=org), wanted)
    ]
    if not found:
        raise CommandError(f"Nothing in the organization is called {said}.", returncode=2)
    if len(found) > 1:
        ids = ", ".join(f"{one.scope.value}:{one.pk}" for one in found[:5])
        raise CommandError(f"Several things are called {said}: {ids}.", returncode=2)
    return found[0]


def _matching(rows: Any, wanted: str) -> list[AnyPlace]:
    try:
        return list(rows.filter(pk=UUID(wanted)))
    except ValueError:
        return list(rows.filter(name__iexact=wanted)[:5])
