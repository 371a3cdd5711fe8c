"""What runs, conversations and logs of the demo are about, by what was used. Only data."""

from __future__ import annotations

SAID: dict[str, tuple[str, ...]] = {
    "Picking helper": (
        "Which aisle has box size C today?",
        "What does the handbook say about a stuck gripper?",
        "Robot 4 waits at aisle 7: may I push it?",
        "How many boxes fit on a half pallet?",
        "Who is shift lead in aisle 12?",
    ),
    "Pallet finder": (
        "Where is pallet 4471?",
        "Is pallet 5120 still at the dock?",
        "Who moved pallet 3308 last?",
    ),
    "Slotting advisor": ("Where should the small boxes live in December?",),
    "Release a picking wave": (
        "42 orders, 9 robots, done in 38 minutes",
        "58 orders, 12 robots, one label printed twice",
        "31 orders: small, so nobody was asked",
    ),
    "Count a shelf": ("Shelf C 12: as booked", "Shelf A 3: two more than booked"),
    "Returns clerk": (
        "May a robot come back after six weeks?",
        "The box is open, the seal is not: what now?",
        "Who pays for the way back from Ghent?",
    ),
    "Check a return": ("Return 8741: refund prepared", "Return 8763: signed for by a person"),
    "Propose dock slots": ("14 vans, 5 doors, one hour free",),
    "Dock planner": ("Can the van from Lille come an hour early?",),
    "Shelf reader": ("40 photos, 39 codes",),
    "Order reader": ("Order from Basel: 12 grippers, no date", "Order from Turin: 3 articles"),
    "Enter an order": ("Order entered, 2,380 euros", "Order entered after approval, 9,120 euros"),
    "Order reader, next": ("A note by hand: 4 wheels, or 9?",),
    "Enter an order, next": ("17 test orders, 16 as expected",),
    "Complaint sorter": ("Late by two days: draft an answer", "Broken on arrival, with photo"),
    "Parts finder": ("Which wheel is this?", "What replaces the old camera mount?"),
    "Nightly check-up": ("12 robots, all green", "12 robots, one amber: number 9"),
    "Nightly check-up run": ("Check-up started and done",),
    "Clean old environments": ("6 environments removed, 41 GiB free again",),
    "Weekly stock report": ("Report sent to 5 people",),
    "Rebuild indexes on merge": ("Index rebuilt: 1,204 pages",),
    "Fleet doctor": ("Robot 9 pulls to the left", "Why did robot 2 stop at night?"),
    "Cell watcher": ("Pack 31 against last month",),
    "Read the batteries": ("24 packs read, 2 to look at",),
    "Gripper tutor": ("How firm for a box of eggs?",),
    "Match invoices": ("126 invoices matched, 4 left open", "98 invoices matched"),
    "Invoice reader": ("Read the invoice of the tyre supplier",),
    "First-week guide": ("Where do I get a key?", "Who approves holidays?"),
    "Delay watcher": ("Who will be late next week?",),
    "Safety reader": ("May two robots share a narrow aisle?", "What is the rule for ladders?"),
    "Route planner": ("14 stops, one low bridge avoided",),
    "Chase a parcel": ("Found in van 7",),
    "Proofreader": ("Chapter 3: 11 marks",),
    "Sheet counter": ("4,200 sheets by noon",),
}
LOGS = (
    "Environment started in 9 s",
    "Environment stopped after two idle hours",
    "Updated itself between two pieces of work",
    "Image pulled from the cache",
    "Prebuild finished in 4 min 10 s",
    "Certificate renewed",
    "Disk cleaned: 38 GiB free again",
)
FAILURES = {
    "conversation": ("The model did not answer in time",),
    "run": ("Stopped: a tool does not answer", "Stopped after 30 minutes, as set"),
    "log": ("Disk full: 2 environments refused", "Lost the connection for 40 s"),
}
