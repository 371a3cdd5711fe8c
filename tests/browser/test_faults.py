"""The judge of pages itself: what is planted on a page, it finds."""

from __future__ import annotations

import pytest

from tests.browser.conftest import Visit
from tests.browser.faults import faults

pytestmark = pytest.mark.browser

PLANTED = {
    '<p class="faint">Too pale</p>': "faint",
    "<input name=x>": "no label",
    '<button type="button"></button>': "no name",
    "<h5>Deep</h5><h4>Skipped</h4>": "skips a level",
    '<p id="main">Twice</p>': "id twice",
    '<p class="wide">Wide</p>': "wider than the screen",
    '<p aria-labelledby="nowhere">Lost</p>': "to nowhere",
}


def test_what_is_planted_is_found(visit: Visit) -> None:
    page = visit()
    page.goto("/sign-in/")
    assert faults(page) == []
    for html, words in PLANTED.items():
        page.evaluate(
            """html => {
              const node = document.createElement("div");
              node.innerHTML = html;
              document.querySelector("main").append(node);
              const pale = node.querySelector(".faint");
              if (pale) pale.style.color = "rgb(190 190 190)";
              const wide = node.querySelector(".wide");
              if (wide) wide.style.width = "4000px";
            }""",
            html,
        )
        assert any(words in fault for fault in faults(page)), html
        page.evaluate("document.querySelector('main').lastElementChild.remove()")
    assert faults(page) == []
