"""What a payment provider calls."""

from __future__ import annotations

from django.urls import URLPattern, path

from billing.views import webhooks

urlpatterns: list[URLPattern] = [
    path("billing/webhook/stripe", webhooks.stripe_webhook, name="stripe_webhook"),
]
