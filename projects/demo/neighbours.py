"""The two organizations next door: a handful of projects each. Names are invented; only data."""

from __future__ import annotations

from config.roles import Role
from orgs.demo.neighbours import BIANCA, DORIAN, HARRIET, MIA, MILAN, OSCAR
from projects.demo.key_lines import Allowed, Keyed, Program, Signed, Traffic
from projects.demo.lines import Asked, Begun, Built, Line, Published, Shared, Space, Tale, Waiting
from projects.demo.shapes import agent, knowledge, runner, workflow

_UMBRELLA: tuple[Line, ...] = (
    Space("20 Mon 10:00", OSCAR, "Routes", "From the depot to the door"),
    Begun("20 Mon 10:10", OSCAR, "Night routes", "What drives after eight", "Routes", MILAN),
    Begun("23 Wed 11:00", OSCAR, "Customs papers", "", "", BIANCA, "production"),
    Begun("36 Tue 09:00", OSCAR, "Late parcels", "Who waits, and since when", "Routes", MILAN),
    Shared("21 Mon 09:00", MILAN, "Night routes", "Dispatch", Role.PROJECT_MEMBER),
    Shared("24 Mon 10:00", OSCAR, "Customs papers", "Back office", Role.PROJECT_MEMBER, "Customs"),
    Shared("36 Wed 10:00", MILAN, "Late parcels", "Teodora Malenik", Role.PROJECT_MEMBER),
    Built(
        *("20 Tue 09:00", OSCAR, "runner", "depot", "In the depot"),
        runner("self-hosted", "", 8, "linux"),
    ),
    Built(
        *("21 Tue 10:00", MILAN, "agent", "Route planner", "Plans a night in a minute"),
        *(agent("Avoid bridges below four metres."), "Night routes"),
    ),
    Published("30 Tue 10:00", MILAN, "Route planner"),
    Built(
        *("37 Mon 10:00", MILAN, "workflow", "Chase a parcel", "Until somebody has it"),
        *(workflow("agent: Route planner", "human: Call the customer"), "Late parcels"),
    ),
    Published("38 Mon 10:00", MILAN, "Chase a parcel"),
    Shared("38 Tue 10:00", MILAN, "Route planner", "Night shift", Role.RESOURCE_USER),
    Shared("38 Tue 10:05", MILAN, "Chase a parcel", "Caleb Whitmarsh", Role.RESOURCE_USER),
    Waiting("6h ago", MILAN, "Chase a parcel", "Caleb Whitmarsh", "Call the customer in Ghent"),
    Asked(
        *("1d 3h ago", "Anouk Delsarte", "project", "Vans stand still three hours a day"),
        name="Idle vans",
    ),
    Program("38 Mon 09:00", OSCAR, "Depot platform", "Asks before a van is sent"),
    Signed("38 Mon 09:05", OSCAR, "Depot platform", "Production", ("decide", "record")),
    Keyed(
        *("38 Wed 10:00", MILAN, "Van tablets", "Night routes"),
        until="in 90d",
        limits=Allowed("20", rpm=120),
        limited_by=OSCAR,
    ),
)
_TABLETS = Traffic(
    *("Van tablets", 9, ("north-small",), ("Plan a night",), ("203.0.113.90", "203.0.113.91")),
    *((20_000, 120_000), (2_000, 9_000)),
    last="35m ago",
)

_LARKFIELD: tuple[Line, ...] = (
    Begun("31 Thu 10:00", HARRIET, "Proofs", "From manuscript to page", "", "Maud Ellersby"),
    Begun("35 Mon 10:00", HARRIET, "Press room", "Ink, paper and noise", "", "Casper Nyhagen"),
    Shared("38 Tue 09:00", "Casper Nyhagen", "Press room", MIA, Role.PROJECT_MEMBER),
    Built(
        *("32 Mon 10:00", "Maud Ellersby", "knowledge_base", "House style", "Commas, mostly"),
        *(knowledge("folder", "house/style", language="en"), "Proofs"),
    ),
    Built(
        *("32 Mon 11:00", "Maud Ellersby", "agent", "Proofreader", "Reads twice"),
        *(agent("Mark, never change.", knowledge=("House style",)), "Proofs"),
    ),
    Published("33 Mon 10:00", "Maud Ellersby", "Proofreader"),
    Built(
        *("39 Mon 19:00", MIA, "agent", "Sheet counter", "Counts what the presses print"),
        *(agent("Numbers only."), "Press room"),
    ),
    Shared("33 Tue 10:00", "Maud Ellersby", "Proofreader", DORIAN, Role.RESOURCE_USER),
)

UMBRELLA = Tale(lines=_UMBRELLA, bustle=4, traffic=(_TABLETS,))
LARKFIELD = Tale(lines=_LARKFIELD, bustle=2)
