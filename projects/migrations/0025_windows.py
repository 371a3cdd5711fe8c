"""Windows of support, for whoever decides on others: the facts of a platform's question say until
when one is open, no key works through one, and who can do something leaves out those from whom
their window withholds it.

The functions of 0017 and 0013 as they were, and that.
"""

from __future__ import annotations

from importlib import import_module

from django.db import migrations

_FOR_PLATFORMS = import_module("projects.migrations.0017_decisions_for_platforms")
_PAGE = import_module("projects.migrations.0013_access_page_of_thousands").FORWARD

_END = "END $$;"


def _changed(text: str, *changes: tuple[str, str]) -> str:
    for before, after in changes:
        if text.count(before) != 1:
            raise ValueError(f"Not there once: {before}")
        text = text.replace(before, after)
    return text


def _function(text: str, start: str) -> str:
    begins = text.index(start)
    return text[begins : text.index(_END, begins) + len(_END)]


FACTS_BEFORE = _function(_FOR_PLATFORMS.DECIDE, "CREATE FUNCTION decision_facts(")
# A window lets in only who still is in support, here as where a request is bound.
FACTS = _changed(
    FACTS_BEFORE,
    ("    key_waits boolean\n", "    key_waits boolean, window_ends timestamptz\n"),
    ("key_waits := NULL;\n        IF q.", "key_waits := NULL; window_ends := NULL;\n        IF q."),
    (
        ")\n            INTO subject, membership_id, person_id, member_name, roles\n",
        """),
                CASE WHEN m.origin = 'support' THEN m.expires_at END
            INTO subject, membership_id, person_id, member_name, roles, window_ends
""",
    ),
    (
        "AND u.is_active\n",
        "AND u.is_active\n              AND (m.origin <> 'support' OR u.is_staff)\n",
    ),
)

VERIFY_BEFORE = _function(_FOR_PLATFORMS.VERIFY, "CREATE FUNCTION key_verify(").replace(
    "CREATE FUNCTION", "CREATE OR REPLACE FUNCTION", 1
)
# Support makes no keys. Should it ever hold one, it works as little as it may be made.
VERIFY = _changed(
    VERIFY_BEFORE,
    (
        "mb.expires_at AS member_until,",
        "mb.expires_at AS member_until, mb.origin AS member_origin,",
    ),
    (
        "IF v.is_active IS NOT TRUE OR v.member_until <= v_now THEN",
        "IF v.is_active IS NOT TRUE OR v.member_until <= v_now OR v.member_origin = 'support' THEN",
    ),
)

PAGE_BEFORE = _PAGE.replace("CREATE OR REPLACE FUNCTION", "CREATE FUNCTION", 1)
# A window is a membership with an end, a week away at most: the index by ends leads to the few.
PAGE = _changed(
    PAGE_BEFORE,
    ("p_search text, p_viewer", "p_search text, p_windows text[], p_viewer"),
    (
        "WHERE m.organization_id = v_org AND m.expires_at <= now()\n",
        """WHERE m.organization_id = v_org AND m.expires_at <= now() + interval '7 days'
                AND (m.expires_at <= now()
                     OR m.origin = 'support' AND m.role = ANY (p_windows))
""",
    ),
)

_DROP_FACTS = "DROP FUNCTION decision_facts(bytea, text[], text[], text[], text[]);\n"
_ARGUMENTS = "uuid[], text[], text, text, {}uuid, boolean, text, uuid, integer"

_DROP_PAGE = f"DROP FUNCTION access_page({_ARGUMENTS});\n"

FORWARD = f"{_DROP_FACTS}{FACTS}\n{VERIFY}\n{_DROP_PAGE.format('')}{PAGE}"
REVERSE = (
    f"{_DROP_PAGE.format('text[], ')}{PAGE_BEFORE}\n{VERIFY_BEFORE}\n{_DROP_FACTS}{FACTS_BEFORE}"
)


class Migration(migrations.Migration):
    dependencies = [("projects", "0024_exports"), ("orgs", "0014_support")]

    operations = [migrations.RunSQL(FORWARD, REVERSE)]
