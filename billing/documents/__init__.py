"""Invoices as XML (EN 16931) and as PDF; pure functions of a `paper.Paper`."""
