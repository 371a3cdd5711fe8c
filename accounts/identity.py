"""Who sends a request, outside of any organization: for the views, and for the ledger."""

from __future__ import annotations

from django.http import HttpRequest

from accounts.models import User
from audit.ledger import Actor
from config.requests import Request


class PersonRequest(Request):
    """What a view behind `@signed_in` gets. Never instantiated."""

    user: User


def actor_of(request: HttpRequest, person: User | None = None) -> Actor:
    """`person` names someone who is not signed in, or not yet: at a sign-up, after a reset."""
    known = person or (request.user if request.user.is_authenticated else None)
    return Actor(
        kind="person" if known else "anonymous",
        id=known.pk if known else None,
        label=str(known) if known else "Someone",
        ip=request.META.get("REMOTE_ADDR") or None,
        user_agent=request.headers.get("User-Agent", ""),
        # Django's test client signs out with a request that passed no middleware.
        request_id=getattr(request, "id", ""),
    )
