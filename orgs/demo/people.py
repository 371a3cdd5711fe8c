"""Acme Robotics: who was invited in its first year, and who came. All names are invented.

Only data. What became of them is in `story.py`.
"""

from __future__ import annotations

from config.roles import Role
from orgs.demo.lines import Arrival, Invited

ALICE, JONAS, ADAM = "Alice Marlow", "Jonas Weber", "Adam Brandt"
PRIYA, INES, SAMIR = "Priya Nandakar", "Ines Dolmen", "Samir Qadouri"
EMIL, DANA, KOFI, RUTH = "Emil Lagerfors", "Dana Korvel", "Kofi Mensavi", "Ruth Averill"
MIA, VERA, EDDIE = "Mia Castellano", "Vera Lindqvist", "Eddie Okafor"

ARRIVALS = (
    Arrival(JONAS, Role.ADMIN, ALICE, "0 Mon 09:40", "0 Mon 11:02", "Founded the company with me"),
    Arrival(EMIL, Role.MEMBER, ALICE, "0 Tue 10:05", "0 Tue 13:31", "First engineer"),
    Arrival(DANA, Role.MEMBER, ALICE, "0 Tue 10:07", "0 Wed 08:52", "Runs the machines"),
    Arrival("Felix Ambrun", Role.MEMBER, ALICE, "1 Mon 09:15", "1 Mon 15:40"),
    Arrival("Greta Maiwald", Role.MEMBER, ALICE, "1 Wed 14:20", "1 Thu 09:03"),
    Arrival(
        "Leila Benhadi", Role.MEMBER, ALICE, "3 Tue 11:12", "3 Fri 10:26", "Leads order intake"
    ),
    Arrival(KOFI, Role.MEMBER, ALICE, "4 Mon 09:30", "4 Tue 09:12"),
    Arrival(RUTH, Role.VIEWER, ALICE, "5 Thu 16:02", "6 Mon 09:20", "Outside auditor"),
    Arrival("Noah Fischbrink", Role.MEMBER, ALICE, "8 Tue 10:44", "8 Wed 11:19"),
    Arrival(
        ADAM, Role.ADMIN, ALICE, "9 Thu 15:10", "10 Mon 08:58", "Keys, usage and support cases"
    ),
    Arrival("Arjun Velloran", Role.MEMBER, ADAM, "12 Wed 09:21", "12 Fri 10:07"),
    Arrival(PRIYA, Role.MEMBER, ALICE, "12 Thu 13:15", "13 Mon 09:06", "Support engineer"),
    Arrival(
        "Viktor Anselmar",
        Role.MEMBER,
        JONAS,
        "13 Wed 10:31",
        "13 Thu 09:48",
        "Six months on the gripper, as a contractor",
        "v.anselmar@partner.example",
    ),
    Arrival("Ngozi Adekunbi", Role.MEMBER, ADAM, "14 Mon 11:11", "14 Tue 08:40"),
    Arrival(INES, Role.MEMBER, ALICE, "15 Mon 09:02", "15 Mon 10:15", "People and hiring"),
    Arrival("Tomás Arrizola", Role.VIEWER, ADAM, "16 Tue 14:36", "16 Thu 09:30", "Starts in sales"),
    Arrival(SAMIR, Role.MEMBER, ALICE, "17 Mon 09:20", "17 Tue 09:11"),
    Arrival(MIA, Role.MEMBER, ALICE, "18 Tue 10:18", "18 Thu 09:05", "Builds the picking tasks"),
    Arrival("Sofia Brancaleon", Role.MEMBER, ALICE, "19 Wed 15:50", "20 Mon 09:14"),
    Arrival("Keiko Arashima", Role.MEMBER, JONAS, "20 Tue 10:10", "20 Tue 17:26"),
    Arrival(EDDIE, Role.END_USER, ADAM, "21 Thu 09:45", "21 Fri 08:21", "Shift lead, uses the Hub"),
    Arrival("Carmen Valdoro", Role.VIEWER, ALICE, "22 Mon 11:40", "22 Wed 10:02", "Bookkeeping"),
    Arrival(
        "Piotr Zalewicz",
        Role.MEMBER,
        JONAS,
        "23 Tue 09:33",
        "23 Wed 09:17",
        "Nightly jobs, as a contractor",
        "p.zalewicz@partner.example",
    ),
    Arrival("Daniel Osterholt", Role.MEMBER, ADAM, "24 Mon 10:25", "24 Mon 13:08"),
    Arrival("Owen Tredgarth", Role.MEMBER, ALICE, "25 Thu 16:12", "26 Mon 09:39"),
    Arrival(
        "Hana Shiramizu",
        Role.MEMBER,
        JONAS,
        "26 Wed 13:47",
        "27 Tue 08:55",
        "Warehouse scanners, as a contractor",
        "hana.shiramizu@partner.example",
    ),
    Arrival("Yuki Tanemori", Role.MEMBER, ADAM, "28 Mon 09:50", "28 Wed 10:33"),
    Arrival("Dmitri Valenko", Role.MEMBER, ADAM, "28 Tue 11:28", "28 Thu 09:09"),
    Arrival("Grace Obwari", Role.VIEWER, ALICE, "30 Thu 10:09", "31 Tue 09:25"),
    Arrival(
        "Lucas Fontarel",
        Role.MEMBER,
        JONAS,
        "32 Mon 14:14",
        "32 Tue 10:51",
        "Camera mounts, as a contractor",
        "lucas.fontarel@partner.example",
    ),
    Arrival("Freya Holmstad", Role.MEMBER, ALICE, "33 Wed 09:27", "33 Thu 08:47"),
    Arrival(
        "Sunniva Aaberg",
        Role.MEMBER,
        JONAS,
        "33 Thu 15:05",
        "34 Mon 10:20",
        "Trial of the forklift, as a contractor",
        "s.aaberg@partner.example",
    ),
    Arrival(
        "Bea Thornwick",
        Role.MEMBER,
        PRIYA,
        "36 Mon 10:02",
        "36 Tue 09:44",
        "Documentation, as a contractor",
        "bea.thornwick@partner.example",
    ),
    Arrival(
        "Luc Armandier", Role.END_USER, ALICE, "38 Mon 09:18", "38 Mon 16:59", "Lyon, day shift"
    ),
    Arrival(
        "Nina Kostrina", Role.END_USER, ALICE, "38 Mon 09:19", "38 Tue 08:12", "Lyon, day shift"
    ),
    Arrival("Thandi Mokwele", Role.END_USER, ALICE, "38 Mon 09:21", "38 Wed 20:41", "Lyon, nights"),
    Arrival(
        "Lotte Verhaagen", Role.MEMBER, ALICE, "38 Tue 11:30", "39 Mon 09:01", "Leads the trial"
    ),
    Arrival("Helene Brissard", Role.END_USER, ADAM, "39 Wed 10:16", "39 Fri 09:13"),
    Arrival(
        "Chloé Dervaux", Role.VIEWER, JONAS, "39 Thu 14:55", "40 Mon 08:36", "Watches the trial"
    ),
    Arrival(
        "Mateo Quintarro",
        Role.MEMBER,
        PRIYA,
        "40 Tue 09:41",
        "40 Wed 11:08",
        "Conveyor in Lyon, as a contractor",
        "mateo.quintarro@partner.example",
    ),
    Arrival(
        "Rosa Pellegrane",
        Role.MEMBER,
        INES,
        "41 Wed 13:22",
        "41 Fri 09:57",
        "Labels in Lyon, as a contractor",
        "rosa.pellegrane@partner.example",
    ),
    Arrival("Hugo Castagnol", Role.END_USER, ADAM, "42 Mon 10:37", "42 Thu 07:58"),
    Arrival(
        "Ibrahim Tounkari",
        Role.MEMBER,
        PRIYA,
        "44 Mon 09:52",
        "44 Tue 10:29",
        "Battery tests, as a contractor",
        "ibrahim.tounkari@partner.example",
    ),
    Arrival("Aiko Minasawa", Role.VIEWER, INES, "46 Tue 15:33", "47 Mon 09:46", "Board observer"),
    Arrival(
        "Marit Solvangen",
        Role.MEMBER,
        INES,
        "49 Thu 10:58",
        "50 Mon 09:08",
        "Forklift, after Sunniva, as a contractor",
        "marit.solvangen@partner.example",
    ),
    Arrival(VERA, Role.VIEWER, ADAM, "52 Mon 14:11", "52 Wed 10:24", "Closes the year’s books"),
)

INVITED = (
    Invited(
        "tilda.ekmark@acme.example", Role.MEMBER, ALICE, "2 Wed 11:20", "declined", "2 Thu 18:03"
    ),
    Invited("b.grauwald@partner.example", Role.MEMBER, JONAS, "45 Tue 10:13", "expired"),
    Invited("d.kovarik@partner.example", Role.END_USER, ALICE, "51 Tue 09:12", "expired"),
    Invited(
        "ravi.shamdas@acme.example",
        Role.ADMIN,
        JONAS,
        "51 Wed 16:48",
        "revoked",
        "51 Thu 09:02",
        ALICE,
        "Night support",
    ),
    Invited(
        "omar.rezende@acme.example",
        Role.ADMIN,
        JONAS,
        "6d 23h ago",
        "pending",
        reason="Takes the night support",
    ),
    Invited(
        "lena.fogarth@acme.example",
        Role.MEMBER,
        ALICE,
        "2d 1h 20m ago",
        "pending",
        reason="Joins the Tech Leads in December",
    ),
    Invited(
        "petra.halvik@partner.example",
        Role.END_USER,
        ALICE,
        "1d 3h 34m ago",
        "pending",
        reason="Tries three published agents in Lyon",
    ),
)
