"""Acme Robotics: its runners and automations, and what belongs to them. Names are invented.

Only data.
"""

from __future__ import annotations

from orgs.demo.people import DANA, KOFI
from projects.demo.lines import Built, Changed, Connected, Line, Sized
from projects.demo.shapes import automation, runner

FREYA = "Freya Holmstad"

MACHINES: tuple[Line, ...] = (
    Built(
        *("7 Tue 11:00", DANA, "runner", "frankfurt-1", "Most of the work runs here"),
        runner("aws", "eu-central-1", 40, "linux", "default"),
    ),
    Changed(
        *("20 Mon 09:00", DANA, "frankfurt-1"),
        {"capacity": 80},
        "The nights got too narrow",
    ),
    Built(
        *("18 Wed 10:00", DANA, "runner", "frankfurt-gpu", "Four cards, for training at night"),
        runner("aws", "eu-central-1", 4, "linux", "gpu-large"),
    ),
    Built(
        *("12 Fri 13:00", DANA, "runner", "office-rack", "Under the stairs"),
        runner("self-hosted", "", 6, "linux", "arm"),
    ),
    Built(
        *("38 Wed 09:00", DANA, "runner", "lyon-edge", "In the warehouse, beside the robots"),
        runner("kubernetes", "lyon", 10, "edge"),
    ),
    Changed("41 Thu 17:00", FREYA, "lyon-edge", {"capacity": 16}, "Twelve robots, and some air"),
    Sized("18 Thu 10:00", DANA, "Small", "Reading and small changes", (2, 8, 40)),
    Sized("18 Thu 10:04", DANA, "Medium", "What most projects take", (4, 16, 80), "frankfurt-1"),
    Sized("18 Thu 10:08", DANA, "Large", "Whole builds", (16, 64, 200), "frankfurt-1"),
    Sized("18 Thu 10:12", DANA, "Graphics", "One card", (8, 64, 400), "frankfurt-gpu"),
    Sized("38 Wed 09:20", DANA, "Edge", "Beside the robots", (4, 8, 60), "lyon-edge"),
    Connected("8 Tue 10:00", DANA, "Code", "gitlab", "https://git.acme.example"),
    Connected("8 Tue 10:10", DANA, "Models", "openai_compatible", "https://models.acme.example/v1"),
    Connected(
        *("38 Wed 10:00", DANA, "Models in Lyon", "ollama", "http://models.lyon.acme.example"),
        *("lyon-edge", False),
    ),
    Built(
        *("20 Tue 10:00", DANA, "automation", "Nightly check-up run", "Before the first shift"),
        automation(schedule="30 3 * * *", workflow="Nightly check-up", timeout=90),
    ),
    Built(
        *("21 Mon 09:00", "Arjun Velloran", "automation", "Clean old environments", ""),
        automation(schedule="0 2 * * 1-5", runner="frankfurt-1", command="prune --older-than 14d"),
    ),
    Built(
        *("42 Mon 10:00", KOFI, "automation", "Weekly stock report", "For Monday’s round"),
        automation(schedule="0 6 * * 1", workflow="Count a shelf", timeout=45),
    ),
    Changed(
        *("44 Mon 10:00", KOFI, "Weekly stock report"),
        {"schedule": "0 5 * * 1"},
        "The round begins at seven",
    ),
    Built(
        *("49 Wed 15:00", "Yuki Tanemori", "automation", "Rebuild indexes on merge", ""),
        automation(event="pull_request.merged", runner="frankfurt-1", command="index --changed"),
    ),
)
