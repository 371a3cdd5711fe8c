"""Text in tables that people open with a spreadsheet, which takes some of it for formulas."""

from __future__ import annotations

# With the wide forms of the signs, which East Asian spreadsheets read as the narrow ones.
FORMULA = (*"=+-@\t\r\n", *"\uff1d\uff0b\uff0d\uff20")


def harmless(text: str) -> str:
    """A cell that a spreadsheet would take for a formula stays text."""
    return f"'{text}" if text.startswith(FORMULA) else text


def harmless_sql(expression: str) -> str:
    """The same in the database, for what is never seen here."""
    signs = ", ".join(str(ord(sign)) for sign in FORMULA)
    return (
        f"CASE WHEN ascii({expression}) IN ({signs})"
        f" THEN '''' || {expression} ELSE {expression} END"
    )
