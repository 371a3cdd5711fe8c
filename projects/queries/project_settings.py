"""Reads behind the forms about a project: what may be chosen, and what is there to be changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import Func, Q, QuerySet, TextField, Value

from config.keyset import capped_count
from config.roles import Permission, Policy, Role, Scope
from orgs.access import Access
from orgs.models import Membership
from orgs.queries.members import members_matching
from projects.actions.projects import version_of
from projects.forms.projects import NOWHERE, ProjectFilter, ProjectForm, SettingsForm
from projects.models import Key, Project, Workspace
from projects.policies import ProjectPolicy
from projects.queries.standing import INHERITED, Standing, assignable_workspaces

NAMED = 8


def restores_some(access: Access) -> bool:
    """May there be deleted projects that this person restores?"""
    by_policy = Policy.PROJECT_OWNERS_DELETE in access.policies
    return by_policy or access.can(Permission.PROJECTS_DELETE)


def filter_links(asked: ProjectFilter, workspaces: list[Workspace]) -> dict[str, Any]:
    """Where the filters of the list lead."""
    places = {str(one.pk): one.name for one in workspaces} | {NOWHERE: "No workspace"}
    labels = {label.value or NOWHERE: str(label.label) for label in Project.Environment}
    return {
        "states": [
            (str(state.label), asked.url(state=state.value), state.value) for state in Project.State
        ],
        "labels": [(name, asked.url(label=label)) for label, name in labels.items()],
        "label": labels.get(asked.label, ""),
        "without_label": asked.url(label=""),
        "workspaces": [(name, asked.url(workspace=place)) for place, name in places.items()],
        "workspace": places.get(asked.workspace, "One workspace"),
        "without_workspace": asked.url(workspace=""),
        "mine": asked.url(mine=True),
        "without_mine": asked.url(mine=False),
        "all": "?",
    }


def workspaces_for(access: Access, project: Project | None) -> QuerySet[Workspace] | None:
    """Where it may be put. None: this person may not move it, so there is nothing to choose."""
    choices = assignable_workspaces(access)
    if access.can(Permission.WORKSPACES_ASSIGN_PROJECTS):
        return choices
    here = project.workspace_id if project else None
    if project and project.has_policy(ProjectPolicy.OWNERS_APPROVE):
        # An Owner lets a whole workspace in: what is left is to take it out.
        choices = choices.filter(pk=here) if here else choices.none()
    offered = choices.filter(pk=here) if here else choices
    return choices if offered.exists() else None


def settings_form(access: Access, project: Project) -> SettingsForm:
    initial = {
        "name": project.name,
        "description": project.description,
        "workspace": project.workspace_id,
        "environment": project.environment,
        "is_product": project.is_product,
        "seen": version_of(project),
    }
    return SettingsForm(initial=initial, workspaces=workspaces_for(access, project))


def as_it_is(project: Project) -> Project:
    """The project as it stands now, whatever a refused deed made of the one in hand."""
    rows = Project.objects.in_org(project.organization_id).select_related("workspace")
    return rows.get(pk=project.pk)


def meanwhile(form: ProjectForm | None, project: Project) -> list[tuple[str, str]]:
    """What stands there now and differs from what was about to be saved."""
    said = form.cleaned_data if form else {}
    workspace = said.get("workspace", project.workspace)
    pairs = (
        ("Name", project.name, said.get("name")),
        ("Description", project.description or "none", said.get("description") or "none"),
        (
            "Workspace",
            project.workspace.name if project.workspace else "none",
            workspace.name if workspace else "none",
        ),
        ("Environment label", project.environment or "none", said.get("environment") or "none"),
        ("Product", _yes(project.is_product), _yes(said.get("is_product", False))),
    )
    return [(label, str(now)) for label, now, meant in pairs if now != meant]


def my_standing(access: Access, project: Project) -> Standing:
    """One's own role here, from what the gate has asked already. No round trip."""
    if Role.OWNER in access.roles:
        return Standing(role=Role.OWNER, via=INHERITED, inherited=True)
    held = access.roles_on(project)
    best = next((role for role in Role if role in held and role.scope is Scope.PROJECT), None)
    if best is not None:
        return Standing(role=best, via="On this project")
    if Role.PROJECTS_ADMIN in access.roles:
        return Standing(role=Role.PROJECTS_ADMIN, via=INHERITED, inherited=True)
    above = next((role for role in Role if role in held), None)
    return Standing(role=above, via="Through the workspace" if above else "")


def personal_keys(project: Project) -> int:
    """How many live personal keys stop while its policy is off. Counts to a cap."""
    rows = Key.objects.in_org(project.organization_id).filter(project=project)
    return capped_count(rows.filter(kind=Key.Kind.PERSONAL).live())


def finder(access: Access) -> Callable[[str], list[Membership]] | None:
    """Reads a name or an address as a member; None for who may not see members."""
    if not access.can(Permission.MEMBERS_VIEW):
        return None
    return lambda said: _members_called(access, said)


def people_to_name(access: Access, search: str) -> list[Membership]:
    """The first members who could be a Project Owner and match."""
    if not search or not access.can(Permission.MEMBERS_VIEW):
        return []
    members = Membership.objects.in_org(access.org.id).filter(person__isnull=False)
    found = members_matching(members.exclude(role=Role.END_USER), search)
    return list(found.order_by("sort_name", "id")[:NAMED])


def _members_called(access: Access, said: str) -> list[Membership]:
    members = Membership.objects.in_org(access.org.id)
    exact = list(members.filter(Q(email=said.lower()) | Q(login__iexact=said))[:2])
    if exact:
        return exact
    folded = Func(Value(said), function="fold_name", output_field=TextField())
    return list(members.filter(sort_name=folded)[:2])


def _yes(value: object) -> str:
    return "yes" if value else "no"
