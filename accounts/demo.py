"""The demo's doors: one person for each role, who may be entered without a password.

They exist only where `is_open()` says so, and only for those whom the demo's data holds.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings

from accounts.models import User
from config.roles import Role


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One part of the cast: whom a button signs in, and what it says."""

    key: str
    role: str
    name: str
    line: str
    email: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Door:
    """A button on the sign-in page; `person` gives it the face it has in the console."""

    part: Part
    person: UUID


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    label: str
    doors: list[Door]


CAST: tuple[tuple[str, tuple[Part, ...]], ...] = (
    (
        "Organization",
        (
            Part(
                key="alice",
                role=Role.OWNER.label,
                name="Alice Marlow",
                line="Alice. Has the last word",
                email="alice.marlow@acme.example",
            ),
            Part(
                key="adam",
                role=Role.ADMIN.label,
                name="Adam Brandt",
                line="Adam. Sets up and invites",
                email="adam.brandt@acme.example",
            ),
            Part(
                key="mia",
                role=Role.MEMBER.label,
                name="Mia Castellano",
                line="Mia. Builds and runs tasks",
                email="mia.castellano@acme.example",
            ),
            Part(
                key="vera",
                role=Role.VIEWER.label,
                name="Vera Lindqvist",
                line="Vera. Reads, changes nothing",
                email="vera.lindqvist@acme.example",
            ),
            Part(
                key="eddie",
                role=Role.END_USER.label,
                name="Eddie Okafor",
                line="Eddie. Uses published agents",
                email="eddie.okafor@acme.example",
            ),
        ),
    ),
    (
        "Outside Acme",
        (
            Part(
                key="oscar",
                role=f"Another {Role.OWNER.label}",
                name="Oscar Novak",
                line="Oscar. Sees nothing of Acme",
                email="oscar.novak@umbrella.example",
            ),
            Part(
                key="sam",
                role=Role.SUPERADMIN.label,
                name="Sam Whitfield",
                line="Sam. Containers, no contents",
                email="sam.whitfield@bailiwick.example",
            ),
        ),
    ),
)


def is_open() -> bool:
    """The settings ask for the demo, and nobody but this machine or a developer could reach it."""
    return settings.DEMO and (settings.DEBUG or is_loopback(settings.BIND_ADDRESS))


def is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address.strip("[]")).is_loopback
    except ValueError:
        return address == "localhost"


def cast() -> list[Section]:
    """Those of the cast who may be entered here; one query, and none where there is no demo."""
    if not is_open():
        return []
    emails = [part.email for _, parts in CAST for part in parts]
    present = dict(User.objects.filter(email__in=emails, is_active=True).values_list("email", "pk"))
    sections = [
        Section(
            label=label,
            doors=[
                Door(part=part, person=present[part.email])
                for part in parts
                if part.email in present
            ],
        )
        for label, parts in CAST
    ]
    return [section for section in sections if section.doors]


def part_of(key: str) -> Part | None:
    return next((part for _, parts in CAST for part in parts if part.key == key), None)
