"""The doors under an organization, each with an object to stand before. Used by the laws."""

from __future__ import annotations

import hashlib
import itertools
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone

from audit import ledger
from audit.events import Event
from audit.ledger import Target
from config.gate import Lock, doors, lock_of
from config.roles import Preset, Role
from orgs.models import Invitation, Organization, OwnershipOffer, SupportCase, WorkerKey
from orgs.tenancy import bound
from projects.models import (
    EnvironmentClass,
    HumanTask,
    Integration,
    ModelProvider,
    ResourceVersion,
    Secret,
)
from tests.factories import TEST, make_group, make_member, make_seat
from tests.house.books import make_open_invoice, some_watched_project
from tests.house.governed import (
    make_case,
    make_claim,
    make_domain,
    make_exception,
    make_filter,
    make_gone,
    make_rule,
    make_webhook,
    make_worker_key,
    some_window,
)
from tests.projects.factories import (
    make_grant,
    make_project,
    make_request,
    make_resource,
    make_workspace,
)
from tests.projects.keys import make_account, make_key, make_token

# Rules are told apart by their texts.
_numbers = itertools.count(90_000)

MAKERS: dict[str, Callable[[Organization], dict[str, Any]]] = {}


def maker(*families: str) -> Callable[..., Any]:
    def register(make: Callable[[Organization], dict[str, Any]]) -> Callable[..., Any]:
        MAKERS.update(dict.fromkeys(families, make))
        return make

    return register


@maker("member")
def some_member(organization: Organization) -> dict[str, Any]:
    return {"pk": make_member(organization, Role.MEMBER).pk}


@maker("group")
def some_group(organization: Organization) -> dict[str, Any]:
    group = make_group(organization)
    seat = make_seat(group, make_member(organization))
    return {"pk": group.pk, "seat": seat.pk, "role": Role.BILLING_VIEWER.value}


@maker("invitation")
def some_invitation(organization: Organization) -> dict[str, Any]:
    with bound(organization.id):
        token = hashlib.sha256(uuid.uuid4().bytes).digest()
        invitation = Invitation.objects.create(
            organization=organization,
            email=f"{uuid.uuid4().hex}@example.com",
            token_hash=token,
            expires_at=timezone.now() + timedelta(days=7),
        )
        _record(organization)
    return {"pk": invitation.pk}


@maker("ownership")
def some_offer(organization: Organization) -> dict[str, Any]:
    one, other = make_member(organization, Role.OWNER), make_member(organization)
    with bound(organization.id):
        offer = OwnershipOffer.objects.create(
            organization=organization,
            offered_to=other,
            offered_by=one,
            expires_at=timezone.now() + timedelta(days=7),
        )
        _record(organization)
    return {"pk": offer.pk}


@maker("event")
def some_event(organization: Organization) -> dict[str, Any]:
    return {"sequence": 1}


@maker("workspace")
def some_workspace(organization: Organization) -> dict[str, Any]:
    workspace = make_workspace(organization)
    project = make_project(organization, workspace=workspace)
    grant = make_grant(workspace, make_member(organization), Role.WORKSPACE_VIEWER)
    return {"pk": workspace.pk, "project": project.pk, "grant": grant.pk, "target": workspace}


@maker("key")
def some_key(organization: Organization) -> dict[str, Any]:
    project = make_project(organization, workspace=make_workspace(organization))
    holder = make_member(organization)
    make_grant(project, holder, Role.PROJECT_MEMBER)
    key, _ = make_key(project, holder)
    return {"pk": key.pk, "target": key}


@maker("service")
def some_account(organization: Organization) -> dict[str, Any]:
    project = make_project(organization)
    account = make_account(organization, projects=(project,))
    token, _ = make_token(account, "decide")
    return {"pk": account.pk, "project": project.pk, "token": token.pk, "target": account}


@maker("invoice")
def some_invoice(organization: Organization) -> dict[str, Any]:
    return {"pk": make_open_invoice(organization).pk}


@maker("insights")
def some_insights(organization: Organization) -> dict[str, Any]:
    return {"pk": some_watched_project(organization, make_member(organization)).pk}


@maker("limit", "budget")
def some_limit(organization: Organization) -> dict[str, Any]:
    return {"layer": "project", "pk": make_project(organization).pk}


@maker("project", "secret", "agent", "workflow", "tool", "knowledge", "personal")
def some_project(organization: Organization) -> dict[str, Any]:
    project = make_project(organization, workspace=make_workspace(organization))
    grant = make_grant(project, make_member(organization), Role.PROJECT_VIEWER)
    with bound(organization.id):
        secret = Secret.objects.create(
            organization=organization, project=project, name="TOKEN", ciphertext=b"-", length=1
        )
        _record(organization)
    return {"pk": project.pk, "grant": grant.pk, "secret": secret.pk, "target": project}


@maker("resource", "publish", "hub")
def some_resource(organization: Organization) -> dict[str, Any]:
    project = make_project(organization, workspace=make_workspace(organization))
    agent = make_resource(project, "agent", published_at=timezone.now())
    grant = make_grant(agent, make_member(organization), Role.RESOURCE_USER)
    with bound(organization.id):
        ResourceVersion.objects.create(
            organization=organization, resource=agent, number=1, configuration={}
        )
        _record(organization)
    return {"pk": agent.pk, "grant": grant.pk, "number": 1, "target": agent}


@maker("environment")
def some_environment_class(organization: Organization) -> dict[str, Any]:
    with bound(organization.id):
        size = EnvironmentClass.objects.create(
            organization=organization, name=uuid.uuid4().hex, cpus=2, memory=4, disk=20
        )
        _record(organization)
    return {"pk": size.pk}


@maker("integration")
def some_integration(organization: Organization) -> dict[str, Any]:
    with bound(organization.id):
        integration = Integration.objects.create(
            organization=organization, kind="scm", name=uuid.uuid4().hex, provider="github"
        )
        _record(organization)
    return {"pk": integration.pk}


@maker("provider")
def some_provider(organization: Organization) -> dict[str, Any]:
    with bound(organization.id):
        provider = ModelProvider.objects.create(
            organization=organization,
            name=uuid.uuid4().hex,
            provider="anthropic",
            ciphertext=b"-",
        )
        _record(organization)
    return {"pk": provider.pk}


@maker("request")
def some_request(organization: Organization) -> dict[str, Any]:
    asker = make_member(organization)
    return {"pk": make_request(asker, "project", name=uuid.uuid4().hex).pk}


@maker("task")
def some_task(organization: Organization) -> dict[str, Any]:
    project = make_project(organization)
    member = make_member(organization)
    with bound(organization.id):
        task = HumanTask.objects.create(
            organization=organization, project=project, title="Look", assigned_to=member
        )
        _record(organization)
    return {"pk": task.pk}


# --- How the organization is run ------------------------------------------------------------------


@maker("webhook")
def some_webhook(organization: Organization) -> dict[str, Any]:
    with bound(organization.id):
        webhook = make_webhook(organization, None, uuid.uuid4().hex)
        _record(organization)
    return {"pk": webhook.pk}


@maker("support")
def some_support(organization: Organization) -> dict[str, Any]:
    return {"pk": some_window(organization, make_member(organization, Role.OWNER)).pk}


@maker("support_case")
def some_case(organization: Organization) -> dict[str, Any]:
    member = make_member(organization, Role.ADMIN)
    with bound(organization.id):
        number = SupportCase.objects.in_org(organization).count() + 1
        case = make_case(organization, member, "Nothing works", number)
        _record(organization)
    return {"pk": case.pk}


@maker("owner")
def some_claim(organization: Organization) -> dict[str, Any]:
    claimant = make_member(organization, Role.ADMIN)
    with bound(organization.id):
        claim = make_claim(organization, claimant)
        _record(organization)
    return {"pk": claim.pk}


@maker("domain")
def some_domain(organization: Organization) -> dict[str, Any]:
    with bound(organization.id):
        domain = make_domain(organization, None)
        _record(organization)
    return {"pk": domain.pk}


@maker("rule", "pack")
def some_rule(organization: Organization) -> dict[str, Any]:
    with bound(organization.id):
        rule = make_rule(organization, f"between 0 and {next(_numbers)} Owners")
        _record(organization)
    return {"pk": rule.pk, "preset": Preset.S1.value}


@maker("rule_exception")
def some_exception(organization: Organization) -> dict[str, Any]:
    member = make_member(organization)
    with bound(organization.id):
        rule = make_rule(organization, f"between 0 and {next(_numbers)} Owners")
        exception = make_exception(organization, rule, member)
        _record(organization)
    return {"pk": exception.pk}


@maker("worker")
def some_worker_key(organization: Organization) -> dict[str, Any]:
    with bound(organization.id):
        key = WorkerKey.objects.in_org(organization).filter(replaced_at=None).first()
        key = key or make_worker_key(organization)
        _record(organization)
    return {"pk": key.pk}


@maker("filter")
def some_filter(organization: Organization) -> dict[str, Any]:
    member = make_member(organization)
    with bound(organization.id):
        kept = make_filter(organization, member, uuid.uuid4().hex, shared=True)
        _record(organization)
    return {"pk": kept.pk}


@maker("audit")
def somebody_gone(organization: Organization) -> dict[str, Any]:
    with bound(organization.id):
        return {"pk": make_gone(organization, "Ines Duarte")}


def _record(organization: Organization) -> None:
    ledger.record(
        Event.OWNERSHIP_ACCEPTED,
        organization=organization.id,
        actor=TEST,
        target=Target("member", None, ""),
    )


# An offer is made to a member, the other deeds on ownership are on an offer; and insights of a
# project are another thing than the project.
ELSEWHERE = (
    {"ownership_offer": "member", "rule_exception_end": "rule_exception"}
    | dict.fromkeys(
        ("project_insights", "project_insights_enable", "project_insights_disable"), "insights"
    )
    | dict.fromkeys(
        ("support_case_view", "support_case_answer", "support_case_solve"), "support_case"
    )
)


@dataclass(frozen=True)
class Door:
    name: str
    lock: Lock
    wanted: tuple[str, ...]

    def objects(self, organization: Organization) -> dict[str, Any]:
        if not self.wanted:
            return {}
        family = ELSEWHERE.get(self.name, self.name.split("_")[0])
        made = MAKERS[family](organization)
        return {name: made[name] for name in self.wanted} | {"target": made.get("target")}


def organization_doors() -> list[Door]:
    found = []
    for route, door in doors():
        lock = lock_of(door.callback)
        if route.startswith("/o/") and lock:
            names = tuple(name for name in door.pattern.converters)
            found.append(Door(str(door.name), lock, names))
    return found


def address(organization: Organization, door: Door, objects: dict[str, Any]) -> str:
    named = {name: objects[name] for name in door.wanted}
    return reverse(door.name, kwargs={"slug": organization.slug, **named})
