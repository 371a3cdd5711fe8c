"""The demo: three invented organizations with a year behind them. `manage.py demo` loads it.

`story.py` and `neighbours.py` tell it, `history.py` plays it, `loading.py` writes it down.
"""
