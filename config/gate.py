"""The locks: every route says who may pass and what it writes.

A decorator only marks the view; `GateMiddleware` enforces the mark, in one place that no view
can forget. A system check refuses to start with a route that has no mark.
"""

from __future__ import annotations

import enum
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from urllib.parse import urlencode

from allauth.account.authentication import get_authentication_records
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core import checks
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django_htmx.http import HttpResponseClientRedirect, trigger_client_event

from config.roles import Permission

if TYPE_CHECKING:
    from django_htmx.middleware import HtmxDetails

View = TypeVar("View", bound=Callable[..., HttpResponseBase])


class Kind(enum.Enum):
    PUBLIC = "public"
    SIGNED_IN = "signed in"
    PERMISSION = "permission"
    SERVICE = "service account"


@dataclass(frozen=True, slots=True)
class Lock:
    """What a route asks of who comes, and the event that a change through it leaves."""

    kind: Kind
    permission: Permission | None = None
    records: enum.Enum | None = None
    fresh: bool = False
    while_closed: bool = False
    on: Callable[..., Any] | None = None
    choose: Callable[[Any], Permission] | None = None
    scope: str = ""
    plan: str = ""
    way_out: bool = False

    def asks(self, target: Any) -> Permission | None:
        """The permission it takes, on this target."""
        return self.choose(target) if self.choose else self.permission


class Access(Protocol):
    """What the gate needs of `request.access`; `orgs.access.Access` is the real one."""

    @property
    def reads_only(self) -> bool: ...
    def can(self, permission: Permission, obj: Any = None) -> bool: ...
    def reading_refusal(self) -> str: ...
    def refusal(self, permission: Permission, obj: Any = None) -> str: ...
    def request_url(self, permission: Permission, obj: Any = None) -> str: ...
    def includes(self, entitlement: str) -> bool: ...
    def plan_refusal(self, entitlement: str) -> str: ...
    def landing_url(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Refusal:
    """A denied attempt, for the tenancy wall to record once the request's work is undone."""

    permission: Permission
    event: enum.Enum | None
    on: Any = None


def public(view: View) -> View:
    """Anyone may come, signed in or not."""
    return _mark(view, Lock(Kind.PUBLIC))


def signed_in(view: View | None = None, *, records: enum.Enum | None = None) -> Any:
    """Whoever is signed in may come; the page shows only what is their own."""
    lock = Lock(Kind.SIGNED_IN, records=records)
    return _mark(view, lock) if view else lambda inner: _mark(inner, lock)


def gate(
    permission: Permission | Callable[[Any], Permission],
    *,
    records: enum.Enum | None = None,
    fresh: bool = False,
    while_closed: bool = False,
    on: Callable[..., Any] | None = None,
    plan: str = "",
    way_out: bool = False,
) -> Callable[[View], View]:
    """Only who holds `permission` may come.

    `records` names the event a change leaves; `fresh` asks for a recent sign-in first;
    `while_closed` keeps the door usable in an organization that is suspended or closing.
    `on` finds what the permission is asked about, from the request and the route's arguments,
    or raises 404; the view gets it as `request.target`. A function in the place of the
    permission chooses it by what was found. `plan` names what the organization's plan must
    include: the second gate, asked once the first has opened. A `way_out` stays open to who was
    let in only to read.
    """
    lock = Lock(
        Kind.PERMISSION,
        permission=permission if isinstance(permission, Permission) else None,
        choose=None if isinstance(permission, Permission) else permission,
        records=records,
        fresh=fresh,
        while_closed=while_closed,
        on=on,
        plan=plan,
        way_out=way_out,
    )
    return lambda view: _mark(view, lock)


def token(scope: str, *, records: enum.Enum | None = None) -> Callable[[View], View]:
    """Only a service account's token of this scope may come, and no person at all.

    The interface reads the token in the very call that answers (`projects/api/`): the gate keeps
    every other way to such a route shut.
    """
    lock = Lock(Kind.SERVICE, records=records, scope=scope)
    return lambda view: _mark(view, lock)


def _mark(view: View, lock: Lock) -> View:
    view.lock = lock  # type: ignore[attr-defined]
    return view


def lock_of(view: Callable[..., Any]) -> Lock | None:
    return getattr(view, "lock", None)


def reason_code(form: Form) -> str:
    """The code of a form's first refusal, for the ledger's failed attempt."""
    codes = [error.code for errors in form.errors.as_data().values() for error in errors]
    return codes[0] or "invalid" if codes else "invalid"


class GateMiddleware:
    """Enforces the lock of the view that the request is about to reach."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self,
        request: HttpRequest,
        view: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> HttpResponseBase | None:
        lock = lock_of(view)
        if lock is None:
            raise Http404
        request.lock = lock  # type: ignore[attr-defined]
        if lock.kind is Kind.PUBLIC:
            return None
        if lock.kind is Kind.SERVICE:
            raise Http404  # The door of the interface answers these before anyone is looked at.
        if not request.user.is_authenticated:
            return _ask_to_sign_in(request)
        if lock.kind is Kind.SIGNED_IN:
            return None
        access: Access | None = getattr(request, "access", None)
        if access is None:
            raise Http404
        target = lock.on(request, **kwargs) if lock.on else None
        request.target = target  # type: ignore[attr-defined]
        permission = lock.asks(target)
        if permission is None:
            raise Http404
        if access.reads_only and _changes_or_takes_away(request, lock):
            sentence = access.reading_refusal()
            return refuse(request, access, permission, event=lock.records, sentence=sentence)
        if not access.can(permission, target):
            return refuse(request, access, permission, event=lock.records, on=target)
        if lock.plan and not access.includes(lock.plan):
            sentence = access.plan_refusal(lock.plan)
            return refuse(request, access, permission, event=lock.records, sentence=sentence)
        if lock.fresh and not _signed_in_lately(request):
            return _ask_to_sign_in_again(request)
        return None


def _changes_or_takes_away(request: HttpRequest, lock: Lock) -> bool:
    """Does this do more than read? An export is known by its event: it leaves by a GET, too."""
    if lock.way_out:
        return False
    takes_away = lock.records is not None and str(lock.records.value).endswith(".exported")
    return takes_away or request.method not in ("GET", "HEAD", "OPTIONS")


def refuse(
    request: HttpRequest,
    access: Access,
    permission: Permission,
    *,
    event: enum.Enum | None = None,
    on: Any = None,
    sentence: str = "",
) -> HttpResponseBase:
    """The same refusal in the form the caller reads: a notice, a toast or a problem (RFC 9457).

    With a `sentence` it is not the role that refuses, so nothing is to be asked for.
    """
    request.refusal = Refusal(permission, event, on)  # type: ignore[attr-defined]
    # Where somebody could give it, the refusal says where to ask for it.
    asking = "" if sentence else access.request_url(permission, on)
    sentence = sentence or access.refusal(permission, on)
    htmx: HtmxDetails | None = getattr(request, "htmx", None)
    if htmx:
        response = HttpResponse(status=403, headers={"HX-Reswap": "none"})
        toast: dict[str, Any] = {"text": sentence, "kind": "bad"}
        toast |= {"link": {"text": "Request access", "url": asking}} if asking else {}
        return trigger_client_event(response, "toast", toast)
    if "application/json" in request.headers.get("Accept", ""):
        problem = {"type": "about:blank", "title": "Forbidden", "status": 403, "detail": sentence}
        problem |= {"permission": permission.value} | ({"request": asking} if asking else {})
        return JsonResponse(problem, status=403, content_type="application/problem+json")
    # The notice is shown by another request, which knows what was asked from the query alone.
    messages.warning(request, sentence, extra_tags=f"denied {asking.partition('?')[2]}".strip())
    return redirect(access.landing_url())


def _ask_to_sign_in(request: HttpRequest) -> HttpResponseBase:
    here = request.get_full_path() if request.method == "GET" else "/"
    htmx: HtmxDetails | None = getattr(request, "htmx", None)
    if htmx:
        here = _page_of(htmx)
        return HttpResponseClientRedirect(f"{reverse('account_login')}?{urlencode({'next': here})}")
    return redirect_to_login(here, reverse("account_login"))


def _signed_in_lately(request: HttpRequest) -> bool:
    records = get_authentication_records(request, request.user)
    newest = max((record["at"] for record in records), default=0)
    return time.time() - newest < settings.ACCOUNT_REAUTHENTICATION_TIMEOUT


def _ask_to_sign_in_again(request: HttpRequest) -> HttpResponseBase:
    htmx: HtmxDetails | None = getattr(request, "htmx", None)
    if htmx:
        address = f"{reverse('account_reauthenticate')}?{urlencode({'next': _page_of(htmx)})}"
        return HttpResponseClientRedirect(address)
    back = request.get_full_path() if request.method == "GET" else request.headers.get("Referer")
    return redirect_to_login(back or "/", reverse("account_reauthenticate"))


def _page_of(htmx: HtmxDetails) -> str:
    """The page on which the person stands: a dialog is opened anew from there."""
    return htmx.current_url_abs_path or "/"


def doors() -> Iterator[tuple[str, URLPattern]]:
    """Every route of the project with its full pattern."""
    return doors_of(get_resolver().url_patterns)


def doors_of(
    entries: Iterable[URLPattern | URLResolver], prefix: str = "/"
) -> Iterator[tuple[str, URLPattern]]:
    for entry in entries:
        if isinstance(entry, URLResolver):
            yield from doors_of(entry.url_patterns, prefix + str(entry.pattern))
        else:
            yield prefix + str(entry.pattern), entry


@checks.register(checks.Tags.urls)
def every_door_has_a_lock(**_: Any) -> list[checks.CheckMessage]:
    return [
        checks.Error(
            f"The route {route!r} has no lock.",
            hint="Put @public, @signed_in or @gate(Permission.X, records=Event.Y) on its view.",
            id="gate.E001",
        )
        for route, door in doors()
        if lock_of(door.callback) is None
    ]
