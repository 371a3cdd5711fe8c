"""Days, months and what is expected of them: the edges of calendars, zones and addresses."""

from __future__ import annotations

import datetime
import random

import pytest
from django.http import QueryDict
from django.utils import timezone

from billing import periods
from billing.forecast import Comparison, forecast
from billing.forms.usage import MOST_DAYS, Dimension, UsageAsked, months_to_choose
from billing.periods import DAY, Period, today_here
from billing.usage_chart import marks
from config.charts import Column, columns
from config.money import NANO, money

TODAY = datetime.date(2026, 11, 19)


def asked(query: str, today: datetime.date = TODAY, *, costs: bool = True) -> UsageAsked:
    return UsageAsked.read(QueryDict(query), today=today, costs=costs)


def day(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text)


@pytest.mark.parametrize(
    ("query", "today", "start", "end"),
    [
        ("", "2026-11-19", "2026-11-01", "2026-12-01"),
        ("period=month", "2026-12-31", "2026-12-01", "2027-01-01"),
        ("period=last", "2027-01-01", "2026-12-01", "2027-01-01"),
        ("period=last", "2024-03-31", "2024-02-01", "2024-03-01"),
        ("period=7", "2024-03-01", "2024-02-24", "2024-03-02"),
        ("period=90", "2026-11-19", "2026-08-22", "2026-11-20"),
        ("period=2024-02", "2026-11-19", "2024-02-01", "2024-03-01"),
        ("since=2024-02-29&until=2024-02-29", "2026-11-19", "2024-02-29", "2024-03-01"),
        ("since=2026-11-10", "2026-11-19", "2026-11-10", "2026-11-20"),
        ("until=2026-10-10", "2026-11-19", "2026-10-01", "2026-10-11"),
    ],
)
def test_a_period_is_whole_days(query: str, today: str, start: str, end: str) -> None:
    found = asked(query, day(today))
    assert (found.period.start, found.period.end) == (day(start), day(end))
    assert found.misread == []
    assert found.period.days[0] == day(start)
    assert found.period.days[-1] == day(end) - DAY


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("since=2026-11-10&until=2026-11-09", "From lies after To"),
        ("since=2020-01-01&until=2026-11-09", f"At most {MOST_DAYS} days"),
        ("since=2026-02-29", "From: write a day"),
        ("since=yesterday", "From: write a day"),
        ("until=9999-12-31", "To: write a day"),
        ("since=0001-01-01", "From: write a day"),
        ("since=2026-11-10%00", "From: write a day"),
        ("period=2026-13", "write a month"),
        ("period=0000-01", "write a month"),
        ("period=2026-12", "has not begun"),
        ("period=%27%3B--", "write a month"),
        ("by=colour", "What it is split by"),
        ("by=total", "What it is split by"),
        ("measure=refused", "Measure"),
        ("sort=-cost", "Order"),
        ("project=1", "Project: this names none"),
        ("key=%00", "Key: this names none"),
        ("person=(nobody)", "Person: this names none"),
        ("model=%00", "Model: this names none"),
        (f"task={'x' * 201}", "Task: this names none"),
    ],
)
def test_what_cannot_be_read_is_said_and_left_out(query: str, words: str) -> None:
    found = asked(query)
    assert len(found.misread) == 1
    assert words in found.misread[0]
    assert (found.period, found.filters) == (Period.month(TODAY, TODAY), {})
    assert (found.by, found.measure, found.sort) == (Dimension.PROJECT, "cost", "cost")
    assert found.query == {}


def test_every_filter_may_be_set_at_once() -> None:
    every = "&".join(f"{one.value}=(none)" for one in Dimension if one != Dimension.TOTAL)
    found = asked(every)
    assert len(found.filters) == 6
    assert found.by == Dimension.PROJECT


def test_four_hundred_days_are_shown_and_no_more() -> None:
    last = TODAY.isoformat()
    assert not asked(f"since={TODAY - 399 * DAY}&until={last}").misread
    assert asked(f"since={TODAY - 400 * DAY}&until={last}").misread


def test_who_sees_no_costs_may_not_ask_for_them() -> None:
    found = asked("measure=cost&sort=cost", costs=False)
    assert (found.measure, found.sort) == ("calls", "calls")
    assert len(found.misread) == 2


def test_today_is_that_of_the_installation(settings, monkeypatch: pytest.MonkeyPatch) -> None:
    moment = datetime.datetime(2026, 10, 31, 23, 30, tzinfo=datetime.UTC)
    monkeypatch.setattr(timezone, "now", lambda: moment)
    settings.TIME_ZONE = "Europe/Berlin"
    timezone.get_default_timezone.cache_clear()
    try:
        with timezone.override("America/New_York"):  # The reader's own.
            assert today_here() == datetime.date(2026, 11, 1)
    finally:
        settings.TIME_ZONE = "UTC"
        timezone.get_default_timezone.cache_clear()
    assert today_here() == datetime.date(2026, 10, 31)


@pytest.mark.parametrize(
    ("period", "start", "end", "words"),
    [
        (Period.month(TODAY, TODAY), "2026-10-01", "2026-10-20", "by this day in October"),
        (Period.month(day("2026-10-05"), TODAY), "2026-09-01", "2026-10-01", "in September"),
        (Period.latest(7, TODAY), "2026-11-06", "2026-11-13", "in the 7 days before"),
        # By the 31st of March the whole of February has passed.
        (
            Period.month(day("2026-03-31"), day("2026-03-31")),
            "2026-02-01",
            "2026-03-01",
            "by this day in February",
        ),
        (
            Period.month(day("2026-01-02"), day("2026-01-02")),
            "2025-12-01",
            "2025-12-03",
            "by this day in December 2025",
        ),
    ],
)
def test_a_period_is_compared_with_the_one_before(
    period: Period, start: str, end: str, words: str
) -> None:
    assert (period.before.start, period.before.end) == (day(start), day(end))
    assert period.before_words == words


@pytest.mark.parametrize(
    ("now", "before", "words"),
    [
        (106, 100, "6 % more than in May (6)"),
        (50, 100, "50 % less than in May (50)"),
        (0, 100, "100 % less than in May (100)"),
        (100, 100, "As much as in May"),
        (5, 0, "Nothing was counted in May, to compare with"),
        (0, 0, "Nothing was counted in May, to compare with"),
        (1001, 1000, "Under 1 % more than in May (1)"),
        (2000, 100, "19 times more than in May (1,900)"),
        (10**19, 1, "9,999,999,999,999,999,999 times more than in May (9,999,999,999,999,999,999)"),
    ],
)
def test_a_comparison_never_divides_by_nothing(now: int, before: int, words: str) -> None:
    said = Comparison(now, before, "in May").words("{:,}".format)
    assert said == words
    assert "0 %" not in said.replace("50 %", "").replace("100 %", "")


def test_each_day_to_come_is_the_mean_of_its_weekday() -> None:
    counted = {TODAY - n * DAY: 100 * (TODAY - n * DAY).weekday() for n in range(1, 29)}
    found = forecast(counted, Period.month(TODAY, TODAY))
    assert found is not None
    assert found.days[TODAY] == 100 * TODAY.weekday()
    assert {one: found.days[one] for one in found.days if one > TODAY} == {
        one: 100 * one.weekday() for one in Period.month(TODAY, TODAY).days if one > TODAY
    }
    # What is counted of today already is not expected again.
    partly = forecast(counted | {TODAY: 250}, Period.month(TODAY, TODAY))
    assert partly is not None
    assert partly.days[TODAY] == 50


def test_nothing_is_expected_without_a_past_or_of_a_month_that_is_over() -> None:
    assert forecast({}, Period.month(TODAY, TODAY)) is None
    assert forecast({TODAY: 5}, Period.month(TODAY, TODAY)) is None
    assert forecast({TODAY - DAY: 5}, Period.month(day("2026-10-05"), TODAY)) is None
    assert forecast({TODAY - DAY: 5}, Period.latest(30, TODAY)) is None
    young = forecast({TODAY - DAY: 6, TODAY - 2 * DAY: 4}, Period.month(TODAY, TODAY))
    assert young is not None
    assert set(young.days.values()) <= {4, 5, 6}


def test_the_forecast_of_a_steady_year_is_near_what_came() -> None:
    """A backtest: weeks with busy and quiet days and some noise, every day of half a year."""
    dice = random.Random(11)
    first = day("2026-01-01")
    real = {
        first + n * DAY: int(
            (1000 if (first + n * DAY).weekday() < 5 else 250) * dice.uniform(0.8, 1.2)
        )
        for n in range(365)
    }
    for n in range(60, 300, 7):
        today = first + n * DAY
        month = Period.month(today, today)
        known = {one: number for one, number in real.items() if one < today}
        found = forecast(known, month)
        assert found is not None
        rest = sum(real[one] for one in month.days if one >= today)
        whole = sum(real[one] for one in month.days)
        assert abs(found.total - rest) <= whole // 10


def test_months_to_choose_go_back_a_year() -> None:
    months = months_to_choose(day("2026-03-31"))
    assert (months[0], months[-1], len(months)) == (day("2026-01-01"), day("2025-02-01"), 12)


@pytest.mark.parametrize(
    ("top", "one", "words"),
    [
        (4, 1, ["0", "1", "2", "3", "4"]),
        (60, 1, ["0", "15", "30", "45", "60"]),
        (8_000, 1, ["0", "2,000", "4,000", "6,000", "8,000"]),
        (20_000, 1, ["0", "5k", "10k", "15k", "20k"]),
        (6_000_000, 1, ["0", "1.5M", "3.0M", "4.5M", "6.0M"]),
        (200_000, NANO, ["0", "0.00005", "0.00010", "0.00015", "0.00020"]),
        (4, NANO, ["0", "0.000000001", "0.000000002", "0.000000003", "0.000000004"]),
        (400 * NANO, NANO, ["0", "100", "200", "300", "400"]),
        (4 * NANO, NANO, ["0", "1", "2", "3", "4"]),
        (2 * NANO, NANO, ["0", "0.5", "1.0", "1.5", "2.0"]),
        (20 * 10**8 * NANO, NANO, ["0", "0.5bn", "1.0bn", "1.5bn", "2.0bn"]),
    ],
)
def test_the_axis_has_marks_that_are_read_at_a_glance(top: int, one: int, words: list[str]) -> None:
    assert marks([top * n // 4 for n in range(5)], one=one) == words


def test_what_is_left_of_a_chart_without_colours() -> None:
    drawn = [
        Column(label="1", title="1 Nov: <3>", parts=(3, 2, 1, 4), forecast=2, url="/x?a=1&b=2"),
        Column(label="", title="", parts=(0, 0)),
    ]
    svg = columns(drawn, 'A "chart"')
    for kind in (2, 3, 4):
        assert f'id="hatch-{kind}"' in svg
        assert f'fill="url(#hatch-{kind})"' in svg
    assert 'class="forecast"' in svg
    assert "<title>1 Nov: &lt;3&gt;</title>" in svg
    assert 'href="/x?a=1&amp;b=2"' in svg
    assert svg.count('class="column"') == 1
    assert "style=" not in svg
    assert 'role="img"' in svg


def test_money_without_minor_units_is_shown_in_whole(settings) -> None:
    settings.CURRENCY = "JPY"
    assert money(1234 * NANO) == "JPY 1,234"
    assert money(1234 * NANO + NANO // 2) == "JPY 1,235"
    assert money(150_000) == "JPY 0.000150"
    assert money(0) == "JPY 0"
    settings.CURRENCY = "USD"
    assert money(0) == "$0.00"


def test_a_period_has_words() -> None:
    assert Period.month(TODAY, TODAY).words == "November 2026"
    assert asked("since=2026-11-16&until=2026-11-22").period.words == "16 Nov to 22 Nov 2026"
    assert asked("since=2025-12-30&until=2026-01-02").period.words == "30 Dec 2025 to 2 Jan 2026"
    assert asked("since=2026-11-16&until=2026-11-16").period.words == "16 Nov 2026"
    assert periods.month_after(day("2026-12-31")) == day("2027-01-01")
