"""The reference page of the interface, made of its OpenAPI document."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from projects.api import routes
from tests.factories import Cast, sign_in

pytestmark = pytest.mark.django_db


def test_the_reference_shows_every_endpoint_to_anybody(client: Client) -> None:
    page = client.get("/docs/api/")
    text = page.content.decode()
    assert page.status_code == 200
    for path in routes.SCOPES:
        assert f"<code>{path}</code>" in text
    for anchor in re.findall(r'href="#([^"]+)"', text):
        assert f'id="{anchor}"' in text
    assert text.count("<h2") > len(routes.SCOPES)


def test_the_reference_loads_nothing_from_elsewhere(client: Client) -> None:
    page = client.get("/docs/api/")
    text = page.content.decode()
    assert not re.findall(r'(?:src|href)="(?:https?:)?//[^"]+"', text)
    assert "style=" not in text
    assert not re.findall(r"<script(?![^>]*src=)", text)
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "`" not in text


def test_the_reference_is_linked_where_somebody_looks_for_it(cast: Cast) -> None:
    assert "/docs/api/" in sign_in(cast.alice).get(cast.url("docs/")).content.decode()
