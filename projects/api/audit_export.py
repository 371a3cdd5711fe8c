"""`GET /v1/audit-events/export`: the whole log as a file, or what filters leave of it.

Streamed after the transaction that asked who it is: each piece asks that anew, so that a token
which is revoked gets no further piece, and the file ends without its end.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from ninja import Query

from audit.events import Event
from audit.exports.deeds import event_export
from audit.exports.export import Export, Form, export_of
from audit.exports.stream import answered
from audit.forms import EventFilterForm
from audit.ledger import Target
from config.export_places import RETRY_SECONDS, place_take
from projects.api.audit_asked import asked_of, parameters
from projects.api.documented import problems
from projects.api.one_call import until_won
from projects.api.problems import ProblemError
from projects.api.tokens import service

SCOPE = "audit.export"
PATH = "/v1/audit-events/export"


def audit_export(
    request: HttpRequest,
    form: Annotated[
        Literal["jsonl", "csv", "ocsf"],
        Query(alias="format", description="JSON lines with proofs, a table, or OCSF events."),
    ] = "jsonl",
) -> HttpResponseBase:
    """Raises ProblemError 400, 401, 403, 429. Nothing is written down before it can begin."""
    asked = asked_of(request, beside=("format",))
    until_won(lambda: _known(request))
    give_back = place_take()
    if give_back is None:
        raise _busy()
    try:
        export = until_won(lambda: _export(request, Form(form), asked))
        return answered(export, lambda: service(request, SCOPE), give_back)
    except BaseException:
        give_back()
        raise


def _known(request: HttpRequest) -> None:
    """Whoever has no token for it takes nobody’s place."""
    with service(request, SCOPE):
        pass


def _export(request: HttpRequest, form: Form, asked: EventFilterForm) -> Export:
    with service(request, SCOPE) as asking:
        org = asking.access.org
        export = export_of(organization=org.id, slug=org.slug, form=form, asked=asked)
        target = Target("organization", org.id, org.name)
        event_export(export=export, target=target, actor=asking.access.identity)
    return export


def _busy() -> ProblemError:
    detail = "Several exports are being written. Try again in half a minute."
    return ProblemError(429, "busy", detail, headers={"Retry-After": str(RETRY_SECONDS)})


_HEADERS: dict[str, str] = {
    "X-Schema": "What the lines keep to: bailiwick.audit/1, bailiwick.audit.csv/1 or ocsf/1.5.0.",
    "X-Filters": "The filters, URL-encoded.",
    "X-Entries": "How many entries there are.",
}
_LINES = {"schema": {"type": "string"}}
_DOCUMENTED = {
    "description": "The file, streamed. With fewer entries than it announces it was cut.",
    "headers": {
        name: {"required": True, "description": what, "schema": {"type": "string"}}
        for name, what in _HEADERS.items()
    },
    "content": {"application/jsonl": _LINES, "text/csv": _LINES},
}

ENDPOINTS: tuple[tuple[str, str, Callable[..., HttpResponseBase], dict[str, object]], ...] = (
    (
        PATH,
        SCOPE,
        audit_export,
        {
            "method": "GET",
            "records": Event.AUDIT_EXPORTED,
            "summary": "Export the audit log",
            "description": "Everything up to the moment it begins, oldest first, under the filters"
            " of the log's page. JSON lines begin with a header and close with an end line; a CSV"
            " begins with the names of its columns; OCSF events come alone. Two exports are"
            " written at once. Who exported is entered before the first line leaves.",
            "tags": ["Members and log"],
            "openapi_extra": {
                "parameters": parameters(),
                "responses": {200: _DOCUMENTED, **problems(429)},
            },
        },
    ),
)
