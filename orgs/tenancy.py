"""The wall around a request: whose data this transaction may touch.

Everything under `/o/<slug>/` runs in one transaction bound to that organization for that member;
everything under `/admin/` in one bound to the portal, as the portal's own role. Nothing else is
bound to anything. Whoever comes second where two change the same thing is told so, and nothing of
theirs is kept.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast
from uuid import UUID

from django.core.exceptions import ObjectDoesNotExist
from django.db import Error, transaction
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import render

from audit import ledger
from audit.events import Event
from audit.ledger import Actor, Target
from audit.models import PLATFORM, Outcome
from config import portal
from config.database import trouble_of
from config.gate import Refusal, lock_of
from config.pages import TROUBLES, in_trouble, overtaken
from config.prepared import prepared_row
from config.requests import Request
from config.roles import Policy, Role
from orgs.access import Access, Bound
from orgs.rules.answer import rule_broken
from orgs.rules.keeping import RuleBrokenError, keeping_rules, stood_before, unjudged
from orgs.standing import Standing

logger = logging.getLogger(__name__)

# How PostgreSQL ends a race: a row that is gone is referred to, two wait for each other, and two
# that cannot both have been first.
_FOREIGN_KEY, _DEADLOCK, _SERIALIZATION = "23503", "40P01", "40001"

_BIND_REQUEST = "SELECT * FROM bind_request(%s, %s)"
_BIND_PORTAL = "SELECT bind_portal(%s)"
_BIND_ORGANIZATION = "SELECT bind_organization(%s)"


@contextmanager
def bound(organization: UUID) -> Iterator[None]:
    """Run in a transaction bound to this organization; what was bound before returns after.

    For commands, jobs, streams and the deeds that cross the wall on purpose. Who may do so is
    for the caller to ask.
    """
    with transaction.atomic():
        row = prepared_row(_BIND_ORGANIZATION, [organization])
        with keeping_rules():
            yield
        prepared_row(_BIND_ORGANIZATION, [row[0] if row else None])


def bind_member(slug: str, person: UUID, *, identity: Actor) -> Access | None:
    """Bind the running transaction for an active member; None for anybody else.

    One round trip: membership, organization, role and the roles of the person's groups.
    """
    row = prepared_row(_BIND_REQUEST, [slug, person])
    if row is None:
        return None
    facts = len(Bound.__slots__)
    membership_id, role, name, unread, group_roles, window_ends, *standing = row[facts:]
    said = dict(zip(Bound.__slots__, row[:facts], strict=True))
    said["policies"] = frozenset(map(Policy, said["policies"]))
    said["entitlements"] = frozenset(said["entitlements"])
    return Access(
        organization=Bound(**said),
        membership_id=membership_id,
        person_id=person,
        unread=unread,
        window_ends=window_ends,
        standing=Standing(**dict(zip(Standing.__slots__, standing, strict=True))),
        roles=frozenset({Role(role), *(Role(carried) for carried in group_roles)}),
        identity=_named(identity, membership_id, name),
    )


def bind_superadmin(person: UUID, *, identity: Actor) -> Access | None:
    """Bind the running transaction to the portal for an active superadmin; None otherwise."""
    row = prepared_row(_BIND_PORTAL, [person])
    if row is None or not row[0]:
        return None
    return Access(organization=None, roles=frozenset({Role.SUPERADMIN}), identity=identity)


def identity_of(request: HttpRequest) -> Actor:
    """Who sends this request, as the ledger names them outside of any organization."""
    user = request.user
    known = user.is_authenticated
    return Actor(
        kind="person" if known else "anonymous",
        id=user.pk if known else None,
        label=str(user) if known else "Someone",
        ip=request.META.get("REMOTE_ADDR") or None,
        user_agent=request.headers.get("User-Agent", ""),
        request_id=request.id,  # type: ignore[attr-defined]
    )


class OrgRequest(Request):
    """What a view under an organization's address gets. Never instantiated."""

    access: Access
    org: Bound


class TenancyMiddleware:
    """Binds, or answers 404 as for a missing page; undoes what fails; records refusals."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request.access = request.org = request.refusal = None  # type: ignore[attr-defined]
        bind = _binder(request)
        if bind is None or not request.user.is_authenticated:
            return self.get_response(request)
        if not _is_the_portals(request):
            return self._bound(request, bind)
        if not request.user.is_staff:
            raise Http404
        if not portal.is_open():
            return render(request, "admin/shut.html", status=503)
        with portal.as_portal(), unjudged():
            return self._bound(request, bind)

    def _bound(self, request: HttpRequest, bind: Callable[[], Access | None]) -> HttpResponseBase:
        access: Access | None = None
        try:
            with transaction.atomic():
                access = bind()
                if access is None:
                    raise Http404
                request.access = request.user.access = access  # type: ignore[attr-defined, union-attr]
                request.org = access.organization  # type: ignore[attr-defined]
                # For what is streamed once this transaction is over.
                request.bind = bind  # type: ignore[attr-defined]
                with keeping_rules():
                    response = self.get_response(request)
                    if response.status_code >= 500:
                        transaction.set_rollback(True)
        except RuleBrokenError as refusal:
            response = _refused_by_rule(request, refusal, access)
        except Error as error:
            # Before the view and after it: at the latest the commit finds out.
            return _in_trouble(request, error)
        if access is not None:
            _record_attempt(request, response, access)
        return response

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: object, kwargs: object
    ) -> HttpResponseBase | None:
        org: Bound | None = request.org  # type: ignore[attr-defined]
        lock = lock_of(view)
        if org is None or org.state == "open" or (lock and lock.while_closed):
            return None
        return render(request, "orgs/closed.html", {"closed": org}, status=403)

    def process_exception(
        self, request: HttpRequest, exception: Exception
    ) -> HttpResponseBase | None:
        # Under an organization's address the wall itself judges; elsewhere a deed was bound alone.
        if isinstance(exception, RuleBrokenError):
            return _refused_by_rule(request, exception, None)
        trouble = trouble_of(exception)
        if trouble is None and not _lost_a_race(request, exception):
            return None
        logger.warning("%s at %s", trouble or "Overtaken", request.path_info, exc_info=exception)
        if request.access is not None:  # type: ignore[attr-defined]
            transaction.set_rollback(True)
        return in_trouble(request, trouble) if trouble else overtaken(request)


def _in_trouble(request: HttpRequest, error: Error) -> HttpResponseBase:
    """Raises the error again where the trouble is not the database's own."""
    trouble = trouble_of(error)
    if trouble is None:
        raise error
    logger.warning("%s at %s", trouble, request.path_info, exc_info=error)
    return in_trouble(request, trouble)


def _refused_by_rule(
    request: HttpRequest, refusal: RuleBrokenError, access: Access | None
) -> HttpResponseBase:
    """Everything is undone by now; what the clock alone had broken is known from here on."""
    with bound(refusal.broken.organization):
        before = stood_before(refusal.broken)
    return rule_broken(request, refusal.broken, access, before=before)


def _lost_a_race(request: HttpRequest, exception: Exception) -> bool:
    """Was what this request found when it began changed or removed before it was done?"""
    if isinstance(exception, ObjectDoesNotExist):
        return request.method == "POST"
    ended = getattr(exception.__cause__, "sqlstate", None)
    return ended in (_FOREIGN_KEY, _DEADLOCK, _SERIALIZATION)


def _binder(request: HttpRequest) -> Callable[[], Access | None] | None:
    if not request.path_info.startswith("/") or "\0" in request.path_info:
        return None  # No route has such an address, and the database refuses to look for it.
    parts = request.path_info.split("/", 3)
    if parts[1] == "o" and len(parts) > 2 and parts[2]:
        return lambda: bind_member(parts[2], _person(request), identity=identity_of(request))
    if _is_the_portals(request):
        return lambda: bind_superadmin(_person(request), identity=identity_of(request))
    return None


def _is_the_portals(request: HttpRequest) -> bool:
    return request.path_info.split("/", 3)[1:2] == ["admin"]


def _person(request: HttpRequest) -> UUID:
    if not request.user.is_authenticated:
        raise LookupError("Nobody is signed in.")
    return request.user.pk


def _record_attempt(request: HttpRequest, response: HttpResponseBase, access: Access) -> None:
    """Write down what was denied or failed, in a transaction of its own after the undoing."""
    refusal: Refusal | None = request.refusal  # type: ignore[attr-defined]
    lock = getattr(request, "lock", None)
    if refusal is not None:
        event, outcome = cast("Event", refusal.event or Event.ACCESS_REFUSED), Outcome.DENIED
        target = Target("permission", None, refusal.permission.label)
        reason = refusal.permission.value
    elif getattr(response, "reason_code", "") in TROUBLES:
        return  # Nor can that be written down now.
    elif request.method == "POST" and lock and lock.records and _has_failed(response):
        event, outcome = cast("Event", lock.records), Outcome.FAILED
        target = Target("page", None, request.path_info[:200])
        reason = getattr(response, "reason_code", f"status {response.status_code}")
    else:
        return
    organization = access.organization.id if access.organization else PLATFORM
    with bound(organization):
        ledger.record(
            event,
            organization=organization,
            actor=access.identity,
            target=target,
            reason=reason,
            outcome=outcome,
        )


def _has_failed(response: HttpResponseBase) -> bool:
    return response.status_code in (409, 422) or response.status_code >= 500


def _named(identity: Actor, membership_id: UUID, name: str) -> Actor:
    """In an organization's ledger a person is their membership, under the name they have there."""
    return Actor(
        kind="member",
        id=membership_id,
        label=name,
        ip=identity.ip,
        user_agent=identity.user_agent,
        request_id=identity.request_id,
    )
