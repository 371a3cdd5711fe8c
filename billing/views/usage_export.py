"""Usage as a file. HTTP only: get, ask, act, show.

Without a form the address shows a page that says how much it will be; with one it is the file,
streamed after the request's transaction has ended.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from audit.events import Event
from billing.actions.usage_export import usage_record_export
from billing.export_columns import Form
from billing.export_lines import Lines
from billing.forms.usage import LABELS, NONE, UsageAsked
from billing.periods import today_here
from billing.queries.rollup import clock_words, counted
from billing.queries.usage_export import (
    Export,
    export_blocks,
    export_count,
    filter_names,
    names_for,
)
from config.export_places import RETRY_SECONDS, place_take
from config.gate import gate
from config.roles import Permission
from orgs.tenancy import OrgRequest

MOST_DAYS = 10_000
TYPES = {Form.CSV: "text/csv; charset=utf-8", Form.JSONL: "application/jsonl; charset=utf-8"}


@gate(Permission.BILLING_EXPORT_USAGE, records=Event.USAGE_EXPORTED, plan="usage_export")
@require_safe
def usage_export(request: OrgRequest, slug: str) -> HttpResponseBase:
    """The same days and filters as the page that leads here (S1-034)."""
    costs = request.access.can(Permission.BILLING_VIEW_COSTS)
    asked = UsageAsked.read(request.GET, today=today_here(), costs=costs, most_days=MOST_DAYS)
    export = _export(request, asked, costs=costs)
    # What was misread would be another file than was asked for.
    if "format" not in request.GET or asked.misread:
        return _page(request, asked, export)
    give_back = place_take()
    if give_back is None:
        return _busy(request, asked, export)
    try:
        return _file(request, export, give_back)
    except BaseException:
        give_back()
        raise


def _file(
    request: OrgRequest, export: Export, give_back: Callable[[], None]
) -> StreamingHttpResponse:
    entries = export_count(export)
    usage_record_export(export=export, entries=entries, actor=request.access.identity)
    response = StreamingHttpResponse(
        _until_read(export_blocks(export), give_back), content_type=TYPES[export.form]
    )
    # Whoever goes away before the first line, or asks for the head alone, reads nothing.
    response._resource_closers.append(give_back)  # type: ignore[attr-defined]
    response["Content-Disposition"] = f'attachment; filename="{request.org.slug}-{export.file}"'
    response["X-Schema"] = export.schema
    return response


def _until_read(blocks: Iterator[bytes], give_back: Callable[[], None]) -> Iterator[bytes]:
    try:
        yield from blocks
    finally:
        give_back()


def _busy(request: OrgRequest, asked: UsageAsked, export: Export) -> HttpResponse:
    messages.error(request, "Several exports are being written. Try again in half a minute.")
    response = _page(request, asked, export)
    response.status_code = 429
    response["Retry-After"] = str(RETRY_SECONDS)
    return response


def _export(request: OrgRequest, asked: UsageAsked, *, costs: bool) -> Export:
    query = request.GET
    return Export(
        organization=request.org.id,
        lines=Lines.REQUEST if query.get("lines") == Lines.REQUEST else Lines.DAY,
        form=Form.JSONL if query.get("format") == Form.JSONL else Form.CSV,
        start=asked.period.start,
        end=asked.period.end,
        costs=costs,
        names=names_for(request.access),
        filters=asked.filters,
    )


def _page(request: OrgRequest, asked: UsageAsked, export: Export) -> HttpResponse:
    moment = counted()
    context = {
        "asked": asked,
        "export": export,
        "kept": {name.value: subject or NONE for name, subject in asked.filters.items()},
        "filters": _words(asked, export),
        "lines": f"{export_count(replace(export, lines=Lines.DAY)):,}",
        "verifications": f"{export_count(replace(export, lines=Lines.REQUEST)):,}",
        "is_by_day": export.lines is Lines.DAY,
        "counted": moment,
        "until": clock_words(moment.until),
        "zone": settings.TIME_ZONE,
        "currency": settings.CURRENCY,
    }
    status = 422 if asked.misread else 200
    return render(request, "billing/usage_export.html", context, status=status)


def _words(asked: UsageAsked, export: Export) -> list[tuple[str, str]]:
    """The filters by name, as far as the reader may know them."""
    named = filter_names(export)
    return [(LABELS[name], named[name]) for name in asked.filters]
