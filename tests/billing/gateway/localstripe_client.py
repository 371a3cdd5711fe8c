"""A running localstripe, and what a test does there beside our gateway."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import httpx
import pytest

from billing.gateway.stripe import Stripe

KEY = "sk_test_of_nobody"
SECRET = "whsec_of_nobody"
PLANS = {"team": "team-monthly", "enterprise": "enterprise-monthly"}
VISA, ATTACHES_ONLY, DECLINED = "4242424242424242", "4000000000000341", "4000000000000002"


@contextmanager
def running() -> Iterator[str]:
    """Its address. Skipped where it is not installed; that is a failure where CI runs."""
    if find_spec("localstripe") is None:
        said = "localstripe is not installed: NOTHING OF STRIPE’S BEHAVIOUR IS TESTED"
        if os.environ.get("CI"):
            pytest.fail(said)
        warnings.warn(said, stacklevel=1)
        pytest.skip(said)
    program = Path(__file__).with_name("localstripe_server.py")
    server = subprocess.Popen(
        [sys.executable, str(program)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        assert server.stdout
        yield f"http://127.0.0.1:{int(server.stdout.readline())}"
    finally:
        server.terminate()
        server.wait(timeout=10)


class Elsewhere:
    """What happens at Stripe without us: plans are set up, a person enters a card."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.http = httpx.Client(base_url=base, auth=(KEY, ""), timeout=10)

    def gateway(self, **changed: Any) -> Stripe:
        said = {"webhook_secret": SECRET, "base": self.base, "prices": PLANS} | changed
        return Stripe(KEY, **said)

    def post(self, path: str, **form: Any) -> Any:
        answer = self.http.post(path, data=form)
        answer.raise_for_status()
        return answer.json()

    def get(self, path: str, **query: Any) -> Any:
        answer = self.http.get(path, params=query)
        answer.raise_for_status()
        return answer.json()

    def events(self, customer: str) -> list[dict[str, Any]]:
        """What it has to tell of a customer, oldest first."""
        found: list[dict[str, Any]] = []
        query: dict[str, Any] = {"limit": 100}
        while (page := self.get("/v1/events", **query))["data"]:
            found += page["data"]
            query["starting_after"] = found[-1]["id"]
        about = [(said, said["data"]["object"]) for said in found]
        return [said for said, told in about if customer in (told.get("customer"), told.get("id"))]

    def plans(self) -> None:
        for plan, amount in (("team-monthly", 2400), ("enterprise-monthly", 4200)):
            self.post(
                "/v1/plans",
                id=plan,
                name=plan,
                amount=amount,
                currency="usd",
                interval="month",
            )

    def card(self, customer: str, number: str = VISA) -> str:
        """A card that the customer has entered on a page of Stripe's; returns its id."""
        card = {"card[number]": number, "card[exp_month]": 12, "card[exp_year]": 2031}
        method = self.post("/v1/payment_methods", type="card", **card, **{"card[cvc]": "123"})
        self.post(f"/v1/payment_methods/{method['id']}/attach", customer=customer)
        chosen = {"invoice_settings[default_payment_method]": method["id"]}
        self.post(f"/v1/customers/{customer}", **chosen)
        return str(method["id"])
