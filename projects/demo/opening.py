"""Where the demo is joined: importing the rooms beside this one says what each line does."""

from __future__ import annotations

from orgs.demo.history import History
from projects.demo import asking, key_turns, parts, turns
from projects.demo.book import Book

ROOMS = (turns, parts, asking, key_turns)


def begin(history: History) -> Book:
    return Book(history)
