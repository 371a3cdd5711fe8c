"""Acme Robotics: what happened in its first year, and why. All names are invented.

Only data: who came is in `people.py`, what each kind of line means in `lines.py`.
"""

from __future__ import annotations

from audit.events import Event
from config.roles import Permission, Policy, Preset, Role
from orgs.demo.lines import (
    Carries,
    Circle,
    CircleChange,
    CircleEnd,
    Exit,
    Failed,
    Maintains,
    Offer,
    PolicyChange,
    Refused,
    Resent,
    RoleChange,
    Seated,
    Story,
    Turn,
    Unseated,
    Verified,
)
from orgs.demo.people import (
    ADAM,
    ALICE,
    ARRIVALS,
    DANA,
    EDDIE,
    EMIL,
    INES,
    INVITED,
    JONAS,
    KOFI,
    MIA,
    PRIYA,
    RUTH,
    SAMIR,
    VERA,
)

GROUPS: tuple[Turn, ...] = (
    Circle("Runners", "Whoever restarts the machines", "2 Mon 10:00", ALICE),
    CircleChange(
        "7 Tue 10:30",
        JONAS,
        "Runners",
        name="DevOps",
        description="Runners, nightly jobs and what keeps them going",
    ),
    Circle("Engineering leaders", "Velocity and adoption, to read", "4 Thu 15:00", ALICE),
    Circle(
        "Tech Leads",
        "Settings and secrets of every project",
        "11 Thu 09:10",
        ALICE,
        inside="Engineering leaders",
    ),
    Circle("Security", "Reads everything, changes nothing", "12 Tue 16:20", JONAS),
    CircleChange("45 Mon 11:05", JONAS, "Security", secret=True),
    Circle("Finance", "Invoices, usage and what it costs", "14 Wed 09:35", ALICE),
    Circle("People team", "Who is in which group", "15 Tue 11:00", ALICE),
    Circle("Data platform", "Automations of the whole organization", "19 Mon 13:30", ALICE),
    CircleChange("35 Wed 10:15", ALICE, "Data platform", name="Platform"),
    Circle(
        "Contractors",
        "People of other companies, for as long as their contract",
        "23 Wed 14:00",
        JONAS,
    ),
    Circle("Spring fair", "The stand in Hanover", "24 Tue 09:00", ALICE),
    Circle(
        "Field trial, Lyon", "Twelve robots and one warehouse until December", "38 Mon 09:05", ALICE
    ),
    Seated("2 Mon 10:04", ALICE, "Runners", (DANA,), maintainer=True),
    Seated("2 Mon 10:06", ALICE, "Runners", (EMIL, "Greta Maiwald")),
    Seated("4 Thu 15:03", ALICE, "Engineering leaders", ("Felix Ambrun",), maintainer=True),
    Seated("4 Thu 15:05", ALICE, "Engineering leaders", (EMIL, DANA, KOFI)),
    Seated("11 Thu 09:13", ALICE, "Tech Leads", (EMIL,), maintainer=True),
    Seated("11 Thu 09:15", ALICE, "Tech Leads", ("Leila Benhadi", "Greta Maiwald")),
    Seated("12 Tue 16:24", JONAS, "Security", (RUTH,), maintainer=True),
    Seated("12 Tue 16:26", JONAS, "Security", (ADAM, DANA, KOFI)),
    Seated("12 Fri 11:00", JONAS, "DevOps", ("Arjun Velloran",)),
    Seated("13 Mon 13:12", JONAS, "DevOps", (PRIYA,)),
    Seated("14 Wed 09:38", ALICE, "Finance", ("Noah Fischbrink",), maintainer=True),
    Seated("15 Tue 11:04", ALICE, "People team", (INES,), maintainer=True),
    Seated("16 Wed 10:40", JONAS, "Security", ("Ngozi Adekunbi",)),
    Seated("19 Mon 13:34", ALICE, "Data platform", (KOFI,), maintainer=True),
    Seated("19 Mon 13:36", ALICE, "Data platform", (DANA, "Arjun Velloran", SAMIR)),
    Seated("20 Mon 11:16", ALICE, "People team", ("Sofia Brancaleon",)),
    Seated("22 Wed 11:30", ALICE, "Finance", ("Carmen Valdoro",)),
    Seated("23 Wed 14:04", ALICE, "Contractors", ("Viktor Anselmar", "Piotr Zalewicz")),
    Seated("23 Thu 09:22", JONAS, "DevOps", ("Piotr Zalewicz",)),
    Seated("24 Tue 09:06", ALICE, "Spring fair", (MIA, "Tomás Arrizola", "Keiko Arashima")),
    Seated("25 Mon 15:10", ALICE, "Tech Leads", ("Tomás Arrizola", "Keiko Arashima")),
    Seated("26 Tue 10:02", JONAS, "DevOps", ("Daniel Osterholt", "Owen Tredgarth")),
    Seated("27 Tue 09:30", ALICE, "Contractors", ("Hana Shiramizu",)),
    Seated("28 Thu 13:20", ALICE, "Data platform", ("Yuki Tanemori",)),
    Seated("29 Mon 10:15", ALICE, "Tech Leads", (MIA,)),
    Seated("32 Tue 13:40", ALICE, "Contractors", ("Lucas Fontarel",)),
    Seated("34 Mon 10:48", ALICE, "Contractors", ("Sunniva Aaberg",)),
    Seated("36 Tue 10:00", ALICE, "Contractors", ("Bea Thornwick",)),
    Seated("36 Wed 09:20", ALICE, "People team", ("Grace Obwari",)),
    Seated("39 Mon 09:30", ALICE, "Field trial, Lyon", ("Lotte Verhaagen",), maintainer=True),
    Seated(
        "39 Mon 09:35",
        ALICE,
        "Field trial, Lyon",
        (
            "Luc Armandier",
            "Nina Kostrina",
            "Thandi Mokwele",
            "Daniel Osterholt",
            "Freya Holmstad",
            "Yuki Tanemori",
            "Dmitri Valenko",
        ),
    ),
    Seated("40 Mon 10:05", ALICE, "Field trial, Lyon", ("Helene Brissard", "Chloé Dervaux")),
    Seated("40 Wed 13:00", ALICE, "Field trial, Lyon", ("Mateo Quintarro",)),
    Seated("40 Wed 13:02", ALICE, "Contractors", ("Mateo Quintarro",)),
    Seated("41 Fri 11:11", ALICE, "Contractors", ("Rosa Pellegrane",)),
    Seated("41 Fri 11:12", ALICE, "Field trial, Lyon", ("Rosa Pellegrane",)),
    Seated("44 Tue 11:40", ALICE, "Contractors", ("Ibrahim Tounkari",)),
    Seated("50 Mon 10:21", ALICE, "Contractors", ("Marit Solvangen",)),
    Seated("52 Thu 09:18", ALICE, "Finance", (VERA,)),
    Maintains("30 Mon 09:40", JONAS, "Contractors", "Hana Shiramizu"),
    Unseated("30 Tue 10:12", JONAS, "DevOps", "Owen Tredgarth"),
    Maintains("22h 9m ago", JONAS, "Field trial, Lyon", "Freya Holmstad"),
    CircleChange(
        "21h 46m ago",
        JONAS,
        "Field trial, Lyon",
        description="Twelve robots and one warehouse, until February",
    ),
    CircleEnd("27 Fri 16:30", ALICE, "Spring fair"),
    Carries("7 Tue 10:40", ALICE, "DevOps", (Role.RUNNERS_ADMIN, Role.AUTOMATIONS_ADMIN)),
    Carries("13 Mon 10:20", ALICE, "Tech Leads", (Role.PROJECTS_ADMIN, Role.INSIGHTS_VIEWER)),
    Carries("14 Wed 09:41", ALICE, "Finance", (Role.BILLING_VIEWER,)),
    Carries("15 Tue 11:08", ALICE, "People team", (Role.GROUPS_ADMIN,)),
    Carries("19 Mon 13:40", ALICE, "Data platform", (Role.AUTOMATIONS_ADMIN,)),
    Carries("22 Fri 09:15", JONAS, "Security", (Role.AUDIT_LOG_READER,)),
    Carries("26 Thu 14:02", ALICE, "Engineering leaders", (Role.INSIGHTS_VIEWER,)),
)

ROLES: tuple[Turn, ...] = (
    Offer("6 Tue 10:00", ALICE, JONAS, "6 Tue 17:42"),
    RoleChange("24 Thu 09:12", ALICE, SAMIR, Role.ADMIN, "Stands in for Adam in May"),
    RoleChange("25 Mon 15:02", ALICE, "Tomás Arrizola", Role.MEMBER, "Moved from sales to tasks"),
    RoleChange(
        "28 Fri 11:40", JONAS, "Noah Fischbrink", Role.VIEWER, "Finance reads and builds nothing"
    ),
    RoleChange("34 Tue 09:30", ALICE, PRIYA, Role.ADMIN, "Takes over keys and support cases"),
    RoleChange("34 Tue 09:33", ALICE, SAMIR, Role.MEMBER, "Steps back now that Priya has the keys"),
    RoleChange("36 Wed 09:05", ALICE, "Grace Obwari", Role.MEMBER, "Trial period over"),
    RoleChange("36 Thu 15:21", JONAS, "Owen Tredgarth", Role.VIEWER, "Moved to customer reports"),
    RoleChange("40 Thu 10:50", JONAS, INES, Role.ADMIN, "Invites for Lyon while Alice travels"),
    RoleChange(
        "43 Mon 16:45", ALICE, "Lotte Verhaagen", Role.END_USER, "Runs the trial from the Hub"
    ),
    RoleChange(
        "46 Mon 13:37", JONAS, "Helene Brissard", Role.VIEWER, "Reports on Lyon to the board"
    ),
    RoleChange(
        "3h 12m ago", ALICE, "Chloé Dervaux", Role.MEMBER, "Builds the returns task for Lyon"
    ),
)

EXITS: tuple[Turn, ...] = (
    Exit("21 Fri 17:30", "Greta Maiwald"),
    Exit("30 Fri 16:05", "Viktor Anselmar", JONAS, "Contract ended"),
    Exit("37 Fri 12:00", "Keiko Arashima", ALICE, "Left the company"),
    Exit("45 Thu 09:15", "Dmitri Valenko", ALICE, "Copied customer data"),
    Exit("48 Fri 14:50", "Sunniva Aaberg", JONAS, "Contract ended"),
    Exit("50 Wed 18:10", "Hugo Castagnol"),
)

POLICIES: tuple[Turn, ...] = (
    PolicyChange("11 Mon 10:00", ALICE, on=(Policy.ADMINS_INVITE,)),
    PolicyChange("22 Thu 15:25", JONAS, off=(Policy.PROJECT_OWNERS_DELETE,)),
    PolicyChange("47 Wed 11:00", ALICE, on=(Policy.MEMBERS_READ_BILLING,)),
    PolicyChange("48 Mon 09:10", JONAS, off=(Policy.MEMBERS_READ_BILLING,)),
)

ATTEMPTS: tuple[Turn, ...] = (
    Failed("3 Wed 14:02", ALICE, Event.MEMBER_LEFT, "members/leave/", "last_owner"),
    Refused("10 Tue 09:31", ADAM, Permission.MEMBERS_INVITE, Event.INVITATION_SENT),
    Refused("22 Fri 08:15", EDDIE, Permission.ORG_ACCESS_SETTINGS),
    Failed("26 Wed 13:49", JONAS, Event.INVITATION_SENT, "invitations/new/", "already_pending"),
    Refused("29 Wed 10:20", MIA, Permission.AUDIT_VIEW, Event.AUDIT_READ),
    Refused("31 Thu 13:08", KOFI, Permission.MEMBERS_INVITE, Event.INVITATION_SENT),
    Refused("35 Tue 16:40", "Dmitri Valenko", Permission.GROUPS_CREATE, Event.GROUP_CREATED),
    Refused("39 Fri 10:11", "Luc Armandier", Permission.ORG_VIEW_DASHBOARD),
    Failed("44 Thu 09:26", JONAS, Event.GROUP_CREATED, "groups/new/", "name_taken"),
    Refused("45 Thu 08:47", "Dmitri Valenko", Permission.AUDIT_EXPORT, Event.AUDIT_EXPORTED),
    Failed("1d 3h 48m ago", ALICE, Event.INVITATION_SENT, "invitations/new/", "already_pending"),
    Verified("1h 52m ago", ALICE),
    Refused("53 Tue 11:19", VERA, Permission.MEMBERS_CHANGE_ROLE, Event.MEMBER_ROLE_CHANGED),
    Refused("53 Tue 11:20", VERA, Permission.MEMBERS_CHANGE_ROLE, Event.MEMBER_ROLE_CHANGED),
    Refused("1d 2h 17m ago", EDDIE, Permission.ORG_ACCESS_SETTINGS),
    Refused("2h 31m ago", VERA, Permission.MEMBERS_CHANGE_ROLE, Event.MEMBER_ROLE_CHANGED),
)

ACME = Story(
    slug="acme",
    name="Acme Robotics",
    domain="acme.example",
    plan="enterprise",
    seats=60,
    preset=Preset.S1,
    founder=ALICE,
    founded="0 Mon 09:12",
    arrivals=ARRIVALS,
    invited=INVITED,
    turns=(
        *GROUPS,
        *ROLES,
        *EXITS,
        *POLICIES,
        *ATTEMPTS,
        Resent("5d 21h 15m ago", JONAS, "omar.rezende@acme.example"),
    ),
    readers=(ALICE, ADAM, RUTH, VERA),
    bustle=0.085,
)
