"""Invoices at Stripe: reading them, putting usage on a draft, charging prepaid credit."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from billing.gateway import sent, shapes
from billing.gateway.account import Account, once, plain
from billing.gateway.facts import GatewayError, InvoiceFacts, UsageLine
from billing.gateway.refusals import asking

NEWEST = 100


class StripeInvoices(Account):
    def invoice(self, ref: str) -> InvoiceFacts:
        with asking("invoice"):
            said = plain(self.api.invoices.retrieve(ref))
            if not said["lines"].get("has_more"):
                return shapes.invoice_facts(said)
            lines = self.api.invoices.line_items.list(ref, {"limit": NEWEST}).auto_paging_iter()
            return shapes.invoice_facts(said, [plain(line) for line in lines])

    def invoices(self, customer: str) -> tuple[InvoiceFacts, ...]:
        with asking("invoice"):
            found = self.api.invoices.list({"customer": customer, "limit": NEWEST})
            return tuple(shapes.invoice_facts(plain(one)) for one in found.data)

    def usage_add(self, *, customer: str, lines: tuple[UsageLine, ...], invoice: str = "") -> None:
        for line in lines:
            params: Any = sent.usage(line, customer=customer, invoice=invoice)
            with asking("invoice"):
                self.api.invoice_items.create(params, once(f"usage:{line.ref}"))

    def top_up(
        self, *, organization: UUID, customer: str, amount: int, currency: str, text: str, key: str
    ) -> InvoiceFacts:
        self.method_needed(customer)
        invoice = self._draft(organization, customer, currency, key)
        item: Any = {"customer": customer, "invoice": invoice, "amount": amount}
        item |= {"currency": currency.lower(), "description": text}
        with asking("invoice"):
            self.api.invoice_items.create(item, once(key, "line"))
            self.api.invoices.finalize_invoice(invoice, {"auto_advance": False}, once(key, "issue"))
        return self._pay_or_void(invoice, key)

    def credit_keep(self, *, customer: str, amount: int, currency: str, invoice: str) -> None:
        params: Any = {"amount": -amount, "currency": currency.lower(), "description": "Credit"}
        with asking("customer"):
            balance = self.api.customers.balance_transactions
            balance.create(customer, params, once(f"credit:{invoice}"))

    def _draft(self, organization: UUID, customer: str, currency: str, key: str) -> str:
        params: Any = {
            "customer": customer,
            "currency": currency.lower(),
            "auto_advance": False,
            "collection_method": "charge_automatically",
            # What is owed for the plan stays out of it.
            "pending_invoice_items_behavior": "exclude",
            # No tax either, whatever STRIPE_TAX says: the invoices that it pays bear it.
            "metadata": {"bailiwick": shapes.TOP_UP, "organization": str(organization)},
        }
        with asking("invoice"):
            return shapes.id_of(plain(self.api.invoices.create(params, once(key, "draft"))))

    def _pay_or_void(self, invoice: str, key: str) -> InvoiceFacts:
        """Pay it now. Credit is no debt: where the card is refused, the invoice is void."""
        try:
            with asking("payment"):
                paid = self.api.invoices.pay(invoice, {"off_session": True}, once(key, "pay"))
                return shapes.invoice_facts(plain(paid))
        except GatewayError as refused:
            if not refused.again:
                with asking("invoice"):
                    self.api.invoices.void_invoice(invoice, {}, once(key, "void"))
            raise
