"""The platform beside the console, in journeys: it asks over HTTP with a service token of its own."""

from __future__ import annotations

from typing import Any

import httpx

from config.roles import Permission
from tests.factories import Cast
from tests.projects.keys import make_token

OFFICE, ELSEWHERE = "203.0.113.7", "10.2.0.4"


class Gateway:
    def __init__(self, server: str, token: str) -> None:
        self.server, self.token = server, token

    def post(self, path: str, said: dict[str, Any]) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}"}
        return httpx.post(self.server + path, json=said, headers=headers, timeout=15)

    def verify(self, key: str, **said: Any) -> httpx.Response:
        asked = {"key": key, "action": Permission.WORKFLOWS_EXECUTE.value, "ip": OFFICE}
        return self.post("/v1/keys/verify", asked | said)

    def lets(self, key: str, **said: Any) -> bool:
        """Whether the key works; a refusal other than by a limit or a right is none of both."""
        answer = self.verify(key, **said)
        if answer.status_code == 401:
            return False
        assert answer.status_code == 200, answer.text
        return bool(answer.json()["decision"])


def make_gateway(house: Cast, server: str) -> Gateway:
    return Gateway(server, make_token(house.acme)[1])
