"""One line a deed, all under the address of an organization."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from billing.views import (
    budgets,
    credit,
    details,
    invoices,
    overview,
    subscriptions,
    usage,
    usage_export,
)

urlpatterns: list[URLPattern | URLResolver] = [
    path("billing/", overview.billing_overview, name="billing_overview"),
    path("billing/plans/", subscriptions.plan_list, name="plan_list"),
    path("billing/subscribe/", subscriptions.subscription_start, name="subscription_start"),
    path("billing/change/", subscriptions.subscription_change, name="subscription_change"),
    path("billing/cancel/", subscriptions.subscription_cancel, name="subscription_cancel"),
    path("billing/resume/", subscriptions.subscription_resume, name="subscription_resume"),
    path("billing/details/", details.billing_details_change, name="billing_details_change"),
    path("billing/method/", details.payment_method_change, name="payment_method_change"),
    path("billing/credits/", credit.credit_list, name="credit_list"),
    path("billing/credits/buy/", credit.credit_buy, name="credit_buy"),
    path("billing/budgets/", budgets.budget_list, name="budget_list"),
    path("billing/budgets/<str:layer>/<uuid:pk>/", budgets.budget_set, name="budget_set"),
    path("billing/invoices/", invoices.invoice_list, name="invoice_list"),
    path("billing/invoices/export/", invoices.invoice_export, name="invoice_export"),
    path("billing/invoices/<uuid:pk>/", invoices.invoice_view, name="invoice_view"),
    path("billing/invoices/<uuid:pk>/pdf/", invoices.invoice_pdf, name="invoice_pdf"),
    path("billing/invoices/<uuid:pk>/xml/", invoices.invoice_xml, name="invoice_xml"),
    path("usage/", usage.usage, name="usage"),
    path("usage/export/", usage_export.usage_export, name="usage_export"),
    path("projects/<uuid:pk>/costs/", usage.project_costs, name="project_costs"),
]
