"""Chromium against the real server: real commits, and no error in the browser's console."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core import mail
from django.test.testcases import LiveServerThread
from playwright.sync_api import Browser, BrowserContext, Page

from accounts.models import User
from tests.billing.bills import ISSUER
from tests.factories import Cast, make_cast
from tests.factories import sign_in as signed_in

PASSWORD = "correct horse battery"
# What htmx says of a request that a newer one has overtaken; a request that failed says more.
OVERTAKEN = ("htmx:afterRequest, [object", "htmx:sendAbort, [object")


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    quiet = ("--disable-background-networking", "--disable-component-update", "--disable-sync")
    return browser_type_launch_args | {
        "executable_path": os.environ.get("CHROMIUM") or "/usr/bin/chromium",
        "args": ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", *quiet],
    }


@pytest.fixture
def server(committed: None, settings: Any) -> Iterator[str]:
    """The address of the site, served from threads of this process.

    The sign-in's rate limit is per address, and here everybody comes from one.
    """
    settings.ACCOUNT_RATE_LIMITS = {}
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    thread = LiveServerThread("127.0.0.1", StaticFilesHandler)
    thread.daemon = True
    thread.start()
    thread.is_ready.wait()
    if thread.error:
        raise thread.error
    yield f"http://{thread.host}:{thread.port}"
    thread.terminate()


@pytest.fixture
def house(server: str) -> Cast:
    mail.outbox = []
    return make_cast()


@pytest.fixture
def seller(settings: Any) -> None:
    """Plans are sold here, in euros and by transfer, by a seller in Germany."""
    settings.ISSUER, settings.CURRENCY, settings.STRIPE_API_KEY = ISSUER, "EUR", ""
    settings.TAX_RATE, settings.INVOICE_PREFIX = "19", f"T{uuid4().hex[:12]}"


Visit = Callable[..., Page]


@pytest.fixture
def visit(browser: Browser, server: str) -> Iterator[Visit]:
    """`visit(person)` is this person's page, signed in, in a context of its own.

    At the end no page may have reported an error: a script, the content security policy, or a
    failed request that the test did not announce by `expected=`.
    """
    contexts: list[BrowserContext] = []
    problems: list[str] = []

    def start(
        person: User | None = None, *, expected: tuple[str, ...] = (), **options: Any
    ) -> Page:
        context = browser.new_context(base_url=server, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)

        def note(text: str) -> None:
            if not any(words in text for words in (*expected, *OVERTAKEN)):
                problems.append(text)

        page.on("console", lambda line: note(line.text) if line.type == "error" else None)
        page.on("pageerror", lambda error: note(str(error)))
        if person is not None:
            enter(page, person, server)
        return page

    yield start
    for context in contexts:
        context.close()
    assert problems == []


def enter(page: Page, person: User, server: str) -> None:
    """Come in with a session as the form starts it; filling it in has a journey of its own."""
    cookie = signed_in(person).cookies[settings.SESSION_COOKIE_NAME]
    page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": server}])
    page.goto("/")


def sign_in(page: Page, person: User) -> None:
    page.goto("/sign-in/")
    page.get_by_label("Email").fill(person.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(lambda url: "/sign-in/" not in url)
