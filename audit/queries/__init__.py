"""Reading the ledger, by noun: filters, pages of entries, single entries, the chain.

Every read names its organization; row security holds it to the one that is bound. Nothing here
writes: `audit/ledger.py` does.
"""

from audit.queries.chain import Flaw, Verified, first_flaw, last_verified
from audit.queries.entries import (
    Someone,
    acted_since,
    event_get,
    events_after,
    newest_sequence,
    recent,
    recent_actors,
)
from audit.queries.filters import EventFilter, Origin, matching
from audit.queries.pages import PAGE_SIZE, EventPage, event_count, event_list, events_newer
from audit.queries.parts import events_about
from audit.queries.saved import MOST_SAVED, saved_get, saved_list

__all__ = [
    "MOST_SAVED",
    "PAGE_SIZE",
    "EventFilter",
    "EventPage",
    "Flaw",
    "Origin",
    "Someone",
    "Verified",
    "acted_since",
    "event_count",
    "event_get",
    "event_list",
    "events_about",
    "events_after",
    "events_newer",
    "first_flaw",
    "last_verified",
    "matching",
    "newest_sequence",
    "recent",
    "recent_actors",
    "saved_get",
    "saved_list",
]
