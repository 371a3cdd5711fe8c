"""New containers, and whoever is to own them first: named here, and let in by accepting.

An owner for an organization that lost the last one is named in `assignment.py`.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from audit.events import Event
from config.gate import gate
from config.roles import Permission
from orgs import letters
from orgs.actions import containers
from orgs.forms.containers import ContainerForm, OwnerForm
from orgs.models import Invitation, Organization
from orgs.portal.containers import container_at
from orgs.portal.deeds import PortalRequest, posted, refused


@gate(Permission.PLATFORM_CREATE_ORGANIZATIONS, records=Event.ORGANIZATION_CREATED)
def container_create(request: PortalRequest) -> HttpResponse:
    form = posted(request, ContainerForm)
    if form.is_bound and form.is_valid():
        given = form.cleaned_data
        try:
            made = containers.container_create(
                name=given["name"],
                slug=given["slug"],
                owner_email=given["email"],
                preset=given["preset"],
                actor=request.access,
            )
        except ValidationError as refusal:
            form.add_error(None, refusal)
        else:
            return _invited(request, *made)
    return _show(request, "admin/organization_create.html", form)


@gate(Permission.PLATFORM_ASSIGN_FIRST_OWNER, records=Event.INVITATION_SENT)
def container_name_owner(request: PortalRequest, pk: UUID) -> HttpResponse:
    found = container_at(pk)
    form = posted(request, OwnerForm)
    if form.is_bound and form.is_valid():
        try:
            made = containers.container_name_owner(
                organization=pk, email=form.cleaned_data["email"], actor=request.access
            )
        except ValidationError as refusal:
            form.add_error(None, refusal)
        else:
            return _invited(request, *made)
    return _show(request, "admin/organization_owner.html", form, found=found)


def _show(request: PortalRequest, template: str, form: forms.Form, **more: Any) -> HttpResponse:
    context = admin.site.each_context(request) | {"form": form} | more
    return refused(render(request, template, context, status=422 if form.is_bound else 200), form)


def _invited(
    request: PortalRequest, organization: Organization, invitation: Invitation, token: str
) -> HttpResponse:
    """The link goes out by mail and is shown this once: only its hash is kept."""
    link = request.build_absolute_uri(reverse("invitation_view", args=[token]))
    letters.post([letters.first_owner_letter(invitation, organization=organization, link=link)])
    context: dict[str, Any] = {"found": organization, "invitation": invitation, "link": link}
    context |= admin.site.each_context(request)
    return render(request, "admin/organization_invited.html", context)
