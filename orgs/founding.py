"""What else happens when an organization is founded; apps above this one add to it.

Each is called in the transaction of the founding, bound to the new organization.
"""

from __future__ import annotations

from typing import Protocol

from orgs.models import Organization


class Founded(Protocol):
    def __call__(self, organization: Organization) -> None: ...


_also: list[Founded] = []


def on_founding(callback: Founded) -> None:
    """Do this too, once for each organization. Called when the apps are ready."""
    if callback not in _also:
        _also.append(callback)


def founded(organization: Organization) -> None:
    for callback in _also:
        callback(organization)
