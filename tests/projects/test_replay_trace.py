"""`manage.py replay_trace`: every call once, however often it is stopped, and on loopback alone."""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from orgs.models import Membership
from orgs.tenancy import bound
from projects.models import Call
from projects.replay.trace import ReplayError, rows_of
from projects.replay.wire import Platform, loopback
from tests.factories import Cast, make_cast
from tests.projects.keys import make_key, make_limit, make_token
from tests.projects.servers import RATES, priced, served

MODEL = "tern-replayed"
Run = Callable[..., str]


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    chance = random.Random(3)
    lines = ["TIMESTAMP,ContextTokens,GeneratedTokens"]
    lines += [
        f"2023-11-16 18:17:{n:02d}.9799600,{chance.randrange(5000)},{chance.randrange(900)}"
        for n in range(40)
    ]
    path = tmp_path_factory.mktemp("trace") / "trace.csv"
    path.write_text("\r\n".join(lines))
    return path


@pytest.fixture
def house(committed: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    monkeypatch.setenv("BAILIWICK_DATA", str(tmp_path))
    with priced(MODEL), served() as url:
        yield House(make_cast(), url)


class House:
    """One organization with a key and a token, and the command run against it."""

    def __init__(self, cast: Cast, url: str) -> None:
        self.cast, self.url = cast, url
        with bound(cast.acme.pk):
            owner = Membership.objects.in_org(cast.acme.pk).get(person=cast.alice)
        self.key, self.text = make_key(cast.acme, owner)
        _, self.token = make_token(cast.acme, "decide", "record")

    def run(self, trace: Path, **options: Any) -> str:
        out = io.StringIO()
        given = {"url": self.url, "token": self.token, "key": self.text, "model": MODEL}
        try:
            call_command("replay_trace", str(trace), stdout=out, **(given | options))
        finally:
            self.said = out.getvalue()
        return self.said

    def calls(self, endpoint: str = "/v1/usage") -> list[Call]:
        with bound(self.cast.acme.pk):
            return list(Call.objects.in_org(self.cast.acme.pk).filter(endpoint=endpoint))


def tokens(used: list[Call], unit: str) -> int:
    return sum((call.units or {})[unit] for call in used)


def cost_of(trace: Path) -> int:
    """By fractions, from the file itself."""
    total = 0
    for line in trace.read_text().split()[1:]:
        if line.count(",") == 2:
            _, read, written = line.split(",")
            exact = int(read) * RATES["input_token"] + int(written) * RATES["output_token"]
            total += int(Fraction(exact, 10**6) + Fraction(1, 2))
    return total


@pytest.mark.requirement("S1-058")
@pytest.mark.requirement("S2-154")
def test_trace_is_verified_reported_and_priced(house: House, trace: Path) -> None:
    said = house.run(trace)
    used = house.calls()
    assert len(used) == len(house.calls("/v1/keys/verify")) == 40
    assert all(call.key_id == house.key.pk and call.at for call in used)
    assert sum(call.cost for call in used) == cost_of(trace)
    rows = rows_of([trace])
    assert tokens(used, "input_token") == sum(row.read for row in rows)
    assert tokens(used, "output_token") == sum(row.written for row in rows)
    assert f"/o/{house.cast.acme.slug}/usage/?key={house.key.pk}" in said
    assert house.text not in said
    assert house.token not in said


def test_second_replay_sends_nothing_and_tells_the_same(house: House, trace: Path) -> None:
    said = house.run(trace)
    again = house.run(trace)
    assert "40 were sent before" in again
    assert len(house.calls()) == 40
    assert said.splitlines()[3:7] == again.splitlines()[4:8]
    house.run(trace, again=True, limit=5)
    assert len(house.calls()) == 45


@pytest.mark.parametrize("is_sent", [True, False])
def test_what_was_cut_off_goes_on_and_counts_once(
    house: House, trace: Path, monkeypatch: pytest.MonkeyPatch, is_sent: bool
) -> None:
    """The line goes dead after 7 reports, before or after the server has heard the eighth."""
    post, heard = Platform.post, []

    def dying(self: Platform, path: str, said: Mapping[str, Any], **headers: str) -> Any:
        if path == "/v1/usage":
            heard.append(said)
            if len(heard) > 7:
                if is_sent:
                    post(self, path, said, **headers)
                raise ReplayError("The line is dead.")
        return post(self, path, said, **headers)

    with monkeypatch.context() as dead:
        dead.setattr(Platform, "post", dying)
        with pytest.raises(CommandError, match="The line is dead"):
            house.run(trace, threads=2)
    assert 0 < len(house.calls()) < 40
    house.run(trace, threads=2)
    used = house.calls()
    assert len({call.verification_id for call in used}) == len(used) == 40
    assert len(house.calls("/v1/keys/verify")) == 40
    assert sum(call.cost for call in used) == cost_of(trace)


def test_interrupted_it_tells_how_far_it_came(
    house: House, trace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(self: Any) -> None:
        if self.tally.sent:
            raise KeyboardInterrupt

    with monkeypatch.context() as pressed:
        pressed.setattr("projects.management.commands.replay_trace._Progress.show", interrupt)
        with pytest.raises(SystemExit) as stopped:
            house.run(trace, threads=1)
    assert stopped.value.code == 130
    assert "goes on from here" in house.said
    assert len(house.calls()) == len(house.calls("/v1/keys/verify"))
    house.run(trace)
    assert sum(call.cost for call in house.calls()) == cost_of(trace)


@pytest.mark.requirement("S1-050")
def test_budget_refuses_what_it_does_not_cover(house: House, trace: Path) -> None:
    make_limit(house.key, budget=cost_of(trace) // 4)
    said = house.run(trace)
    assert "refused: Budget" in said
    assert 0 < sum(call.cost for call in house.calls()) <= cost_of(trace) // 4
    assert len(house.calls("/v1/keys/verify")) == 40


@pytest.mark.parametrize("wrong", ["key", "token"])
def test_stops_at_once_without_a_key_or_a_token(house: House, trace: Path, wrong: str) -> None:
    with pytest.raises(CommandError, match="401: "):
        house.run(trace, **{wrong: "bw_live_nothing"})
    assert house.calls() == []


def test_other_servers_and_none_are_told(trace: Path, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("BAILIWICK_DATA", str(tmp_path))
    monkeypatch.setattr("projects.replay.wire._TIMES", 1)
    given = {"token": "bw_svc_a", "key": "bw_live_a"}
    with pytest.raises(CommandError, match="does not answer"):
        call_command("replay_trace", str(trace), url="http://127.0.0.1:9", **given)
    with pytest.raises(CommandError, match="Give a --token"):
        call_command("replay_trace", str(trace), token="", key="")


@pytest.mark.parametrize(
    "url",
    [
        "http://192.0.2.1:8000",
        "http://0.0.0.0:8000",
        "http://[2001:db8::1]/",
        "http://169.254.169.254/",
        "https://127.0.0.1:8000",
        "http://me@127.0.0.1:8000",
        "http://127.0.0.1:999999",
        "http://no-such-host.invalid/",
        "file:///etc/passwd",
        "127.0.0.1:8000",
        "",
    ],
)
def test_only_this_machine_is_sent_to(url: str) -> None:
    with pytest.raises(ReplayError):
        loopback(url)


def test_loopback_goes_by_its_names() -> None:
    assert loopback("http://127.0.0.1:8137/").port == 8137
    assert loopback("http://[::1]:8000").host == "::1"
    assert loopback("http://localhost").port == 80


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "begins with"),
        (b"when,what\n1,2\n", "begins with"),
        (b"\xff\xfe\x00", "utf-8"),
        (b"TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:03,1\n", "line 2"),
        (b"TIMESTAMP,ContextTokens,GeneratedTokens\nyesterday,1,2\n", "line 2"),
        (b"TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:03,-1,2\n", "below zero"),
        (b"TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:03,1e309,2\n", "line 2"),
    ],
)
def test_what_is_no_trace_is_told_by_its_line(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "trace.csv"
    path.write_bytes(content)
    with pytest.raises(ReplayError, match=said):
        rows_of([path])
    with pytest.raises(ReplayError, match="No such file"):
        rows_of([tmp_path / "none.csv"])


def test_traces_are_replayed_in_the_order_they_were_made(tmp_path: Path) -> None:
    head = "TIMESTAMP,ContextTokens,GeneratedTokens\n"
    (tmp_path / "a.csv").write_text(f"{head}2023-11-16 18:17:05.9799600,3,1\n")
    (tmp_path / "b.csv").write_text(
        f"{head}2023-11-16 18:17:04,1,1\n2023-11-16 18:17:05.9799599,2,1\n"
    )
    rows = rows_of([tmp_path / "a.csv", tmp_path / "b.csv"])
    assert [row.read for row in rows] in ([1, 2, 3], [1, 3, 2])
    assert len({row.name for row in rows}) == 3
