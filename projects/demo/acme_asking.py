"""Acme Robotics: what people asked for and were told, and the tasks that wait. Names are invented.

Only data.
"""

from __future__ import annotations

from config.roles import Permission, Role
from orgs.demo.people import ALICE, EDDIE, INES, JONAS, MIA, SAMIR, VERA
from projects.demo.lines import Answer, Asked, Line, Promised, Told, Waiting

LEILA, FREYA = "Leila Benhadi", "Freya Holmstad"
WAVE, RETURN = "Release a picking wave", "Check a return"

REQUESTS: tuple[Line, ...] = (
    Asked(
        *("33 Mon 10:00", "Sofia Brancaleon", "project"),
        "Two suppliers were late twice, and nobody saw it coming",
        name="Supplier watch",
        description="Who delivers late, and who is about to",
        answer=Answer("33 Tue 09:32", ALICE, approved=True),
    ),
    Asked(
        *("41 Tue 16:00", "Chloé Dervaux", "access", "Returns in Lyon go through my hands"),
        on="Returns desk",
        role=Role.PROJECT_MEMBER,
        answer=Answer("41 Wed 09:11", ALICE, approved=True, said="Welcome"),
    ),
    Asked(
        *("45 Tue 10:00", "Grace Obwari", "publish", "The shift asks for it every day"),
        on="Pallet finder",
        answer=Answer("45 Wed 11:01", LEILA, approved=True),
    ),
    Asked(
        *("46 Thu 09:30", "Daniel Osterholt", "production", "To see why vans wait at night"),
        on="Fleet health",
        role=Role.PROJECT_MEMBER,
        answer=Answer("46 Thu 15:00", JONAS, approved=False, said="Battery watch shows the same"),
    ),
    Asked(
        *("47 Mon 10:00", INES, "group", "Leads the tests of three projects"),
        on="Tech Leads",
        to="Grace Obwari",
        answer=Answer("47 Tue 09:00", ALICE, approved=False, said="In spring, once she leads them"),
    ),
    Asked(
        *("49 Mon 11:00", MIA, "access", "To put a price on each picked box"),
        role=Role.BILLING_VIEWER,
        permission=Permission.BILLING_VIEW_COSTS,
        answer=Answer(
            *("49 Mon 15:00", ALICE), approved=False, said="Finance sends the figures each month"
        ),
    ),
    Asked(
        *("2d 4h ago", FREYA, "project", "Lyon opens a cold store in February"),
        name="Cold store",
        description="Picking at four degrees below zero",
    ),
    Asked(
        *("1d 6h ago", "Bea Thornwick", "publish", "Four branches ask for it by phone"),
        on="Parts finder",
    ),
    Asked(
        *("20h 10m ago", SAMIR, "production", "Complaints about orders start there"),
        on="Order intake",
        role=Role.PROJECT_MEMBER,
        until="in 60d",
    ),
    Asked(
        *("5h 25m ago", VERA, "access", "The year’s books need the log as a file"),
        role=Role.AUDIT_LOG_READER,
        permission=Permission.AUDIT_EXPORT,
    ),
    Asked(
        *("2h 40m ago", INES, "group", "Takes over the machines in Lyon"),
        on="DevOps",
        to=FREYA,
        until="in 90d",
    ),
)

TASKS: tuple[Line, ...] = (
    Waiting(
        *("2h 15m ago", MIA, WAVE, EDDIE, "Approve the wave of 14:00"),
        "58 orders, 12 robots, two aisles. Aisle 7 is narrow today: the floor is being painted.",
        "in 1d",
    ),
    Waiting(
        *("22h 5m ago", "Chloé Dervaux", RETURN, EDDIE, "Sign for a damaged box"),
        "Return 8812: the corner is wet. The photo shows the label.",
        "in 2d",
    ),
    Waiting(
        *("2d 3h ago", MIA, WAVE, EDDIE, "Approve the wave of Saturday"),
        "31 orders. Small enough for four robots.",
        "in 3d",
    ),
    Waiting(
        *("4d 3h ago", MIA, WAVE, EDDIE, "Approve the wave of the morning"),
        "44 orders, 10 robots.",
        done="4d 2h 30m ago",
        outcome="Approved, without aisle 7",
    ),
    Waiting("1d 2h ago", LEILA, "Count a shelf", MIA, "Count shelf C 14", "Three are missing."),
    Waiting(
        *("9h ago", MIA, WAVE, "Grace Obwari", "Look at three slow routes"),
        "Robots 4, 9 and 11 wait at the same corner.",
    ),
    Waiting(
        *("3d 4h ago", LEILA, "Enter an order", ALICE, "Approve an order of 18,400 euros"),
        "Twelve grippers for one customer, with a new address.",
        "in 1d",
    ),
    Waiting(
        *("1d 8h ago", LEILA, RETURN, "Nina Kostrina", "Sign for a wet pallet"),
        "Return 8790.",
    ),
)

PROMISES: tuple[Line, ...] = (
    Promised(
        *("2d 1h 15m ago", ALICE, "lena.fogarth@acme.example"),
        *("Warehouse picking", Role.PROJECT_MEMBER, "Starts with the picking tasks"),
    ),
    Promised(
        *("2d 1h 14m ago", ALICE, "lena.fogarth@acme.example"),
        *("Gripper tuning", Role.PROJECT_VIEWER),
    ),
)

NOTICES: tuple[Line, ...] = (
    Told(
        *("1d 20h ago", "Ibrahim Tounkari", "Your role Project Member on Battery watch ends soon."),
        *("project_view", "Battery watch"),
    ),
    Told(
        *("1d 20h ago", "Arjun Velloran", "Ibrahim Tounkari’s role on Battery watch ends soon."),
        *("project_access", "Battery watch"),
    ),
    Told(
        *("1d 20h ago", ALICE, "Ibrahim Tounkari’s role on Battery watch ends soon."),
        *("project_access", "Battery watch"),
    ),
    Told(
        *("4h 50m ago", MIA, "Your role on lyon-edge ends in 75 days."),
        *("resource_view", "lyon-edge"),
    ),
)

ASKING: tuple[Line, ...] = (*REQUESTS, *TASKS, *PROMISES, *NOTICES)
