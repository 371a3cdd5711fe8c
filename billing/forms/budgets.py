"""What is typed about the budget of a team: the part of its limits that says what it may spend."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from projects.allowance import Allowance
from projects.forms.limits import MONEY, LimitForm


class BudgetForm(LimitForm):
    """`said` is everything that holds now, with this budget. Empty: no budget any more."""

    def __init__(self, *args: Any, current: Allowance, **kwargs: Any) -> None:
        self.current = current
        super().__init__(*args, current=current, **kwargs)
        for name in set(self.fields) - {"seen", *MONEY}:
            del self.fields[name]
        self.fields["budget"].help_text = "Empty: no budget of its own."

    def clean(self) -> dict[str, Any]:
        # The rest stays as it is, so nothing of it is asked again.
        return self.cleaned_data

    @property
    def said(self) -> Allowance:
        typed = super().said
        return replace(self.current, budget=typed.budget, window=typed.window, zone=typed.zone)

    @property
    def notes(self) -> tuple[str, ...]:
        return ()
