"""Acme Robotics: its workspaces and projects, and who has which role on them. Names are invented.

Only data. What the projects hold is in `acme_parts.py`, what people asked for in `acme_asking.py`.
"""

from __future__ import annotations

from config.roles import Role
from orgs.demo.people import (
    ALICE,
    DANA,
    EDDIE,
    EMIL,
    INES,
    JONAS,
    KOFI,
    MIA,
    PRIYA,
    RUTH,
    SAMIR,
    VERA,
)
from projects.demo.acme_asking import ASKING
from projects.demo.acme_keys import KEYS, TRAFFIC
from projects.demo.acme_parts import PARTS
from projects.demo.lines import (
    Archived,
    Begun,
    Decided,
    Deleted,
    Line,
    Measured,
    Moved,
    Raised,
    Shared,
    Space,
    Taken,
    Tale,
)
from projects.policies import ProjectPolicy

R = Role
LEILA, FELIX, HANA, DANIEL = "Leila Benhadi", "Felix Ambrun", "Hana Shiramizu", "Daniel Osterholt"
TRIAL = "Field trial, Lyon"
PICKING, RETURNS, DOCK, SHELVES = (
    *("Warehouse picking", "Returns desk"),
    *("Dock scheduling", "Shelf scanning"),
)
INTAKE, INTAKE_DEV = "Order intake", "Order intake (development)"

PLACES: tuple[Line, ...] = (
    Space("8 Mon 10:00", ALICE, "Logistics", "Everything between the dock and the van"),
    Space("11 Tue 10:30", ALICE, "Customer service", "Orders, complaints and spare parts"),
    Space("13 Wed 09:30", JONAS, "Fleet", "The robots themselves, and what keeps them moving"),
    Space("15 Thu 14:00", ALICE, "Office", "Invoices, suppliers and new colleagues"),
    Begun(
        *("9 Tue 10:00", ALICE, PICKING, "Waves, routes and the robots that pick"),
        *("Logistics", LEILA),
        product=True,
    ),
    Begun(
        *("12 Mon 10:00", ALICE, INTAKE, "Reads what customers order, and enters it"),
        *("Customer service", LEILA, "production"),
        product=True,
    ),
    Begun(
        *("12 Mon 10:20", ALICE, INTAKE_DEV, "Where the next version of order intake is tried"),
        *("Customer service", LEILA, "development"),
    ),
    Begun("13 Thu 15:00", ALICE, "Gripper tuning", "Grip strength by box", "Fleet", EMIL),
    Begun(
        *("14 Tue 11:00", JONAS, "Fleet health", "What each robot says about itself"),
        *("Fleet", DANA, "production"),
    ),
    Begun(
        *("16 Mon 09:40", ALICE, "Invoice matching", "Invoices against orders and deliveries"),
        *("Office", "Ngozi Adekunbi", "production"),
    ),
    Begun("21 Tue 10:15", ALICE, "Onboarding", "The first four weeks", "Office", INES),
    Begun(
        *("22 Mon 14:20", ALICE, RETURNS, "What comes back, why, and what it is worth"),
        *("Logistics", LEILA, "staging"),
    ),
    Begun("24 Tue 09:30", ALICE, "Fair stand", "The robot that hands out apples", "", FELIX),
    Begun(
        *("27 Mon 10:05", ALICE, DOCK, "Which van stands at which door, and when"),
        *("Logistics", DANIEL),
    ),
    Begun("28 Tue 11:10", LEILA, SHELVES, "Counts shelves while nobody is there", "", HANA),
    Moved("28 Tue 15:00", ALICE, SHELVES, "Logistics"),
    Begun(
        *("30 Tue 09:00", ALICE, "Complaint triage", "Sorts complaints, and answers the easy ones"),
        *("Customer service", SAMIR),
    ),
    Begun(
        *("33 Tue 09:30", ALICE, "Supplier watch", "Who delivers late, and who is about to"),
        *("Office", "Sofia Brancaleon"),
    ),
    Begun("34 Tue 10:00", ALICE, "Forklift trial", "One forklift, no driver", "", FELIX),
    Begun(
        *("35 Mon 09:20", ALICE, "Spare parts", "Finds the part, and says how long it takes"),
        *("Customer service", "Freya Holmstad"),
    ),
    Begun("37 Thu 13:00", ALICE, "Safety review", "Rules, near misses and who read them", "", KOFI),
    Begun(
        *("44 Wed 10:00", JONAS, "Battery watch", "Cells that age faster than they should"),
        *("Fleet", "Arjun Velloran", "staging"),
    ),
    Decided("31 Wed 09:00", LEILA, PICKING, (ProjectPolicy.SHARES_NEED_REASON,)),
    Decided("38 Mon 11:00", KOFI, "Safety review", (ProjectPolicy.SHARES_END,)),
    Archived("29 Fri 16:00", ALICE, "Fair stand", "The fair is over; kept for next spring"),
    Measured("42 Mon 11:20", ALICE, PICKING),
    Measured("45 Tue 09:40", ALICE, RETURNS),
    Deleted("6d 2h ago", ALICE, "Forklift trial", "The forklift went back to its maker"),
)

SHARES: tuple[Line, ...] = (
    # Logistics
    Shared("26 Mon 09:10", ALICE, "Logistics", KOFI, R.WORKSPACE_COLLABORATOR, "Plans the floor"),
    Shared("40 Mon 10:30", ALICE, "Logistics", "Lotte Verhaagen", R.WORKSPACE_VIEWER, "Lyon"),
    Taken("43 Mon 16:40", ALICE, "Logistics", "Lotte Verhaagen", "Works from the Hub now"),
    Shared(
        *("51 Thu 09:20", ALICE, "Logistics", "Yuki Tanemori", R.WORKSPACE_VIEWER),
        "Reports on throughput",
    ),
    Shared("19 Tue 10:05", LEILA, PICKING, MIA, R.PROJECT_MEMBER, "Builds the picking tasks"),
    Raised(
        *("47 Wed 14:10", LEILA, PICKING, MIA, R.PROJECT_OWNER, "Owns the picking rollout"),
        "in 129d",
    ),
    Shared("31 Thu 10:40", LEILA, PICKING, "Grace Obwari", R.PROJECT_MEMBER, "Tests each wave"),
    Shared(
        *("41 Mon 09:15", LEILA, PICKING, HANA, R.PROJECT_MEMBER),
        *("Peak season in the warehouse", "in 39d"),
    ),
    Shared(
        *("11d 3h ago", MIA, PICKING, "Tomás Arrizola", R.PROJECT_MEMBER),
        *("Measures the pilot for sales", "in 361d"),
    ),
    Shared(
        *("24 Thu 09:30", LEILA, RETURNS, "Contractors", R.PROJECT_VIEWER),
        *("Read the rules", "in 39d"),
    ),
    Shared("41 Wed 09:10", ALICE, RETURNS, "Chloé Dervaux", R.PROJECT_MEMBER, "Returns in Lyon"),
    Shared("28 Mon 10:20", DANIEL, DOCK, "Piotr Zalewicz", R.PROJECT_MEMBER, "Nightly slots"),
    Shared(
        *("45 Mon 11:30", ALICE, DOCK, "Mateo Quintarro", R.PROJECT_MEMBER),
        *("Conveyor to the dock", "in 24d"),
    ),
    Shared(
        *("49 Tue 10:00", DANIEL, DOCK, "Hana Shiramizu", R.PROJECT_VIEWER),
        *("Scanners at the doors", "52 Tue 18:00"),
    ),
    Shared("33 Wed 09:15", HANA, SHELVES, "Lucas Fontarel", R.PROJECT_MEMBER, "Camera mounts"),
    Shared("35 Thu 11:00", HANA, SHELVES, "Platform", R.PROJECT_VIEWER),
    # Customer service
    Shared(
        *("22 Wed 15:00", ALICE, "Customer service", SAMIR, R.WORKSPACE_ADMIN),
        "Keeps the rooms of customer service",
    ),
    Shared("36 Wed 10:00", SAMIR, "Customer service", "Grace Obwari", R.WORKSPACE_VIEWER),
    Shared("13 Tue 09:00", ALICE, INTAKE, EMIL, R.PROJECT_MEMBER, "Keeps it running at night"),
    Shared("20 Wed 11:20", JONAS, INTAKE, "DevOps", R.PROJECT_VIEWER, "Sees what fails"),
    Shared("13 Tue 09:30", LEILA, INTAKE_DEV, EMIL, R.PROJECT_MEMBER),
    Shared("29 Thu 10:10", LEILA, INTAKE_DEV, "Tech Leads", R.PROJECT_MEMBER),
    Shared("33 Mon 10:00", SAMIR, "Complaint triage", PRIYA, R.PROJECT_MEMBER, "Support cases"),
    Shared("34 Thu 16:20", SAMIR, "Complaint triage", "Owen Tredgarth", R.PROJECT_VIEWER),
    Shared(
        *("36 Wed 09:30", "Freya Holmstad", "Spare parts", "Bea Thornwick", R.PROJECT_MEMBER),
        *("Writes the catalogue", "in 60d"),
    ),
    # Fleet
    Shared("15 Mon 13:00", JONAS, "Fleet", "DevOps", R.WORKSPACE_COLLABORATOR, "Their machines"),
    Shared("15 Tue 09:20", JONAS, "Fleet health", "Arjun Velloran", R.PROJECT_MEMBER),
    Shared("20 Fri 10:00", JONAS, "Fleet health", "Security", R.PROJECT_VIEWER, "Yearly review"),
    Shared(
        *("45 Wed 10:10", "Arjun Velloran", "Battery watch", "Ibrahim Tounkari", R.PROJECT_MEMBER),
        *("Battery tests, until the contract ends", "in 5d"),
    ),
    Shared("46 Mon 09:00", "Arjun Velloran", "Battery watch", DANA, R.PROJECT_MEMBER),
    Shared("14 Thu 11:00", EMIL, "Gripper tuning", FELIX, R.PROJECT_MEMBER),
    # Office
    Shared("22 Thu 10:10", ALICE, "Office", "Finance", R.WORKSPACE_VIEWER, "Figures of the month"),
    Shared("23 Mon 09:05", ALICE, "Invoice matching", "Finance", R.PROJECT_MEMBER, "Their books"),
    Shared("23 Tue 10:30", INES, "Onboarding", "People team", R.PROJECT_MEMBER),
    Shared(
        "34 Wed 09:00", "Sofia Brancaleon", "Supplier watch", "Carmen Valdoro", R.PROJECT_VIEWER
    ),
    # On their own
    Shared(
        *("38 Tue 10:00", KOFI, "Safety review", "Security", R.PROJECT_VIEWER),
        *("Reads along", "in 40d"),
    ),
    Shared(
        *("51 Mon 11:00", KOFI, "Safety review", RUTH, R.PROJECT_VIEWER, "Audit of the year"),
        "in 20d",
    ),
    Shared(
        *("8d 4h ago", ALICE, "Safety review", VERA, R.PROJECT_VIEWER),
        *("Closes the year’s books", "in 30d"),
    ),
)

# What people use without seeing the project around it.
USES: tuple[Line, ...] = (
    *(
        Shared(when, by, on, EDDIE, R.RESOURCE_USER, reason)
        for when, by, on, reason in (
            ("30 Mon 08:40", LEILA, "Picking helper", "Asks it all day"),
            ("46 Tue 08:15", MIA, "Pallet finder", ""),
            (
                "48 Thu 08:20",
                MIA,
                "Release a picking wave",
                "Approves the waves of the early shift",
            ),
            ("36 Mon 08:30", INES, "First-week guide", "New colleagues ask him"),
            ("39 Wed 09:00", KOFI, "Safety reader", ""),
            ("43 Tue 10:00", LEILA, "Returns clerk", ""),
            ("50 Mon 08:50", LEILA, "Check a return", "Signs for what is damaged"),
        )
    ),
    Shared("43 Tue 10:05", LEILA, "Returns clerk", TRIAL, R.RESOURCE_USER, "The trial in Lyon"),
    Shared("43 Tue 10:06", LEILA, "Check a return", TRIAL, R.RESOURCE_USER, "The trial in Lyon"),
    Shared("46 Wed 09:30", MIA, "Pallet finder", TRIAL, R.RESOURCE_USER, "", "in 75d"),
    Shared("47 Mon 10:00", ALICE, "Order reader", "Lotte Verhaagen", R.RESOURCE_USER, "", "in 12d"),
    Shared("36 Thu 09:00", DANA, "frankfurt-gpu", "Platform", R.RESOURCE_USER, "Training at night"),
    Shared("40 Tue 09:00", DANA, "lyon-edge", MIA, R.RESOURCE_USER, "Picking in Lyon", "in 75d"),
    Shared("40 Tue 09:05", DANA, "lyon-edge", "Freya Holmstad", R.RESOURCE_ADMIN, "Runs the trial"),
    Shared("42 Wed 10:30", KOFI, "Weekly stock report", LEILA, R.RESOURCE_ADMIN),
    Shared("42 Wed 10:32", KOFI, "Weekly stock report", "Finance", R.RESOURCE_USER),
)

ACME = Tale(lines=(*PLACES, *PARTS, *SHARES, *USES, *ASKING, *KEYS), bustle=24, traffic=TRAFFIC)
