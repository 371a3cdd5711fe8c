"""What proves the log: its signed checkpoints, the keys, and what checks them. HTTP only."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import redirect, render

from audit import proof, queries, signing
from audit.actions.checkpoints import Made
from audit.actions.checkpoints import checkpoint_create as sign
from audit.actions.entries import AT_MOST_EVERY
from audit.events import Event
from audit.ledger import Target
from audit.views.entries import LONGEST_ON_PAGE, LogRequest
from config.gate import gate, public
from config.keyset import page_links
from config.roles import Permission

VERIFIER = "verify_ledger.py"


@gate(Permission.AUDIT_VIEW)
def checkpoint_list(request: LogRequest, slug: str) -> HttpResponse:
    """What is proven until when, every checkpoint, and how to check them oneself."""
    may = {
        "export": request.access.can(Permission.AUDIT_EXPORT),
        "keep": request.access.can(Permission.ORG_MANAGE_SETTINGS),
    }
    context = checkpoint_page(request, request.org.id) | {"may": may}
    return render(request, "audit/checkpoints.html", context)


@gate(Permission.AUDIT_VIEW, records=Event.AUDIT_CHECKPOINTED)
def checkpoint_create(request: LogRequest, slug: str) -> HttpResponse:
    """Sign the log as it stands, at most once a minute."""
    org = request.org
    if request.method == "POST":
        newest = proof.newest_checkpoint(org.id)
        since = newest.sequence if newest else 0
        if queries.newest_sequence(org.id) - since > LONGEST_ON_PAGE:
            text = "Much was written since the last checkpoint. The next is made within the hour."
            messages.info(request, text)
        else:
            made = sign(
                organization=org.id,
                target=Target("organization", org.id, org.name),
                actor=request.access.identity,
                every=AT_MOST_EVERY,
            )
            _say(request, made)
    return redirect("checkpoint_list", slug)


@gate(Permission.AUDIT_VIEW)
def checkpoint_export(request: LogRequest, slug: str) -> StreamingHttpResponse:
    """Every checkpoint, oldest first, a line each: what `verify_ledger.py` reads."""
    return checkpoint_file(request.org.id, slug)


@gate(Permission.AUDIT_VIEW)
def verifier(request: LogRequest, slug: str) -> FileResponse:
    """The program that checks an export without us."""
    return verifier_file()


def checkpoint_file(organization: UUID, name: str) -> StreamingHttpResponse:
    # Read now, while the transaction is bound: some hundred bytes for each hour of the log.
    lines = [f"{json.dumps(line)}\n" for line in proof.checkpoint_lines(organization)]
    response = StreamingHttpResponse(lines, content_type="application/jsonl; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}-checkpoints.jsonl"'
    return response


def verifier_file() -> FileResponse:
    file = (settings.BASE_DIR / VERIFIER).open("rb")
    return FileResponse(file, as_attachment=True, filename=VERIFIER, content_type="text/x-python")


@public
def checkpoint_keys(request: HttpRequest) -> JsonResponse:
    """The public keys, the one that signs today first. Anybody may fetch and keep them."""
    return JsonResponse(signing.keys_document(), json_dumps_params={"indent": 2})


def checkpoint_page(request: HttpRequest, organization: UUID) -> dict[str, Any]:
    """What `audit/_checkpoints.html` and the keys below it show of one ledger."""
    page = proof.checkpoint_list(organization=organization, cursor=request.GET.get("page"))
    newest, head = proof.newest_checkpoint(organization), queries.newest_sequence(organization)
    said = queries.last_verified(organization)
    return {
        "rows": page.rows,
        "newest": newest,
        "since": head - newest.sequence if newest else head,
        "flaw": said.flaw if said and (newest is None or said.at > newest.at) else "",
        "keeping": proof.keeping_of(organization),
        "is_sent": bool(settings.CHECKPOINT_DIRECTORY),
        "keys": signing.public_keys(),
        **page_links(request, page),
    }


def _say(request: LogRequest, made: Made) -> None:
    if made.flaw:
        messages.error(request, f"{made.flaw} Nothing was signed.")
    elif made.is_new and made.checkpoint:
        messages.success(request, f"Signed up to entry #{made.checkpoint.number}")
    elif made.checkpoint:
        number = made.checkpoint.number
        text = f"The checkpoint of entry #{number} still stands: nothing new to sign yet."
        messages.info(request, text)
