"""Text in tables that people open with a spreadsheet, which takes some of it for formulas."""

from __future__ import annotations

# With the wide forms of the signs, which East Asian spreadsheets read as the narrow ones.
SIGNS = (*"=+-@", *"\uff1d\uff0b\uff0d\uff20")
FORMULA = (*SIGNS, *"\t\r\n")
# Some programs drop these from the beginning of a cell, and then see what stood behind them.
_DROPPED = " \"'\t\r\n\v\f\u00a0\u200b\u3000\ufeff"


def harmless(text: str) -> str:
    """A cell that a spreadsheet would take for a formula stays text."""
    if text.startswith(FORMULA) or text.lstrip(_DROPPED).startswith(SIGNS):
        return f"'{text}"
    return text


def harmless_sql(expression: str) -> str:
    """The same in the database, for what is never seen here."""
    formula, signs = (", ".join(str(ord(sign)) for sign in some) for some in (FORMULA, SIGNS))
    dropped = _DROPPED.replace("'", "''")
    return (
        f"CASE WHEN ascii({expression}) IN ({formula})"
        f" OR ascii(ltrim({expression}, '{dropped}')) IN ({signs})"
        f" THEN '''' || {expression} ELSE {expression} END"
    )
