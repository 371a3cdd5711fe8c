"""Making keys: of the organization, of a project, and one's own there.

HTTP only: get, ask, act, show. The text of a key is on the page that answers, and nowhere else.
"""

from __future__ import annotations

from uuid import UUID

from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.debug import sensitive_variables

from audit.events import Event
from config.gate import gate, reason_code, refuse
from config.roles import Permission
from orgs.tenancy import OrgRequest
from orgs.views.dialog import posted
from projects.actions.keys import key_create as make
from projects.doors import ProjectRequest, project_at
from projects.forms.keys import NewKeyForm
from projects.forms.limits import LimitForm
from projects.models import Key, Project
from projects.policies import ProjectPolicy
from projects.queries import key_page
from projects.queries.limits import approved


@gate(Permission.KEYS_CREATE, records=Event.KEY_CREATED)
def key_create(request: OrgRequest, slug: str) -> HttpResponse:
    return _create(request, Key.Kind.ORGANIZATION, None)


@gate(Permission.PROJECTS_CREATE_KEYS, records=Event.KEY_CREATED, on=project_at)
def project_key_create(request: ProjectRequest, slug: str, pk: UUID) -> HttpResponse:
    return _create(request, Key.Kind.PROJECT, request.target)


@gate(Permission.PROJECTS_VIEW, records=Event.KEY_CREATED, on=project_at)
def personal_key_create(request: ProjectRequest, slug: str, pk: UUID) -> HttpResponseBase:
    project, access = request.target, request.access
    # A form that was open when the policy went off is answered by the action, in words.
    if request.method != "POST" and not project.has_policy(ProjectPolicy.PERSONAL_KEYS):
        raise Http404
    if not key_page.does(access, project):
        return refuse(
            request, access, Permission.WORKFLOWS_EXECUTE, event=Event.KEY_CREATED, on=project
        )
    return _create(request, Key.Kind.PERSONAL, request.target)


@sensitive_variables("text")
def _create(request: OrgRequest, kind: Key.Kind, project: Project | None) -> HttpResponse:
    access, said = request.access, posted(request)
    sets_limits = access.can(Permission.KEYS_SET_POLICIES)
    facts = key_page.form_facts(access, project)
    form = NewKeyForm(said, maker=access.membership_id, **facts)
    limits = LimitForm(said if sets_limits else None, approved=approved(access.org.id))
    if form.is_valid() and (not sets_limits or limits.is_valid()):
        try:
            key, text = make(
                kind=kind,
                project=project,
                **form.said(),
                actor=access,
                pk=form.cleaned_data["once"],
                limits=limits.said if sets_limits else None,
            )
        except ValidationError as error:
            _refuse(form, limits, error)
        else:
            return _shown_once(request, key, text)
    return _form(request, kind, project, form, limits)


def _form(
    request: OrgRequest,
    kind: Key.Kind,
    project: Project | None,
    form: NewKeyForm,
    limits: LimitForm,
) -> HttpResponse:
    sets_limits = request.access.can(Permission.KEYS_SET_POLICIES)
    for field in () if sets_limits else limits.fields.values():
        field.disabled = True
    refused = form.is_bound and bool(form.errors or limits.errors)
    context = {
        "kind": kind,
        "project": project,
        "form": form,
        "limits": limits,
        "sets_limits": sets_limits,
        "limits_open": bool(limits.errors) or any(map(limits.data.get, ("budget", "rpm"))),
        "back": _back(request, project),
    }
    response = render(request, "projects/key_create.html", context, status=422 if refused else 200)
    if refused:
        code = reason_code(form if form.errors else limits)
        response.reason_code = code  # type: ignore[attr-defined]
    return response


@sensitive_variables("text", "context")
def _shown_once(request: OrgRequest, key: Key, text: str) -> HttpResponse:
    context = {"key": key, "text": text, "back": _back(request, key.project)}
    context["action"] = key_page.example_action(key)
    context["host"] = f"{request.scheme}://{request.get_host()}"
    return render(request, "projects/key_created.html", context)


def _refuse(form: NewKeyForm, limits: LimitForm, error: ValidationError) -> None:
    """A refusal of one field stands beside it, in whichever form the field is."""
    fields = getattr(error, "error_dict", None)
    target = limits if fields and set(fields) <= set(limits.fields) else form
    target.add_error(None, error)


def _back(request: OrgRequest, project: Project | None) -> str:
    if project is None:
        return reverse("key_list", args=[request.org.slug])
    return reverse("project_keys", args=[request.org.slug, project.pk])
