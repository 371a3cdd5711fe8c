"""What the demo's organizations pay: plans, invoices and what came in. `opening.py` joins it.

Rows look as the deeds would have left them; numbers are given by the database, as always.
"""
