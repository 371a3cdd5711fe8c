"""The application behind a real port, for programs that speak HTTP; and prices for their models."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.test.testcases import LiveServerThread

from projects.models import ModelPrice

OWNER = "owner"
RATES = {"input_token": 2_500_000_000, "output_token": 10_000_000_000}


@contextmanager
def served() -> Iterator[str]:
    """The address of the site, served from threads of this process; for real commits."""
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    thread = LiveServerThread("127.0.0.1", StaticFilesHandler)
    thread.daemon = True
    thread.start()
    thread.is_ready.wait()
    if thread.error:
        raise thread.error
    try:
        yield f"http://{thread.host}:{thread.port}"
    finally:
        thread.terminate()


@contextmanager
def priced(model: str, **rates: int) -> Iterator[str]:
    """A model with a price, committed by the owner, and gone again after."""
    ModelPrice.objects.using(OWNER).update_or_create(
        model=model, defaults={"rates": rates or RATES, "mode": "chat"}
    )
    try:
        yield model
    finally:
        ModelPrice.objects.using(OWNER).filter(model=model).delete()
