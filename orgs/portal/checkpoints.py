"""What proves the platform's own ledger: its signed checkpoints, and the ledger as a file that they
can be held against. It is signed by the clock, as every ledger is; here nothing is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.contrib import admin, messages
from django.db import transaction
from django.http import FileResponse, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from audit import proof
from audit.events import Event
from audit.exports.deeds import event_export
from audit.exports.export import Form, export_of
from audit.exports.stream import NoLongerAllowedError, answered
from audit.forms import EventFilterForm
from audit.ledger import Target
from audit.models import PLATFORM
from audit.views.checkpoints import checkpoint_file, checkpoint_page, verifier_file
from config import portal
from config.export_places import place_take
from config.gate import gate
from config.roles import Permission
from orgs.access import Access
from orgs.portal.deeds import PortalRequest

READ = Permission.PLATFORM_VIEW_AUDIT_LOG
NAME = "platform"


class ExportRequest(PortalRequest):
    """A request that can be bound once more, when its transaction is over. Never instantiated."""

    bind: Callable[[], Access | None]


@gate(READ)
@require_safe
def platform_checkpoints(request: PortalRequest) -> HttpResponse:
    context = admin.site.each_context(request) | checkpoint_page(request, PLATFORM)
    context["verified"] = proof.proven(PLATFORM)
    return render(request, "admin/checkpoints.html", context)


@gate(READ)
@require_safe
def platform_checkpoint_export(request: PortalRequest) -> StreamingHttpResponse:
    """Every checkpoint, oldest first, a line each: what `verify_ledger.py` reads."""
    return checkpoint_file(PLATFORM, NAME)


@gate(READ)
@require_safe
def platform_verifier(request: PortalRequest) -> FileResponse:
    """The program that checks an export without us."""
    return verifier_file()


@gate(READ, records=Event.AUDIT_EXPORTED)
@require_safe
def platform_log_export(request: ExportRequest) -> HttpResponseBase:
    """The whole ledger as JSON lines, streamed; that it was taken is remembered first."""
    if request.GET.get("format") != Form.JSONL:
        return redirect("admin:platform_checkpoints")
    give_back = place_take()
    if give_back is None:
        messages.error(request, "Several exports are being written. Try again in half a minute.")
        return redirect("admin:platform_checkpoints")
    try:
        export = export_of(
            organization=PLATFORM, slug=NAME, form=Form.JSONL, asked=EventFilterForm({})
        )
        target = Target("platform", None, "Platform")
        event_export(export=export, target=target, actor=request.access.identity)
        return answered(export, lambda: _again(request), give_back)
    except BaseException:
        give_back()
        raise


@contextmanager
def _again(request: ExportRequest) -> Iterator[None]:
    """Bound as the request was, as the portal's role, if whoever sent it is still a superadmin."""
    with portal.as_portal(), transaction.atomic():
        if request.bind() is None:
            raise NoLongerAllowedError
        yield
