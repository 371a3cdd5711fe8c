"""Configurations in few words: each is what the kind's form would have stored."""

from __future__ import annotations

from typing import Any

WRITER, READER, SMALL = "larch-large-2", "larch-reader-1", "larch-small-3"


def agent(
    instructions: str,
    *,
    model: str = WRITER,
    temperature: float = 0.4,
    tools: tuple[str, ...] = (),
    knowledge: tuple[str, ...] = (),
    memory: bool = False,
) -> dict[str, Any]:
    return {
        "model": model,
        "temperature": temperature,
        "instructions": instructions,
        "tools": list(tools),
        "knowledge_bases": list(knowledge),
        "memory": memory,
    }


def steps(*said: str) -> list[dict[str, str]]:
    """Each as it is typed: "human: Approve the order"."""
    pairs = (line.split(": ", 1) for line in said)
    return [{"kind": kind, "name": name} for kind, name in pairs]


def workflow(*said: str, schedule: str = "") -> dict[str, Any]:
    return {"steps": steps(*said), "schedule": schedule}


def tool(url: str, *operations: str, timeout: int = 30) -> dict[str, Any]:
    return {
        "transport": "http",
        "url": url,
        "command": "",
        "timeout": timeout,
        "operations": list(operations),
    }


def knowledge(
    source: str, location: str, *, refresh: str = "daily", language: str = "en"
) -> dict[str, Any]:
    return {
        "source": source,
        "location": location,
        "chunk_size": 1_000,
        "language": language,
        "refresh": refresh,
    }


def runner(provider: str, region: str, capacity: int, *labels: str) -> dict[str, Any]:
    return {
        "provider": provider,
        "region": region,
        "capacity": capacity,
        "labels": list(labels),
        "auto_update": True,
    }


def automation(
    *,
    schedule: str = "",
    event: str = "",
    runner: str = "",
    workflow: str = "",
    command: str = "",
    timeout: int = 30,
) -> dict[str, Any]:
    return {
        "trigger": "schedule" if schedule else "event" if event else "manual",
        "schedule": schedule,
        "event": event,
        "runner": runner,
        "timeout": timeout,
        "workflow": workflow,
        "command": command,
    }
