"""Clients that know lines and JSON, and nothing of event streams."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from answers import MESSAGES, SCRIPTS, joined, post, request, scripted, through_gateway
from streams import CASES, Event, check, under


def read(lines: Iterable[bytes]) -> list[Event]:
    """As the reference's client does: every `data:` line is JSON, and belongs to the `event:` line before it."""
    events: list[Event] = []
    name = ""
    for line in lines:
        text = line.decode().strip()
        if text.startswith("event:"):
            name = text.removeprefix("event:").strip()
        elif text.startswith("data:"):
            events.append((name, json.loads(text.removeprefix("data:"))))
    return events


def shell(base_url: str, body: dict[str, Any]) -> list[Event]:
    script = Path(__file__).parent / "client.sh"
    command = [str(script), base_url, json.dumps(body)]
    output = subprocess.run(command, check=True, capture_output=True, timeout=90).stdout
    return [(event["event"], event["data"]) for event in json.loads(output)]


def is_fatal(event: Event) -> bool:
    return event[0] == "error" and event[1]["stage"] == "upstream_stream"


@pytest.mark.parametrize(("format", "script"), CASES)
def test_data_lines(format: str, script: str, gateway: str, direct: str) -> None:
    events = read(post(under(gateway, format), request(script, True)))
    check(events, format, script, scripted(direct, script))


@pytest.mark.parametrize(("format", "script"), CASES)
def test_shell(format: str, script: str, gateway: str, direct: str) -> None:
    events = shell(under(gateway, format), request(script, True))
    check(events, format, script, scripted(direct, script))


@pytest.mark.parametrize("script", ["mock-chat-reasoning", "mock-tool-pair"])
def test_shell_with_openai_chunks(script: str, gateway: str, direct: str) -> None:
    expected = scripted(direct, script)
    for base_url, answer in [(direct, expected), (under(gateway, "openai"), through_gateway(expected, script, True))]:
        *events, last = shell(base_url, request(script, True))
        assert last[0] == "[DONE]" and not any(name for name, _ in events)
        assert joined(data for _, data in events) == answer


@pytest.mark.parametrize("format", ["unified", "openai"])
@pytest.mark.parametrize("script", [script for script in SCRIPTS if script.startswith("mock-tool")])
def test_each_piece_of_a_tool_call_is_the_upstreams(script: str, format: str, gateway: str, direct: str) -> None:
    def pieces(base_url: str) -> list[Any]:
        lines = [line[6:] for line in post(base_url, request(script, True)) if line.startswith(b"data: {")]
        choices = [choice for line in lines for choice in json.loads(line)["choices"]]
        return [choice["delta"]["tool_calls"] for choice in choices if "tool_calls" in choice["delta"]]

    assert pieces(under(gateway, format)) == pieces(direct) != []


@pytest.mark.parametrize("format", ["unified", "events"])
@pytest.mark.parametrize("script", ["mock-error-event", "mock-cut", "mock-bad-chunk"])
def test_fatal_error_in_mid_stream(script: str, format: str, gateway: str) -> None:
    for events in (
        read(post(under(gateway, format), {"model": f"{script}:deltas=40", "messages": MESSAGES, "stream": True})),
        shell(under(gateway, format), {"model": f"{script}:deltas=40", "messages": MESSAGES, "stream": True}),
    ):
        assert [name for name, _ in events][-2:] == ["error", "output.done"]
        assert sum(is_fatal(event) for event in events) == 1
        error = events[-2][1]
        assert error["stage"] == "upstream_stream" and error["message"] and error["detail"]
        assert "".join(data["text"] for name, data in events if name == "output.delta")


@pytest.mark.parametrize("format", ["unified", "events"])
@pytest.mark.parametrize("status", [400, 401, 403, 404, 422, 429, 500, 503])
def test_refusal(status: int, format: str, gateway: str) -> None:
    body = {"model": f"mock-refuse:status={status}", "messages": MESSAGES, "stream": True}
    events = read(post(under(gateway, format), body))
    # The prompt's summary may be cut short, which is an error that is not fatal.
    names = [event[0] for event in events if event[0] != "error" or is_fatal(event)]
    assert names == ["summary.prompt", "summary.reasoning", "error", "output.done"]
    error = json.dumps(events[-2][1])
    assert "refused by the mock" in error and str(status) in error


def test_summary_that_fails_costs_nothing(gateway: str, direct: str) -> None:
    body = request("mock-chat", True) | {"summary_model": "mock-summary-fail"}
    events = read(post(gateway, body))
    assert [name for name, _ in events][:3] == ["error", "summary.prompt", "summary.reasoning"]
    assert events[0][1]["fatal"] is False and events[0][1]["stage"] == "prompt_summary"
    answer = joined(data for _, data in events)
    assert answer.content == scripted(direct, "mock-chat").content
