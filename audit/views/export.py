"""The log as a file. HTTP only: get, ask, act, show.

Without a form the address shows a page that says how much it will be; with one it is the file,
streamed after the request's transaction has ended.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from audit.events import Event
from audit.exports.deeds import event_export as deed
from audit.exports.export import Form, export_of, export_size
from audit.exports.stream import NoLongerAllowedError, answered
from audit.forms import EventFilterForm
from audit.ledger import Target
from audit.views.entries import LogRequest, Reader
from config.export_places import RETRY_SECONDS, place_take
from config.gate import gate
from config.roles import Permission

FORMS = (
    (Form.CSV, "CSV", "for spreadsheets; text that looks like a formula stays text"),
    (Form.JSONL, "JSON lines", "for proof: each entry with the text that its hash is of"),
    (Form.OCSF, "OCSF events", "for what collects security events, one a line"),
)


class ExportRequest(LogRequest):
    """A request that can be bound once more, when its transaction is over. Never instantiated."""

    bind: Callable[[], Reader | None]


@gate(Permission.AUDIT_EXPORT, records=Event.AUDIT_EXPORTED)
@require_safe
def event_export(request: ExportRequest, slug: str) -> HttpResponseBase:
    """The same filters as the log's page. What is taken is remembered first (S3-056)."""
    asked = EventFilterForm(request.GET)
    # What was misread would be another file than was asked for.
    if request.GET.get("format") not in [*Form] or asked.misread:
        return _page(request, asked, status=422 if asked.misread else 200)
    give_back = place_take()
    if give_back is None:
        return _busy(request, asked)
    try:
        return _file(request, asked, give_back)
    except BaseException:
        give_back()
        raise


def _file(
    request: ExportRequest, asked: EventFilterForm, give_back: Callable[[], None]
) -> StreamingHttpResponse:
    org, form = request.org, Form(request.GET["format"])
    export = export_of(organization=org.id, slug=org.slug, form=form, asked=asked)
    target = Target("organization", org.id, org.name)
    deed(export=export, target=target, actor=request.access.identity)
    return answered(export, lambda: _again(request), give_back)


@contextmanager
def _again(request: ExportRequest) -> Iterator[None]:
    """Bound as the request was, if whoever sent it may still take the log out."""
    with transaction.atomic():
        access = request.bind()
        if access is None or not access.can(Permission.AUDIT_EXPORT):
            raise NoLongerAllowedError
        yield


def _busy(request: ExportRequest, asked: EventFilterForm) -> HttpResponse:
    messages.error(request, "Several exports are being written. Try again in half a minute.")
    response = _page(request, asked, status=429)
    response["Retry-After"] = str(RETRY_SECONDS)
    return response


def _page(request: ExportRequest, asked: EventFilterForm, *, status: int) -> HttpResponse:
    number, more = export_size(organization=request.org.id, asked=asked)
    context = {
        "number": number,
        "size": f"{'More than ' if more else ''}{number:,} {'entry' if number == 1 else 'entries'}",
        "forms": FORMS,
        "chosen": request.GET.get("format") or Form.CSV.value,
        "kept": asked.query,
        "filters": [(str(asked.fields[name].label), said) for name, said in asked.query.items()],
        "misread": asked.misread,
    }
    return render(request, "audit/event_export.html", context, status=status)
