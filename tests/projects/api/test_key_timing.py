"""What is no key takes as long whichever it is: nobody learns from a clock that a key once was."""

from __future__ import annotations

import datetime
import random
import statistics
import time
from collections import defaultdict

import pytest
from django.utils import timezone

from projects import keys
from tests.factories import Cast
from tests.projects.api.rooms import Room
from tests.projects.keys import make_key, make_secret

pytestmark = pytest.mark.django_db
TIMES = 80


def test_the_distributions_overlap(cast: Cast) -> None:
    """The medians lie within the spread of any one of them, however noisy the machine is."""
    room, foreign = Room(cast.acme), Room(cast.umbrella)
    past = timezone.now() - datetime.timedelta(hours=1)
    texts = {
        "unknown": keys.make().text,
        "malformed": "x",
        "truncated": room.text[:-1],
        "foreign": foreign.text,
        "revoked": make_key(room.project, room.member, revoked_at=past)[1],
        "expired": make_key(room.project, room.member, expires_at=past)[1],
        "rotated": make_secret(room.key, ends_at=past),
    }
    took: dict[str, list[float]] = defaultdict(list)
    for _ in range(TIMES):
        for name in random.sample(sorted(texts), len(texts)):
            started = time.perf_counter()
            assert room.platform.verify(texts[name]).status_code == 401
            took[name].append(time.perf_counter() - started)
    quartiles = {name: statistics.quantiles(times, n=4) for name, times in took.items()}
    for name, (_, median, _) in quartiles.items():
        for other, (first, _, third) in quartiles.items():
            slack = (third - first) + 0.1 * median
            assert first - slack <= median <= third + slack, (name, other, quartiles)
