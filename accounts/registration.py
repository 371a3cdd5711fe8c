"""Who may create an account: everybody, who is approved, or only who was invited.

An invitation is of an organization, which this app knows nothing of: the app above says to whom
a link was sent.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import HttpRequest

from accounts.models import PlatformSettings
from accounts.queries import platform_settings

Registration = PlatformSettings.Registration
Inviting = Callable[[str], str]

_ask: list[Inviting] = []
_LINK = re.compile(r"\A/invitations/([\w-]{1,100})/\Z", re.ASCII)


def on_inviting(callback: Inviting) -> None:
    """Ask this one which address a link invites, "" for none. Called when the apps are ready."""
    if callback not in _ask:
        _ask.append(callback)


def is_open_to_all() -> bool:
    return platform_settings().registration != Registration.CLOSED


def is_open(request: HttpRequest) -> bool:
    """May whoever sends this create an account at all?"""
    return is_open_to_all() or bool(invited(request))


def is_reviewed() -> bool:
    """Does a new account wait for a superadmin's look?"""
    return platform_settings().registration == Registration.APPROVAL


def only_address(request: HttpRequest, *, link: str = "") -> str:
    """The one address for which an account may be created now; "" where any may.

    Whoever comes by an invitation comes as whom it invites, also where others may ask to be let in.
    """
    is_open = platform_settings().registration == Registration.OPEN
    return "" if is_open else invited(request, link=link).lower()


def invited(request: HttpRequest, *, link: str = "") -> str:
    """The address that the open invitation invites to which this request wants to return."""
    link = link or request.POST.get(REDIRECT_FIELD_NAME) or request.GET.get(REDIRECT_FIELD_NAME, "")
    found = _LINK.match(link)
    return next((address for ask in _ask if (address := ask(found[1]))), "") if found else ""
