"""Who may do what where, and why: the decision of `Access.can`, with its proof and its remedies.

`engine.py` puts the answer together; its parts are read, worded and tried in the modules beside.
"""

from projects.explain.answer import Deed, Explanation, Part, Path, Suggestion
from projects.explain.asked import asked_at, by_area, first_asked
from projects.explain.engine import explain
from projects.explain.givers import may_do
from projects.explain.words import brief, first_name, heading, text

__all__ = [
    "Deed",
    "Explanation",
    "Part",
    "Path",
    "Suggestion",
    "asked_at",
    "brief",
    "by_area",
    "explain",
    "first_asked",
    "first_name",
    "heading",
    "may_do",
    "text",
]
