"""Whoever tests invoices has an issuer."""

from tests.billing.bills import issuer

__all__ = ["issuer"]
