"""`GET /.well-known/authzen-configuration`: where the decisions are, for whoever looks for them."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from config.gate import public

PATH = ".well-known/authzen-configuration"
_ENDPOINTS = {
    "access_evaluation_endpoint": "/access/v1/evaluation",
    "access_evaluations_endpoint": "/access/v1/evaluations",
    "search_subject_endpoint": "/access/v1/search/subject",
    "search_resource_endpoint": "/access/v1/search/resource",
    "search_action_endpoint": "/access/v1/search/action",
}


@public
@require_safe
def authzen_configuration(request: HttpRequest) -> HttpResponse:
    """One decision point for every organization: the token says which is asked about."""
    base = settings.PUBLIC_URL
    said = {"policy_decision_point": base}
    said |= {name: f"{base}{path}" for name, path in _ENDPOINTS.items()}
    return JsonResponse(said, headers={"Cache-Control": "public, max-age=3600"})
