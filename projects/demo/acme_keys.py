"""Acme Robotics: its keys, what holds them back, its service accounts, and what keys did lately.

Only data. Names are invented; addresses are those kept for documentation.
"""

from __future__ import annotations

from orgs.demo.people import ADAM, ALICE, JONAS, SAMIR
from projects.demo.key_lines import (
    Allowed,
    Capped,
    Keyed,
    Placed,
    Program,
    Renewed,
    Reowned,
    Revoked,
    Signed,
    Traffic,
    Unsigned,
)
from projects.demo.lines import Decided, Line
from projects.policies import ProjectPolicy

LEILA, HANA, DANIEL = "Leila Benhadi", "Hana Shiramizu", "Daniel Osterholt"
PICKING, INTAKE, RETURNS = "Warehouse picking", "Order intake", "Returns desk"
DOCK, SHELVES, TRIAGE = "Dock scheduling", "Shelf scanning", "Complaint triage"
LARGE, SMALL, EMBED = "north-large", "north-small", "harbour-embed"

ETL, WIDGET = "Production deployment, ETL", "Support chat widget"
SCANNERS, LYON = "Warehouse scanners", "Lyon pilot"
NIGHTLY, EXPORT, TESTING = "Nightly forecast", "Dashboard export", "Hana, local testing"
FAIR, LOAD = "Trade fair demo", "Load test"
PLATFORM, NIGHTS, IMPORTER = "Robot platform", "Nightly jobs", "Audit archive"

KEYS: tuple[Line, ...] = (
    Capped(
        *("30 Mon 09:00", ALICE, "organization", ""),
        Allowed("2000", rpm=6000, models=(LARGE, SMALL, EMBED), longest_days=365),
    ),
    Program("30 Mon 09:30", ADAM, PLATFORM, "The platform beside the console: asks and reports"),
    Signed("30 Mon 09:35", ADAM, PLATFORM, "Production", ("decide", "record")),
    Signed("30 Mon 09:41", ADAM, PLATFORM, "Staging", ("decide", "record"), "in 60d"),
    Unsigned("41 Tue 11:20", ADAM, "Staging", "Staging reads from production’s platform now"),
    Program("31 Tue 10:00", ADAM, NIGHTS, "What runs while nobody is there"),
    Program("33 Thu 14:00", ALICE, IMPORTER, "Copies the audit log to the archive every night"),
    Signed("33 Thu 14:06", ALICE, IMPORTER, "Archive", ("audit.read",), "in 210d"),
    # Keys, in the order in which they were made
    Keyed(
        *("31 Mon 10:10", LEILA, ETL, INTAKE),
        until="in 118d",
        cost_centre="Data platform",
        limits=Allowed("270", rpm=600, networks=("203.0.113.0/24",), models=(LARGE, SMALL)),
        limited_by=ADAM,
    ),
    Keyed(
        *("31 Wed 11:00", SAMIR, WIDGET, TRIAGE, "chat"),
        until="in 204d",
        limits=Allowed(
            *("400", "month", 60, ("198.51.100.0/24",)),
            *(("Triage", "Reply draft"), (SMALL,)),
        ),
        limited_by=ADAM,
    ),
    Keyed(
        *("32 Tue 09:20", LEILA, SCANNERS, PICKING),
        until="in 88d",
        limits=Allowed("200", rpm=300, networks=("203.0.113.0/24", "2001:db8:2::/48")),
        limited_by=ADAM,
    ),
    Keyed(
        *("36 Mon 08:50", DANIEL, NIGHTLY, DOCK),
        until="in 160d",
        limits=Allowed("150", networks=("203.0.113.24/32",)),
        limited_by=JONAS,
    ),
    Keyed("38 Thu 13:00", ADAM, EXPORT, limits=Allowed("8", models=(SMALL, EMBED)), until="in 9d"),
    Keyed("40 Wed 15:00", ADAM, LOAD, limits=Allowed("50", "day"), until="12d ago"),
    Decided("43 Wed 10:00", HANA, SHELVES, (ProjectPolicy.PERSONAL_KEYS,)),
    Keyed(
        *("43 Thu 16:30", HANA, TESTING, SHELVES, "chat"),
        personal=True,
        until="in 41d",
        limits=Allowed("4", "week", tasks=("Slotting advice",)),
        limited_by=ADAM,
    ),
    Keyed("45 Tue 10:00", ALICE, FAIR, until="in 150d"),
    Keyed(
        *("47 Mon 09:15", LEILA, LYON, RETURNS, "execute, chat"),
        until="in 70d",
        limits=Allowed("15", rpm=30, networks=("192.0.2.128/27",)),
        limited_by=ADAM,
    ),
    # What became of them
    Placed("46 Mon 10:10", ALICE, NIGHTS, DOCK, "Daniel plans the yard now"),
    Reowned("46 Mon 10:14", ALICE, NIGHTLY, NIGHTS, "It has to outlive whoever made it"),
    Revoked("46 Fri 18:25", ALICE, FAIR, "The laptop was left on the train"),
    Capped("47 Thu 09:00", ALICE, "project", PICKING, Allowed("400", rpm=900)),
    Capped("47 Thu 09:06", ALICE, "group", "Platform", Allowed("600")),
    Capped("48 Mon 14:00", ADAM, "creator", HANA, Allowed("25")),
    Renewed("19h ago", LEILA, SCANNERS, 72),
)

_OFFICE = ("203.0.113.24", "203.0.113.25", "203.0.113.40")
TRAFFIC: tuple[Traffic, ...] = (
    Traffic(
        *(ETL, 34, (LARGE, LARGE, SMALL), ("Read orders", "Enter orders", "Check articles")),
        *(_OFFICE, (90_000, 260_000), (9_000, 34_000)),
        refused=(("network", "key", 0.01),),
        last="2m ago",
    ),
    Traffic(
        *(WIDGET, 40, (SMALL,), ("Triage", "Reply draft"), ("198.51.100.7", "198.51.100.19")),
        *((200_000, 700_000), (20_000, 60_000)),
        refused=(("rpm", "key", 0.04), ("task", "key", 0.005)),
        last="1m ago",
    ),
    Traffic(
        *(SCANNERS, 26, (SMALL, LARGE), ("Read a shelf", "Plan a wave")),
        *(("203.0.113.61", "203.0.113.62", "2001:db8:2::14"), (30_000, 160_000), (2_000, 12_000)),
        last="4m ago",
    ),
    Traffic(
        *(LYON, 6, (SMALL,), ("Check a return",), ("192.0.2.140", "192.0.2.141")),
        *((20_000, 90_000), (1_000, 6_000)),
        refused=(("network", "key", 0.4),),
        last="2h ago",
    ),
    Traffic(
        *(NIGHTLY, 5, (LARGE,), ("Forecast",), ("203.0.113.24",)),
        *((150_000, 300_000), (10_000, 30_000)),
        at_night=True,
    ),
    Traffic(
        *(EXPORT, 4, (SMALL, EMBED), ("Export",), ("192.0.2.81",)),
        *((60_000, 400_000), (1_000, 8_000)),
        refused=(("model", "key", 0.05),),
        last="1d 3h ago",
    ),
    Traffic(
        *(TESTING, 3, (SMALL,), ("Slotting advice",), ("192.0.2.12",)),
        *((100_000, 500_000), (10_000, 40_000)),
        refused=(("task", "key", 0.1),),
        last="3d 5h ago",
    ),
    Traffic(*(LOAD, 12, (SMALL,), ("Measure",), ("203.0.113.77",)), *((1_000, 9_000), (100, 900))),
)
