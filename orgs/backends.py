"""Django's own `user.has_perm` goes through the access of the request, and nowhere else."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.core.exceptions import PermissionDenied

from config.roles import Permission
from orgs.access import Access


class AccessBackend(BaseBackend):
    def has_perm(self, user_obj: Any, perm: str, obj: Any = None) -> bool:
        access: Access | None = getattr(user_obj, "access", None)
        try:
            permission = Permission(perm)
        except ValueError:
            raise PermissionDenied from None
        if access is None or not access.can(permission, obj):
            raise PermissionDenied
        return True

    def has_module_perms(self, user_obj: Any, app_label: str) -> bool:
        raise PermissionDenied
