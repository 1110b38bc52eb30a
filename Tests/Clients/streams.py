"""What every stream of named events must be, whichever client read it."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from answers import SCRIPTS, Answer, digest, joined, shown_summaries, through_gateway

# Name and data of an event.
Event = tuple[str, dict[str, Any]]


def check(events: list[Event], format: str, script: str, scripted: Answer) -> None:
    """The order of the protocol, the reference's keys, and the script's answer, once."""
    names = [name for name, _ in groupby(name for name, _ in events)]
    assert names == ["summary.prompt", "summary.reasoning", "output.delta", "output.done"]
    assert all(isinstance(data["request_id"], str) for _, data in events)
    assert len({data["request_id"] for _, data in events}) == 1
    assert [data["text"] for name, data in events if name.startswith("summary.")] == (shown_summaries(script) + [""])[
        :2
    ]
    text = "".join(data["text"] for name, data in events if name == "output.delta")
    assert digest(text) == scripted.content
    if format == "events":
        keys = {name: {"request_id"} if name == "output.done" else {"text", "request_id"} for name in names}
        assert all(set(data) == keys[name] for name, data in events)
    else:
        assert joined(data for _, data in events) == through_gateway(scripted, script, streamed=True)


def scripts_for(format: str) -> list[str]:
    """`events` has text alone."""
    return [script for script in SCRIPTS if format != "events" or not script.startswith(("mock-tool", "mock-refusal"))]


CASES = [(format, script) for format in ("unified", "events") for script in scripts_for(format)]


def under(base_url: str, format: str) -> str:
    """The base URL that chooses a format; `unified` is what a client gets that says nothing."""
    return base_url if format == "unified" else base_url.replace("/v1", f"/{format}/v1")
