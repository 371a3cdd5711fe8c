"""What billing stores: subscriptions, details, invoices, credits, and usage by day."""

from billing.models.details import BillingDetails, CreditEntry
from billing.models.invoices import Invoice, InvoiceLine, InvoiceSeries, IssuedInvoice, Payment
from billing.models.subscriptions import Subscription, Term
from billing.models.usage import UsageDay, UsageFact
from billing.models.webhooks import WebhookEvent

__all__ = [
    "BillingDetails",
    "CreditEntry",
    "Invoice",
    "InvoiceLine",
    "InvoiceSeries",
    "IssuedInvoice",
    "Payment",
    "Subscription",
    "Term",
    "UsageDay",
    "UsageFact",
    "WebhookEvent",
]
