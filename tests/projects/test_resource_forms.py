"""What the typed forms accept, and the words with which they refuse."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from projects.forms.fields import check_cron, clean_paragraphs
from projects.forms.resources import LARGEST, Offer, ResourceForm
from projects.kinds import KINDS
from tests.projects.resources import ENTRIES

RUNNER = Offer(pk=uuid4(), name="Hall 4")
OFFERS = {"runner": [RUNNER], "tools": [RUNNER]}


def form_of(kind: str, **changes: Any) -> ResourceForm:
    filled = {"name": "First", **ENTRIES[kind], **changes}
    if kind == "automation" and "runner" not in changes:
        filled["runner"] = str(RUNNER.pk)
    data = {name: value for name, value in filled.items() if value is not None}
    return KINDS[kind].form(data, offers=OFFERS)


def refusal(kind: str, field: str, **changes: Any) -> str:
    form = form_of(kind, **changes)
    assert set(form.errors) == {field}, form.errors
    return str(form.errors[field][0])


@pytest.mark.parametrize("kind", list(KINDS))
def test_what_is_filled_in_well_passes_and_reads_back_the_same(kind: str) -> None:
    form = form_of(kind)
    assert form.is_valid(), form.errors
    kept = form.configuration()
    again = KINDS[kind].form(initial={"name": "First", **kept}, offers=OFFERS)
    typed = {name: again[name].value() for name in again.fields}
    second = KINDS[kind].form(
        {name: value for name, value in typed.items() if value not in (None, False)},
        offers=OFFERS,
    )
    assert second.is_valid(), second.errors
    assert second.configuration() == kept


def test_every_field_of_a_configuration_is_on_the_page() -> None:
    for kind in KINDS.values():
        shown = {name for row in kind.form.layout for name in row}
        assert shown == set(kind.form.configured()), kind.value


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("6 * *", "Write five parts"),
        ("0 25 * * *", "The hour “25” does not say when: use 0 to 23"),
        ("60 0 * * *", "The minute “60”"),
        ("0 0 0 * *", "The day “0”"),
        ("0 0 * 13 *", "The month “13”"),
        ("0 0 * * 8", "The weekday “8”"),
        ("*/0 * * * *", "The minute “*/0”"),
        ("5-1 * * * *", "The minute “5-1”"),
        ("; rm -rf * *", "The minute “;”"),
        ("٣ * * * *", "The minute “٣”"),
    ],
)
def test_a_schedule_is_refused_with_its_mend(text: str, said: str) -> None:
    assert said in refusal("workflow", "schedule", schedule=text)


@pytest.mark.parametrize("text", ["* * * * *", "*/15 8-18 1,15 * 1-5", "0 6 * * 7"])
def test_a_schedule_that_cron_reads_passes(text: str) -> None:
    check_cron(text)


@given(st.text(max_size=200))
def test_no_text_breaks_the_reading_of_a_schedule(text: str) -> None:
    try:
        check_cron(text)
    except ValidationError as error:
        assert error.messages


@given(st.text(max_size=200))
def test_a_cleaned_text_is_clean_already(text: str) -> None:
    try:
        once = clean_paragraphs(text, longest=100)
    except ValidationError:
        return
    assert clean_paragraphs(once, longest=400) == once


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ("Read the order", "Line 1: write a kind, a colon and a name"),
        ("agent: Read\nrobot: Weld", "Line 2: a step is an agent"),
        ("agent:", "Line 1"),
        ("", "one step at least"),
        ("agent: " + "x" * 300, "Shorten “agent: xx"),
        ("\n".join(f"agent: {n}" for n in range(101)), "at most 100 lines"),
    ],
)
def test_steps_are_refused_by_their_line(steps: str, said: str) -> None:
    assert said in refusal("workflow", "steps", steps=steps)


def test_the_same_step_may_come_twice() -> None:
    form = form_of("workflow", steps="human: Approve\nagent: Send\nhuman: Approve")
    assert form.is_valid()
    assert [step["kind"] for step in form.configuration()["steps"]] == ["human", "agent", "human"]


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"url": ""}, "url", "Write the address of the server."),
        ({"url": "ftp://x.example"}, "url", "begins with https:// or http://"),
        ({"url": "https://"}, "url", "names a host"),
        ({"url": "https://[::1"}, "url", "names a host"),
        ({"url": "javascript:alert(1)"}, "url", "begins with"),
        ({"url": "https://mia:secret@x.example"}, "url", "name and password out of the address"),
        ({"transport": "stdio"}, "command", "Write the command"),
        ({"transport": "carrier pigeon"}, "transport", "Choose HTTP"),
        ({"timeout": "0"}, "timeout", "1 second at the least"),
        ({"timeout": "1.5"}, "timeout", "whole seconds"),
        ({"timeout": "9" * 5_000}, "timeout", "whole seconds"),
        ({"operations": "rm -rf"}, "operations", "is no operation"),
        ({"operations": ""}, "operations", "or write *"),
    ],
)
def test_a_tool_is_refused_with_its_mend(changes: dict[str, str], field: str, said: str) -> None:
    assert said in refusal("tool", field, **changes)


def test_every_operation_leaves_no_others_beside_it() -> None:
    form = form_of("tool", operations="read\n*\nread")
    assert form.is_valid()
    assert form.configuration()["operations"] == ["*"]


def test_what_belongs_to_the_other_way_is_not_kept() -> None:
    form = form_of("tool", command="server --all")
    assert form.is_valid()
    assert form.configuration()["command"] == ""
    form = form_of("automation", schedule="0 6 * * 1")
    assert form.is_valid()
    assert form.configuration()["schedule"] == ""


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"source": "bucket"}, "begins with s3://"),
        ({"source": "folder", "location": "../../etc"}, "without .."),
        ({"source": "folder", "location": "file://x"}, "path of a folder"),
        ({"location": ""}, "Say where"),
    ],
)
def test_a_knowledge_base_is_refused_with_its_mend(changes: dict[str, str], said: str) -> None:
    assert said in refusal("knowledge_base", "location", **changes)


def test_a_runner_in_a_cloud_names_its_region() -> None:
    assert "Name the region" in refusal("runner", "region", region="")
    assert form_of("runner", provider="self-hosted", region="").is_valid()
    assert "is no label" in refusal("runner", "labels", labels="gpu, Große Halle")


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"trigger": "schedule"}, "schedule", "Say when it starts"),
        ({"trigger": "event"}, "event", "Name the event"),
        ({"command": ""}, "command", "Choose a workflow, or write a command"),
        ({"runner": ""}, "runner", "on which the command runs"),
        ({"runner": str(uuid4())}, "runner", "that you may see"),
        ({"workflow": str(uuid4())}, "workflow", "that you may run"),
        ({"timeout": "1441"}, "timeout", "1,440 minutes"),
    ],
)
def test_an_automation_is_refused_with_its_mend(
    changes: dict[str, str], field: str, said: str
) -> None:
    assert said in refusal("automation", field, **changes)


def test_a_configuration_ends_at_256_kib() -> None:
    fits = form_of("agent", instructions="ä" * (LARGEST // 2 - 200))
    assert fits.is_valid(), fits.errors
    said = refusal("agent", "instructions", instructions="ä" * (LARGEST // 2 + 1))
    assert "256 KiB is the most. Shorten this." in said
