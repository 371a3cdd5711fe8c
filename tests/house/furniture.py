"""An organization with one of everything in it, all of it about the same few people and places.

`doors.py` makes an object for one door; here they stand together, as a walk through the console
finds them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils import timezone

from audit import ledger
from audit.events import Event
from audit.ledger import Target
from config.roles import Preset, Role
from orgs.actions.notices import notify
from orgs.models import Group, GroupMembership, Membership, Organization
from orgs.tenancy import bound
from projects.models import (
    EnvironmentClass,
    Execution,
    HumanTask,
    Integration,
    InvitationProject,
    Key,
    Limit,
    ModelProvider,
    Project,
    ProjectEnvironment,
    ProjectProvider,
    Request,
    Resource,
    ResourceVersion,
    Secret,
    ServiceAccount,
    ServiceToken,
    Workspace,
)
from projects.models.grants import ProjectGrant, ResourceGrant, WorkspaceGrant
from tests.factories import TEST, make_group, make_member, make_seat
from tests.house.books import Books, keep_books
from tests.house.doors import Door, some_invitation
from tests.house.governed import Governed, govern
from tests.projects.factories import (
    make_grant,
    make_group_role,
    make_project,
    make_request,
    make_resource,
    make_workspace,
)
from tests.projects.keys import (
    Platform,
    make_account,
    make_key,
    make_limit,
    make_secret,
    make_token,
)


@dataclass(frozen=True, kw_only=True)
class Furniture:
    holder: Membership
    group: Group
    seat: GroupMembership
    workspace: Workspace
    project: Project
    resources: dict[str, Resource]
    unpublished: Resource
    grants: dict[str, WorkspaceGrant | ProjectGrant | ResourceGrant]
    secret: Secret
    size: EnvironmentClass
    integration: Integration
    provider: ModelProvider
    invitation: Any
    requests: list[Request]
    key: Key
    limit: Limit
    account: ServiceAccount
    token: ServiceToken
    books: Books
    governed: Governed

    @property
    def agent(self) -> Resource:
        return self.resources["agent"]

    def objects(self, door: Door, mine: Belongings) -> list[dict[str, Any]]:
        """What this door can stand before here: one set of its arguments each."""
        family = door.name.split("_")[0]
        place = {"workspace": "workspace", "resource": "resource"}.get(family, "project")
        common = {
            "grant": self.grants[place].pk,
            "secret": self.secret.pk,
            "seat": self.seat.pk,
            "project": self.project.pk,
            "role": Role.BILLING_VIEWER.value,
            "number": 1,
            "sequence": 1,
            "token": self.token.pk,
            "layer": "project",
            "preset": Preset.S1.value,
        }
        governed = self._governing(door.name)
        return [common | {"pk": pk} for pk in governed or self._subjects(family, mine)]

    def _governing(self, route: str) -> list[Any]:
        rows = self.governed
        known = {
            "support_case": rows.case.pk,
            "support": rows.window.pk,
            "owner": rows.claim.pk,
            "webhook": rows.webhook.pk,
            "domain": rows.domain.pk,
            "rule_exception_end": rows.exception.pk,
            "rule": rows.rule.pk,
            "worker": rows.worker_key.pk,
            "filter": rows.kept.pk,
            "audit": rows.gone,
        }
        found = [pk for start, pk in known.items() if route.startswith(f"{start}_")]
        return [known[route]] if route in known else found[:1]

    def _subjects(self, family: str, mine: Belongings) -> list[Any]:
        known: dict[str, list[Any]] = {
            "group": [self.group],
            "workspace": [self.workspace],
            # The kinds whose doors ask for different permissions.
            "resource": [self.resources[kind] for kind in ("agent", "runner", "automation")],
            "publish": [self.unpublished],
            "hub": [self.agent],
            "environment": [self.size],
            "integration": [self.integration],
            "provider": [self.provider],
            "request": [self.requests[0], mine.request],
            "task": [mine.task],
            "key": [self.key, mine.key],
            "service": [self.account],
            "limit": [self.project],
            "member": [self.holder],
            "ownership": [self.holder],
            "invoice": [self.books.invoice],
        }
        if family == "invitation":
            return [self.invitation]
        return [subject.pk for subject in known.get(family, [self.project])]


@dataclass(frozen=True, kw_only=True)
class Belongings:
    """What waits for one member: something they were told, asked for, and have to do."""

    request: Request
    task: HumanTask
    key: Key


def furnish(
    organization: Organization, holder: Membership | None = None, *, prefix: str = ""
) -> Furniture:
    """The holder, somebody new unless told who, has a role on every place, and is in the group.

    The prefix is before every name.
    """
    holder = holder or make_member(organization, name=f"{prefix}Grace Obi")
    group = make_group(organization, f"{prefix}DevOps")
    seat = make_seat(group, holder)
    make_group_role(group, Role.AUDIT_LOG_READER)
    workspace = make_workspace(organization, f"{prefix}Payments")
    project = make_project(
        organization, f"{prefix}Checkout", workspace=workspace, policies=["personal_keys"]
    )
    resources = {
        kind: make_resource(project, kind, f"{prefix}{kind}")
        for kind in ("workflow", "tool", "knowledge_base")
    }
    resources["agent"] = make_resource(
        project, "agent", f"{prefix}Agent", published_at=timezone.now()
    )
    resources |= {
        kind: make_resource(organization, kind, f"{prefix}{kind}", version=2)
        for kind in ("runner", "automation")
    }
    unpublished = make_resource(project, "agent", f"{prefix}Not in the Hub")
    grants = {
        "workspace": make_grant(workspace, holder, Role.WORKSPACE_VIEWER),
        "project": make_grant(project, holder, Role.PROJECT_MEMBER),
        "resource": make_grant(resources["agent"], holder, Role.RESOURCE_USER),
    }
    ends = timezone.now() + timedelta(days=5)
    for place, role in (
        (workspace, Role.WORKSPACE_COLLABORATOR),
        (project, Role.PROJECT_VIEWER),
        (resources["agent"], Role.RESOURCE_USER),
    ):
        make_grant(place, group, role, expires_at=ends)
    own, on = {"for_member": holder}, {"project": project}
    requests = [
        make_request(holder, "access", role=Role.PROJECT_OWNER.value, **on, **own),
        make_request(holder, "publish", resource=unpublished),
        make_request(holder, "production", role=Role.PROJECT_MEMBER.value, **on, **own),
        make_request(holder, "group", group=make_group(organization, "Builders"), **own),
        make_request(holder, "project", name="Another one"),
    ]
    with bound(organization.id):
        parts = _parts(organization, project, resources)
        invitation = some_invitation(organization)["pk"]
        InvitationProject.objects.create(
            organization=organization,
            invitation_id=invitation,
            project=project,
            role=Role.PROJECT_VIEWER.value,
        )
        _record(organization)
    machines = _keys(organization, project, holder, prefix)
    return Furniture(
        **machines,
        books=keep_books(project, machines["key"], group, holder, prefix=prefix),
        governed=govern(organization, holder, prefix=prefix),
        holder=holder,
        group=group,
        seat=seat,
        workspace=workspace,
        project=project,
        resources=resources,
        unpublished=unpublished,
        grants=grants,
        invitation=invitation,
        requests=requests,
        **parts,
    )


def _parts(
    organization: Organization, project: Project, resources: dict[str, Resource]
) -> dict[str, Any]:
    size = EnvironmentClass.objects.create(
        organization=organization, name="Large", cpus=8, memory=32, disk=100
    )
    ProjectEnvironment.objects.create(
        organization=organization, project=project, environment_class=size
    )
    for resource in resources.values():
        for number in (1, 2):
            ResourceVersion.objects.create(
                organization=organization, resource=resource, number=number, configuration={}
            )
    Execution.objects.create(
        organization=organization, project=project, resource=resources["agent"], summary="A run"
    )
    Execution.objects.create(organization=organization, kind="log", resource=resources["runner"])
    provider = ModelProvider.objects.create(
        organization=organization, name="Our models", provider="google", ciphertext=b"-"
    )
    ProjectProvider.objects.create(organization=organization, project=project, provider=provider)
    return {
        "provider": provider,
        "size": size,
        "integration": Integration.objects.create(
            organization=organization, kind="scm", name="Our code", provider="github"
        ),
        "secret": Secret.objects.create(
            organization=organization, project=project, name="TOKEN", ciphertext=b"-", length=1
        ),
    }


def _keys(
    organization: Organization, project: Project, holder: Membership, prefix: str
) -> dict[str, Any]:
    """A key that is being rotated, with limits, used and refused; and the account of a service."""
    key, text = make_key(project, holder, f"{prefix}Nightly")
    rotate(key)
    account = make_account(organization, f"{prefix}Gateway", (project,))
    make_key(organization, account, f"{prefix}Forecast")
    platform = Platform(organization)
    platform.verify(text)
    limit = make_limit(key, budget=10**9, rpm=1)
    make_limit(project, budget=10**12)
    for _ in range(2):
        platform.verify(text)
    token, _ = make_token(account, "decide")
    return {"key": key, "limit": limit, "account": account, "token": token}


def rotate(key: Key) -> None:
    """Another secret beside the one there is, which works on for a day."""
    with bound(key.organization_id):
        key.secrets.update(ends_at=timezone.now() + timedelta(days=1))
        _record(key.organization_id)
    make_secret(key)


def belongings(member: Membership, project: Project) -> Belongings:
    """So that the doors which open only for one's own have something behind them."""
    request = make_request(member, "project", name=f"A project of {member.name}")
    organization = member.organization_id
    key, _ = make_key(project, member, f"Key of {member.name}", kind="personal")
    rotate(key)
    with bound(organization):
        notify(organization=organization, members=[member], text="Look", path="/inbox/", mail=False)
        task = HumanTask.objects.create(
            organization_id=organization, project=project, title="Approve it", assigned_to=member
        )
        _record(organization)
    return Belongings(request=request, task=task, key=key)


def _record(organization: Any) -> None:
    ledger.record(
        Event.OWNERSHIP_ACCEPTED,
        organization=getattr(organization, "pk", organization),
        actor=TEST,
        target=Target("member", None, ""),
    )
