"""Acme Robotics: what its projects hold. Names are invented.

Only data. The machines around them are in `acme_machines.py`.
"""

from __future__ import annotations

from orgs.demo.people import ALICE, DANA, EMIL, INES, JONAS, KOFI, MIA, PRIYA, SAMIR
from projects.demo.acme_machines import MACHINES
from projects.demo.lines import (
    Built,
    Changed,
    Hidden,
    Line,
    Prebuilt,
    Published,
    Rotated,
    Runs,
)
from projects.demo.shapes import (
    READER,
    SMALL,
    agent,
    knowledge,
    steps,
    tool,
    workflow,
)
from projects.prebuilds import Prebuilds, Trigger

LEILA, HANA, DANIEL = "Leila Benhadi", "Hana Shiramizu", "Daniel Osterholt"
PICKING, RETURNS, INTAKE = "Warehouse picking", "Returns desk", "Order intake"
NEXT = "Order intake (development)"
STOCK_TOOL = "https://stock.acme.example/mcp"

LOGISTICS: tuple[Line, ...] = (
    Built(
        *("9 Wed 10:00", LEILA, "tool", "Warehouse stock", "Reads and reserves stock"),
        *(tool(STOCK_TOOL, "stock.read", "stock.reserve"), PICKING),
    ),
    Changed(
        *("24 Wed 11:00", MIA, "Warehouse stock"),
        {"operations": ["stock.read", "stock.reserve", "pallet.find"]},
        "Pallets, too",
    ),
    Built(
        *("19 Thu 09:30", MIA, "tool", "Label printer", "Prints at the packing tables"),
        *(tool("https://labels.acme.example/mcp", "label.print", timeout=10), PICKING),
    ),
    Built(
        *("9 Wed 14:00", LEILA, "knowledge_base", "Picking handbook", "How we pick, and why"),
        *(knowledge("repository", "https://git.acme.example/warehouse/handbook"), PICKING),
    ),
    Built(
        *("19 Fri 10:00", MIA, "knowledge_base", "Aisle maps", "Racks, heights and loads"),
        *(knowledge("bucket", "s3://acme-aisles", refresh="weekly"), PICKING),
    ),
    Built(
        *("10 Tue 09:00", LEILA, "agent", "Picking helper", "Answers whoever stands at a rack"),
        agent("Answer in two sentences.", knowledge=("Picking handbook",)),
        PICKING,
    ),
    Changed(
        *("20 Thu 10:00", MIA, "Picking helper"),
        {"tools": ["Warehouse stock"], "temperature": 0.2},
        "It may look at the stock",
    ),
    Changed(
        *("33 Tue 13:00", MIA, "Picking helper"),
        {
            "instructions": "Answer in two sentences, and name the aisle first."
            " If a person could get hurt, say so and name the shift lead."
        },
        "Safety first",
    ),
    Changed(
        *("9d 5h ago", "Grace Obwari", "Picking helper"),
        {"memory": True, "knowledge_bases": ["Picking handbook", "Aisle maps"]},
        "Remembers the aisle somebody works in",
    ),
    Published("28 Wed 09:00", LEILA, "Picking helper"),
    Built(
        *("44 Tue 15:00", "Grace Obwari", "agent", "Pallet finder", "Says where a pallet stands"),
        agent("Give the aisle, the rack and the height.", model=SMALL, tools=("Warehouse stock",)),
        PICKING,
    ),
    Changed("45 Tue 09:00", "Grace Obwari", "Pallet finder", {"temperature": 0.0}, "No surprises"),
    Published("45 Wed 11:00", LEILA, "Pallet finder"),
    Built(
        *("50 Thu 14:00", MIA, "agent", "Slotting advisor", "Proposes where boxes should live"),
        agent("Propose five moves that save the most walking.", knowledge=("Aisle maps",)),
        PICKING,
    ),
    Built(
        *("47 Thu 10:00", MIA, "workflow", "Release a picking wave", "From orders to robots"),
        workflow("tool: Warehouse stock", "agent: Picking helper", "human: Approve the wave"),
        PICKING,
    ),
    Changed(
        *("48 Mon 16:00", MIA, "Release a picking wave"),
        {
            "steps": steps(
                "tool: Warehouse stock",
                "condition: More than 40 orders",
                "agent: Picking helper",
                "human: Approve the wave",
                "tool: Label printer",
            )
        },
        "Small waves need nobody; labels at the end",
    ),
    Published("48 Wed 09:00", MIA, "Release a picking wave"),
    Built(
        *("41 Tue 13:00", LEILA, "workflow", "Count a shelf", "Three photos, one number"),
        *(workflow("tool: Warehouse stock", "human: Count what differs"), PICKING),
    ),
    Hidden("9 Thu 09:00", LEILA, PICKING, ("STOCK_TOKEN", "LABEL_PRINTER_KEY")),
    Hidden("30 Wed 10:50", MIA, PICKING, ("ROBOT_FLEET_TOKEN",)),
    Rotated("10d 2h ago", MIA, PICKING, "STOCK_TOKEN"),
    Runs("20 Tue 11:00", LEILA, PICKING, ("Medium", "Large")),
    Prebuilt(
        *("21 Wed 10:00", EMIL, PICKING),
        Prebuilds(enabled=True, trigger=Trigger.BOTH, schedule="0 4 * * 1-5", timeout=45),
    ),
    Built(
        *("23 Tue 09:00", LEILA, "knowledge_base", "Return rules", "By country and kind"),
        *(knowledge("website", "https://rules.acme.example/returns"), RETURNS),
    ),
    Built(
        *("23 Tue 10:00", LEILA, "tool", "Refunds", "Prepares a refund; a person sends it"),
        *(tool("https://refunds.acme.example/mcp", "refund.prepare"), RETURNS),
    ),
    Built(
        *("24 Thu 15:00", LEILA, "agent", "Returns clerk", "Says what may come back, and how"),
        agent("Name the rule that applies.", knowledge=("Return rules",), model=READER),
        RETURNS,
    ),
    Changed("42 Fri 10:00", "Chloé Dervaux", "Returns clerk", {"temperature": 0.1}, "For Lyon"),
    Published("42 Fri 15:00", LEILA, "Returns clerk"),
    Built(
        *("42 Thu 10:00", "Chloé Dervaux", "workflow", "Check a return", "Photo, rule, refund"),
        workflow("agent: Returns clerk", "human: Sign for damage", "tool: Refunds"),
        RETURNS,
    ),
    Published("42 Fri 15:10", LEILA, "Check a return"),
    Hidden("23 Tue 10:10", LEILA, RETURNS, ("REFUNDS_TOKEN",)),
    Built(
        *("28 Thu 09:00", DANIEL, "workflow", "Propose dock slots", "Each evening at six"),
        *(workflow("agent: Dock planner", "human: Agree", schedule="0 18 * * 1-5"),),
        "Dock scheduling",
    ),
    Built(
        *("28 Wed 09:00", DANIEL, "agent", "Dock planner", "Doors, vans and the time between"),
        *(agent("Plan for ten minutes between two vans."), "Dock scheduling"),
    ),
    Built(
        *("34 Mon 09:10", HANA, "agent", "Shelf reader", "Reads labels on photos"),
        *(agent("Give the code and how sure you are.", model=READER), "Shelf scanning"),
    ),
    Hidden("34 Mon 09:30", HANA, "Shelf scanning", ("CAMERA_PIN",)),
)

SERVICE: tuple[Line, ...] = (
    Built(
        *("12 Wed 10:00", LEILA, "tool", "Order book", "Enters orders"),
        *(tool("https://orders.acme.example/mcp", "order.create", "order.read"), INTAKE),
    ),
    Built(
        *("12 Wed 10:30", LEILA, "knowledge_base", "Price list", "Prices, discounts, minimums"),
        *(knowledge("folder", "sales/prices", refresh="hourly"), INTAKE),
    ),
    Built(
        *("12 Thu 09:00", LEILA, "agent", "Order reader", "Reads orders from letters and mail"),
        agent(
            "List article, number and date. Ask if one is missing.",
            tools=("Order book",),
            knowledge=("Price list",),
        ),
        INTAKE,
    ),
    Changed("26 Tue 10:00", EMIL, "Order reader", {"model": READER}, "Half the cost, as good"),
    Changed(
        *("43 Thu 11:00", LEILA, "Order reader"),
        {"instructions": "List article, number and date. Ask if one is missing. Never guess."},
        "It guessed a date",
    ),
    Published("27 Wed 10:00", LEILA, "Order reader"),
    Built(
        *("12 Thu 11:00", LEILA, "workflow", "Enter an order", "With a person for large ones"),
        workflow("agent: Order reader", "condition: Above 5,000 euros", "human: Approve the order"),
        INTAKE,
    ),
    Published("27 Wed 10:05", LEILA, "Enter an order"),
    Hidden("12 Wed 10:20", LEILA, INTAKE, ("ORDER_BOOK_TOKEN", "MAILBOX_PASSWORD")),
    Rotated("40 Wed 10:20", LEILA, INTAKE, "MAILBOX_PASSWORD"),
    Runs("19 Mon 09:00", LEILA, INTAKE, ("Medium",)),
    Built(
        *("29 Fri 10:00", MIA, "agent", "Order reader, next", "Reads scans with handwriting"),
        *(agent("As Order reader, and handwriting.", model=READER, temperature=0.3), NEXT),
    ),
    Built(
        *("30 Fri 10:00", EMIL, "workflow", "Enter an order, next", "Without a second look"),
        *(workflow("agent: Order reader, next", "human: Look once"), NEXT),
    ),
    Runs("30 Fri 11:00", EMIL, NEXT, ("Small", "Medium")),
    Built(
        *("30 Wed 09:00", SAMIR, "knowledge_base", "Past complaints", "Five years, without names"),
        *(knowledge("bucket", "s3://acme-complaints", refresh="weekly"), "Complaint triage"),
    ),
    Built(
        *("30 Wed 10:00", SAMIR, "agent", "Complaint sorter", "Sorts, and drafts an answer"),
        agent("Sort into late, broken, wrong or other.", knowledge=("Past complaints",)),
        "Complaint triage",
    ),
    Changed("37 Mon 10:00", PRIYA, "Complaint sorter", {"temperature": 0.2}, "Calmer answers"),
    Published("37 Tue 10:00", SAMIR, "Complaint sorter"),
    Built(
        *("36 Thu 10:00", "Bea Thornwick", "knowledge_base", "Parts catalogue", "9,000 parts"),
        *(knowledge("website", "https://parts.acme.example"), "Spare parts"),
    ),
    Built(
        *("37 Fri 10:00", "Bea Thornwick", "agent", "Parts finder", "From a photo to a number"),
        agent("Name the part, its number and the wait.", knowledge=("Parts catalogue",)),
        "Spare parts",
    ),
    Changed(
        *("50 Tue 10:00", "Bea Thornwick", "Parts finder"),
        {"instructions": "Name the part, its number, the wait and what replaces it."},
        "Old parts have heirs",
    ),
)

REST: tuple[Line, ...] = (
    Built(
        *("14 Wed 10:00", DANA, "tool", "Robot telemetry", "What the robots say"),
        *(tool("https://fleet.acme.example/mcp", "*", timeout=60), "Fleet health"),
    ),
    Built(
        *("14 Wed 11:00", DANA, "workflow", "Nightly check-up", "Every robot, before the shift"),
        workflow("tool: Robot telemetry", "condition: Anything red", "human: Look at the robot"),
        "Fleet health",
    ),
    Changed(
        *("32 Mon 09:00", "Arjun Velloran", "Nightly check-up"),
        {"schedule": "30 3 * * *"},
        "By itself",
    ),
    Built(
        *("15 Tue 10:00", "Arjun Velloran", "agent", "Fleet doctor", "Says what a robot needs"),
        *(agent("Begin with the robot’s number.", tools=("Robot telemetry",)), "Fleet health"),
    ),
    Hidden("14 Wed 10:10", DANA, "Fleet health", ("TELEMETRY_TOKEN",)),
    Runs("19 Mon 10:00", DANA, "Fleet health", ("Medium", "Graphics")),
    Built(
        *("45 Thu 10:00", "Ibrahim Tounkari", "workflow", "Read the batteries", "Cell by cell"),
        *(workflow("tool: Read cells", "agent: Cell watcher"), "Battery watch"),
    ),
    Built(
        *("45 Thu 11:00", "Ibrahim Tounkari", "agent", "Cell watcher", "Spots what ages early"),
        *(agent("Compare with the month before."), "Battery watch"),
    ),
    Built(
        *("14 Fri 10:00", EMIL, "agent", "Gripper tutor", "Grip strength for each box"),
        *(agent("Give newtons, and why.", temperature=0.1), "Gripper tuning"),
    ),
    Built(
        *("17 Tue 10:00", "Ngozi Adekunbi", "workflow", "Match invoices", "Order, delivery, bill"),
        workflow("tool: Books", "agent: Invoice reader", "human: Decide what differs"),
        "Invoice matching",
    ),
    Built(
        *("17 Mon 10:00", "Ngozi Adekunbi", "tool", "Books", "Reads what was booked"),
        *(tool("https://books.acme.example/mcp", "booking.read"), "Invoice matching"),
    ),
    Built(
        *("17 Mon 11:00", "Ngozi Adekunbi", "agent", "Invoice reader", "Reads invoices"),
        agent("Sums to the cent.", model=READER, temperature=0.0, tools=("Books",)),
        "Invoice matching",
    ),
    Published("23 Wed 09:00", "Ngozi Adekunbi", "Match invoices"),
    Hidden("17 Mon 10:10", "Ngozi Adekunbi", "Invoice matching", ("BOOKS_TOKEN",)),
    Built(
        *("21 Wed 10:00", INES, "knowledge_base", "Handbook", "Holidays, keys and coffee"),
        *(knowledge("website", "https://handbook.acme.example"), "Onboarding"),
    ),
    Built(
        *("21 Wed 11:00", INES, "agent", "First-week guide", "Answers what nobody dares to ask"),
        agent("Be kind. Name the page.", knowledge=("Handbook",), memory=True),
        "Onboarding",
    ),
    Changed("36 Thu 11:00", "Grace Obwari", "First-week guide", {"model": SMALL}, "Fast enough"),
    Published("35 Fri 10:00", INES, "First-week guide"),
    Built(
        *("35 Tue 10:00", "Sofia Brancaleon", "agent", "Delay watcher", "Says who will be late"),
        *(agent("Three suppliers at most."), "Supplier watch"),
    ),
    Built(
        *("37 Fri 14:00", KOFI, "agent", "Safety reader", "Every rule, and where it stands"),
        *(agent("Quote the rule word for word.", temperature=0.0), "Safety review"),
    ),
    Published("38 Tue 14:00", KOFI, "Safety reader"),
    Built(
        *("24 Wed 14:00", "Felix Ambrun", "agent", "Apple robot", "Hands out apples"),
        *(agent("Offer an apple."), "Fair stand"),
    ),
    Runs("44 Thu 10:00", ALICE, "Battery watch", ("Small",)),
    Runs("44 Thu 10:30", JONAS, "Gripper tuning", ("Small", "Graphics")),
)

PARTS: tuple[Line, ...] = (*MACHINES, *LOGISTICS, *SERVICE, *REST)
