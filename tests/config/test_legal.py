"""Legal documents: a page for each that anyone reads, or the operator's own in its place."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from config.legal import DOCUMENTS, check_addresses

pytestmark = pytest.mark.django_db
NAMES = list(DOCUMENTS)


@pytest.mark.requirement("S1-061", "S1-062", "S1-064", "S1-065")
@pytest.mark.parametrize("name", NAMES)
def test_each_has_a_page_that_anyone_reads_and_that_leads_to_the_others(name: str) -> None:
    response = Client().get(f"/{name}/")
    assert response.status_code == 200
    page = response.content.decode()
    for other in NAMES:
        assert (f'href="/{other}/"' in page) is (other != name)


@pytest.mark.parametrize("name", NAMES)
def test_the_operators_own_takes_its_place(name: str, settings: Any) -> None:
    address = f"https://legal.example/{name}"
    setattr(settings, DOCUMENTS[name].setting, address)
    response = Client().get(f"/{name}/")
    assert (response.status_code, response["Location"]) == (302, address)
    other = next(each for each in NAMES if each != name)
    assert f'href="{address}"' in Client().get(f"/{other}/").content.decode()


@pytest.mark.requirement("S1-064", "S1-065")
@pytest.mark.parametrize("page", ["/sign-in/", "/sign-up/"])
def test_who_signs_in_or_up_finds_terms_and_privacy(page: str, settings: Any) -> None:
    text = Client().get(page).content.decode()
    assert 'href="/terms/"' in text
    assert 'href="/privacy/"' in text
    settings.TERMS_URL = "https://legal.example/terms"
    assert 'href="https://legal.example/terms"' in Client().get(page).content.decode()


@pytest.mark.parametrize("said", ["javascript:alert(1)", "legal.example", "/elsewhere", "data:,x"])
def test_what_is_no_address_of_the_web_is_named_and_never_linked(said: str, settings: Any) -> None:
    settings.SLA_URL = said
    (error,) = check_addresses(None)
    assert "SLA_URL" in error.msg
    assert Client().get("/sla/").status_code == 200
    assert 'href="/sla/"' in Client().get("/dpa/").content.decode()


def test_without_settings_nothing_is_wrong() -> None:
    assert check_addresses(None) == []
