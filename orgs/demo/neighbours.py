"""The two organizations next door, which show that Acme sees nothing of them, and who runs the
containers of all three. All names are invented; only data.
"""

from __future__ import annotations

from audit.events import Event
from config.roles import Permission, Policy, Preset, Role
from orgs.demo.lines import (
    Arrival,
    Circle,
    Exit,
    Imported,
    Invited,
    PolicyChange,
    Refused,
    Renamed,
    RoleChange,
    Seated,
    Story,
)

OSCAR, BIANCA, MILAN = "Oscar Novak", "Bianca Trevisol", "Milan Horvatek"
HARRIET, DORIAN, MIA = "Harriet Penhallam", "Dorian Finchley", "Mia Castellano"

SUPERADMIN = ("Sam Whitfield", "sam.whitfield@bailiwick.example")

UMBRELLA = Story(
    slug="umbrella",
    name="Umbrella Logistics",
    domain="umbrella.example",
    plan="free",
    seats=20,
    preset=Preset.S2,
    founder=OSCAR,
    founded="14 Tue 13:20",
    arrivals=(
        Arrival(BIANCA, Role.ADMIN, OSCAR, "14 Tue 13:45", "14 Wed 09:10", "Runs the office"),
        Arrival(MILAN, Role.MEMBER, OSCAR, "14 Thu 10:12", "14 Fri 08:33"),
        Arrival("Anouk Delsarte", Role.MEMBER, OSCAR, "17 Mon 09:40", "17 Tue 10:05"),
        Arrival("Gideon Farrowby", Role.MEMBER, OSCAR, "19 Wed 11:25", "19 Thu 09:51"),
        Arrival("Ilse Brandvold", Role.VIEWER, OSCAR, "22 Tue 14:08", "22 Wed 08:47"),
        Arrival("Ravi Sundarekh", Role.MEMBER, OSCAR, "25 Mon 09:30", "25 Mon 16:12"),
        Arrival("Percy Lathwell", Role.MEMBER, OSCAR, "27 Thu 10:44", "27 Fri 09:09"),
        Arrival("Teodora Malenik", Role.MEMBER, BIANCA, "31 Tue 13:15", "31 Thu 10:20"),
        Arrival("Caleb Whitmarsh", Role.END_USER, BIANCA, "35 Wed 09:02", "35 Wed 19:36"),
        Arrival("Nadia Ferroukhi", Role.END_USER, BIANCA, "35 Wed 09:04", "35 Thu 06:58"),
        Arrival("Henrik Ostvang", Role.MEMBER, OSCAR, "41 Mon 15:31", "41 Tue 09:27"),
        Arrival("Polly Greatwood", Role.VIEWER, OSCAR, "48 Thu 10:16", "49 Mon 09:33"),
    ),
    invited=(
        Invited("jorun.velde@umbrella.example", Role.MEMBER, BIANCA, "3d 2h 41m ago", "pending"),
        Invited("t.okonedo@umbrella.example", Role.VIEWER, OSCAR, "44 Tue 09:18", "expired"),
    ),
    turns=(
        Renamed("16 Fri 16:00", OSCAR, "Umbrella"),
        Circle("Night shift", "Whoever is on after eight", "20 Mon 09:15", OSCAR),
        Circle("Dispatch", "Routes, and what is late", "20 Mon 09:20", OSCAR),
        Circle("Back office", "Customs papers and invoices", "23 Tue 10:30", OSCAR, secret=True),
        Seated("20 Mon 09:22", OSCAR, "Dispatch", (MILAN,), maintainer=True),
        Seated("20 Mon 09:24", OSCAR, "Dispatch", ("Anouk Delsarte",)),
        Seated("20 Tue 09:10", OSCAR, "Night shift", ("Gideon Farrowby",), maintainer=True),
        Seated("23 Tue 10:34", OSCAR, "Back office", (BIANCA, "Ilse Brandvold")),
        Seated("32 Mon 11:00", OSCAR, "Dispatch", ("Teodora Malenik", "Percy Lathwell")),
        Seated("36 Mon 09:05", OSCAR, "Night shift", ("Caleb Whitmarsh", "Nadia Ferroukhi")),
        PolicyChange("30 Mon 10:40", OSCAR, on=(Policy.ADMINS_INVITE,)),
        RoleChange("33 Wed 14:22", OSCAR, "Ravi Sundarekh", Role.ADMIN, "Second pair of hands"),
        Refused("37 Tue 07:12", "Caleb Whitmarsh", Permission.ORG_VIEW_DASHBOARD),
        Refused("40 Thu 15:48", MILAN, Permission.GROUPS_CREATE, Event.GROUP_CREATED),
        Exit("46 Fri 17:05", "Percy Lathwell", OSCAR, "Moved to a customer"),
    ),
    readers=(OSCAR, BIANCA),
    bustle=0.06,
)

LARKFIELD = Story(
    slug="larkfield-press",
    name="Larkfield Press",
    domain="larkfield.example",
    plan="team",
    seats=10,
    preset=Preset.S4,
    founder=HARRIET,
    founded="30 Wed 11:05",
    arrivals=(
        Arrival(
            DORIAN, Role.ADMIN, HARRIET, "30 Wed 11:30", "30 Thu 09:46", "Looks after the office"
        ),
        Arrival("Maud Ellersby", Role.MEMBER, HARRIET, "31 Mon 10:02", "31 Mon 14:29"),
        Arrival("Casper Nyhagen", Role.MEMBER, HARRIET, "33 Fri 09:35", "34 Mon 10:11"),
        Arrival(
            MIA,
            Role.MEMBER,
            HARRIET,
            "37 Tue 16:20",
            "37 Wed 20:08",
            "Evenings: teaches the presses to count",
            "mia.castellano@acme.example",
        ),
        Arrival("Ottoline Grieveson", Role.VIEWER, HARRIET, "43 Thu 11:17", "43 Fri 09:02"),
    ),
    invited=(
        Invited("alban.reith@larkfield.example", Role.MEMBER, HARRIET, "4d 5h 8m ago", "pending"),
    ),
    turns=(
        Imported("45 Tue 14:30", HARRIET, "larkfield.yaml", ("wrenfield", "tbirchall")),
        Circle("Editors", "What is printed", "31 Tue 09:30", HARRIET),
        Circle("Presses", "What prints it", "34 Tue 10:00", HARRIET),
        Seated("31 Tue 09:33", HARRIET, "Editors", ("Maud Ellersby",), maintainer=True),
        Seated("34 Tue 10:04", HARRIET, "Presses", ("Casper Nyhagen",), maintainer=True),
        Seated("38 Mon 09:40", HARRIET, "Presses", (MIA,)),
        Seated("45 Tue 14:41", HARRIET, "Presses", ("wrenfield", "tbirchall")),
        Refused("47 Wed 21:13", MIA, Permission.MEMBERS_INVITE, Event.INVITATION_SENT),
    ),
    readers=(HARRIET,),
    bustle=0.05,
)
