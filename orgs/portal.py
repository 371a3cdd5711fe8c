"""The platform portal: Django's admin over containers, and nothing of what they contain."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, URLResolver

from config.gate import doors_of, gate
from config.roles import Permission


class Portal(AdminSite):
    site_header = site_title = "Bailiwick portal"
    index_title = "Containers"

    def has_permission(self, request: HttpRequest) -> bool:
        access = getattr(request, "access", None)
        return access is not None and access.can(Permission.PLATFORM_ACCESS_ADMIN_PORTAL)

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """Django's own routes, each with the portal's lock."""
        urls = super().get_urls()
        for _, door in doors_of(urls):
            door.callback = _locked(door.callback)
        return urls

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return redirect("account_login")

    def logout(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return redirect("account_logout")


def _locked(view: Callable[..., Any]) -> Callable[..., Any]:
    # A wrapper, because some of the views are bound methods and cannot be marked.
    @gate(Permission.PLATFORM_ACCESS_ADMIN_PORTAL)
    @wraps(view)
    def locked(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return view(request, *args, **kwargs)

    return locked
