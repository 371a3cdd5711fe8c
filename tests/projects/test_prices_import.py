"""`manage.py import_prices`: all of a list or nothing, told as it goes, and the same again."""

from __future__ import annotations

import copy
import io
import json
import random
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connections, transaction
from django.db.utils import ProgrammingError

from audit.models import PLATFORM, Event
from projects.models import ModelPrice
from projects.prices import read
from tests.projects import price_lists
from tests.projects.price_lists import INVENTED, PUBLIC

pytestmark = pytest.mark.django_db(databases=["default", "owner"])
OWNER = "owner"


@pytest.fixture(autouse=True)
def _empty() -> None:
    ModelPrice.objects.using(OWNER).all().delete()


@pytest.fixture
def a_list(tmp_path: Path) -> Any:
    def write(said: Any) -> str:
        path = tmp_path / "prices.json"
        path.write_text(said if isinstance(said, str) else json.dumps(said))
        return str(path)

    return write


def run(path: str, **options: Any) -> str:
    out = io.StringIO()
    call_command("import_prices", path, stdout=out, **options)
    return out.getvalue()


def prices() -> dict[str, dict[str, Any]]:
    return dict(ModelPrice.objects.using(OWNER).values_list("model", "rates"))


def entries() -> list[dict[str, Any]]:
    told = Event.objects.using(OWNER).filter(organization_id=PLATFORM, action="prices.imported")
    return [json.loads(one.body) for one in told.order_by("sequence")]


def price_of(model: str, units: dict[str, int]) -> int | None:
    with connections[OWNER].cursor() as cursor:
        cursor.execute("SELECT price_of(%s, %s::jsonb)", [model, json.dumps(units)])
        return cursor.fetchone()[0]  # type: ignore[no-any-return]


def test_list_becomes_prices_and_one_entry_in_the_platforms_log(a_list: Any) -> None:
    before = len(entries())
    said = run(a_list(INVENTED))
    assert "5 models, 4 with a price" in said
    assert "new                  4" in said
    assert "north-unpriced" in said
    assert set(prices()) == {"north-large", "north-small", "north-vision", "north-free"}
    assert prices()["north-vision"]["output_image_4k"] == 160_000_000_000_000
    (entry,) = entries()[before:]
    assert entry["changes"]["models"] == [0, 4]


def test_second_import_changes_nothing_and_says_nothing(a_list: Any) -> None:
    run(a_list(INVENTED))
    before, told = prices(), len(entries())
    assert "unchanged            4" in run(a_list(INVENTED))
    assert (prices(), len(entries())) == (before, told)


def test_change_is_taken_over_and_what_is_gone_stays_until_pruned(a_list: Any) -> None:
    run(a_list(INVENTED))
    later = copy.deepcopy(INVENTED)
    later["north-large"]["input_cost_per_token"] = 3e-06
    del later["north-vision"]
    said = run(a_list(later))
    assert "changed              1" in said
    assert "gone, kept           1" in said
    assert prices()["north-large"]["input_token"] == 3_000_000_000
    assert "north-vision" in prices()
    assert "gone, deleted        1" in run(a_list(later), prune=True)
    assert "north-vision" not in prices()
    assert entries()[-1]["changes"]["models"] == [4, 3]


def test_dry_run_shows_and_writes_nothing(a_list: Any) -> None:
    told = len(entries())
    said = run(a_list(INVENTED), dry_run=True)
    assert "new                  4" in said
    assert "Nothing was changed." in said
    assert (prices(), len(entries())) == ({}, told)


def test_one_bad_amount_refuses_the_whole_list(a_list: Any) -> None:
    bad = copy.deepcopy(INVENTED)
    bad["north-small"]["tiered_pricing"][1]["input_cost_per_token"] = -1
    field = "north-small, tiered_pricing.input_cost_per_token: -1 is no price"
    with pytest.raises(CommandError, match=field):
        run(a_list(bad))
    assert prices() == {}


def test_missing_file_and_missing_owner_are_said(
    settings: Any, a_list: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(CommandError, match="No such file"):
        run("nowhere.json")
    path = a_list(INVENTED)
    monkeypatch.delitem(settings.DATABASES, OWNER)
    with pytest.raises(CommandError, match="DATABASE_OWNER_URL"):
        run(path)


def test_dollars_are_not_taken_for_another_currency(settings: Any, a_list: Any) -> None:
    settings.CURRENCY = "EUR"
    with pytest.raises(CommandError, match="--rate"):
        run(a_list(INVENTED))
    for rate in ("0", "-1", "NaN", "1e400", "a lot"):
        with pytest.raises(CommandError, match="is no rate"):
            run(a_list(INVENTED), rate=rate)
    run(a_list(INVENTED), rate="0.9")
    assert prices()["north-large"]["input_token"] == 2_250_000_000


def test_web_role_reads_prices_and_changes_none() -> None:
    for statement in (
        "INSERT INTO projects_modelprice VALUES ('m', '', '', '{}', now())",
        "UPDATE projects_modelprice SET rates = '{}'",
        "DELETE FROM projects_modelprice",
    ):
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            connections["default"].cursor().execute(statement)


def test_long_input_makes_its_whole_request_dearer(a_list: Any) -> None:
    run(a_list(INVENTED))
    assert price_of("north-large", {"input_token": 200_000, "output_token": 10}) == 500_100_000
    assert price_of("north-large", {"input_token": 200_001, "output_token": 10}) == 1_000_155_000
    # What came from the cache was read as well, and keeps the only price it has.
    units = {"input_token": 100_000, "cached_input_token": 100_001}
    assert price_of("north-large", units) == 500_000_000 + 25_000_250
    assert price_of("north-large", {"input_token": 1, "parsec": 1}) is None
    assert price_of("north-large", {"above": 1}) is None
    assert price_of("north-unpriced", {"input_token": 1}) is None
    assert price_of("north-free", {"input_token": 10**9}) == 0


@pytest.mark.parametrize("path", [None, *PUBLIC], ids=lambda path: path.name if path else "own")
def test_database_prices_every_model_as_fractions_do(path: Path | None, a_list: Any) -> None:
    text = path.read_text() if path else json.dumps(INVENTED)
    run(a_list(text))
    said = price_lists.fractions(text)
    chance = random.Random(7)
    asked, expected = [], []
    for price in read(text.encode()).prices:
        rates = price_lists.rates(said[price.model])
        units = [unit for unit, first in rates if not first]
        for most in (1_000, 150_000, 400_000):
            some = chance.sample(units, min(len(units), 4))
            used = {unit: chance.randrange(most) for unit in some}
            asked.append([price.model, json.dumps(used)])
            expected.append(price_lists.cost(rates, used))
    with connections[OWNER].cursor() as cursor:
        cursor.execute(
            "SELECT price_of(model, units::jsonb) FROM unnest(%s::text[], %s::text[])"
            " WITH ORDINALITY AS asked(model, units, n) ORDER BY n",
            [[model for model, _ in asked], [units for _, units in asked]],
        )
        assert [row[0] for row in cursor.fetchall()] == expected
