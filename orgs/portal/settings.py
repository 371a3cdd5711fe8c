"""The platform's own settings: who may create an account, whom to ask, and what is going on."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from accounts.actions import platform_settings_change
from accounts.models import PlatformSettings
from accounts.queries import platform_settings as present_settings
from audit.events import Event
from config.gate import gate
from config.roles import Permission
from orgs.forms.platform import PlatformSettingsForm
from orgs.portal.deeds import PortalRequest, done, refused


@gate(Permission.PLATFORM_MANAGE_SETTINGS, records=Event.PLATFORM_SETTINGS_CHANGED)
def platform_settings(request: PortalRequest) -> HttpResponse:
    present = present_settings()
    names = PlatformSettingsForm.base_fields
    data = request.POST if request.method == "POST" else None
    form = PlatformSettingsForm(data, initial={name: getattr(present, name) for name in names})
    if form.is_valid():
        given = form.cleaned_data
        registration = PlatformSettings.Registration(given.pop("registration"))
        platform_settings_change(registration=registration, **given, actor=request.access.identity)
        return done(request, "Settings saved.", reverse("admin:platform_settings"))
    context = admin.site.each_context(request) | {"form": form, "present": present}
    status = 422 if form.is_bound else 200
    return refused(render(request, "admin/settings.html", context, status=status), form)
