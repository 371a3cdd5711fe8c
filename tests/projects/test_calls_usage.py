"""Key usage: what the request log of the last days adds up to."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from projects.queries.call_usage import Sums, Usage, UsageFilter, call_usage
from tests.factories import Cast, sign_in
from tests.projects.calls import Caller
from tests.projects.keys import make_account, make_key, make_limit

pytestmark = pytest.mark.django_db
PAGE = "settings/keys/usage/"


def counted(cast: Cast, query: str = "") -> Usage:
    return call_usage(cast.access(cast.alice), UsageFilter.read(QueryDict(query)))


def test_calls_refusals_tokens_and_costs_are_summed(cast: Cast) -> None:
    key, text = make_key(cast.acme, cast.member(cast.alice), "ETL")
    _, other = make_key(cast.acme, cast.member(cast.alice), "Chat")
    make_limit(key, allowed_tasks=["Triage"])
    platform = Caller(cast.acme)
    for cost in (300, 500):
        _, _, call = platform.verify(text, task="Triage", model="m-small", cost=1000)
        platform.use(call, cost, units={"input_token": 100, "output_token": 10, "second": 3})
    platform.verify(text, task="Other", model="m-large")
    platform.verify(other, model="m-small")
    platform.verify("bw_live_nothing_of_ours")
    usage = counted(cast)
    assert usage.total == Sums(calls=5, refused=2, tokens=220, cost=800)
    assert usage.total.allowed == 3
    assert usage.days[-1] == (timezone.localdate(), usage.total)
    assert len(usage.days) == 7
    by_key = {share.name: share.sums for share in usage.keys}
    assert by_key == {
        "ETL": Sums(3, 1, 220, 800),
        "Chat": Sums(calls=1),
        "Unknown keys": Sums(calls=1, refused=1),
    }
    assert {share.name: share.sums.calls for share in usage.models} == {
        "m-small": 3,
        "m-large": 1,
        "No model named": 1,
    }


def test_it_is_narrowed_to_a_key_and_to_days(cast: Cast) -> None:
    key, text = make_key(cast.acme, cast.member(cast.alice))
    _, other = make_key(cast.acme, cast.member(cast.alice))
    platform = Caller(cast.acme)
    platform.verify(text)
    platform.verify(other)
    assert counted(cast, f"key={key.pk}").total.calls == 1
    assert len(counted(cast, "days=30").days) == 30
    foreign, _ = make_key(cast.umbrella, make_account(cast.umbrella))
    assert counted(cast, f"key={foreign.pk}").total.calls == 0


@pytest.mark.parametrize("query", ["days=-1", "days=9e9", "key=%00", "key=1", "days=&key="])
def test_what_cannot_be_read_counts_as_not_asked(cast: Cast, query: str) -> None:
    assert counted(cast, query).total == Sums()
    assert sign_in(cast.alice).get(cast.url(f"{PAGE}?{query}")).status_code == 200


def test_the_page_has_the_chart_and_the_same_numbers_as_a_table(cast: Cast) -> None:
    _, text = make_key(cast.acme, cast.member(cast.alice), "<b>ETL</b>")
    platform = Caller(cast.acme)
    _, _, call = platform.verify(text, model="m-small")
    platform.use(call, 12_500_000_000, units={"input_token": 4321})
    body = sign_in(cast.alice).get(cast.url(f"{PAGE}?days=30")).content.decode()
    assert re.search(r'<svg[^>]* role="img" aria-label="Calls on each of the last 30 days: 1', body)
    for words in ("$12.50", "4,321", "m-small", "&lt;b&gt;ETL"):
        assert words in body
    assert body.count('<tr><th scope="row">') >= 30


def test_no_more_queries_for_more_days_and_more_keys(cast: Cast) -> None:
    counts: list[int] = []
    for _ in range(3):
        _, text = make_key(cast.acme, cast.member(cast.alice))
        Caller(cast.acme).verify(text)
        access = cast.access(cast.alice)
        with CaptureQueriesContext(connection) as asked:
            call_usage(access, UsageFilter(days=30))
        counts.append(len(asked))
    assert counts == [2, 2, 2]


def test_the_largest_are_named_and_the_rest_are_one_line(cast: Cast) -> None:
    _, text = make_key(cast.acme, cast.member(cast.alice))
    platform = Caller(cast.acme)
    for n in range(15):
        platform.verify(text, model=f"m-{n}")
    models = counted(cast).models
    assert len(models) == 13
    assert models[-1].name == "3 others"
    assert sum(share.sums.calls for share in models) == 15
