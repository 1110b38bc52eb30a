"""httpx-sse, which reads event streams as the WHATWG says."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from httpx_sse import aconnect_sse, connect_sse

from answers import MESSAGES, joined, request, run, scripted, through_gateway
from conftest import Gateway
from streams import CASES, Event, check, under


def read(base_url: str, body: dict[str, Any]) -> list[Event]:
    with httpx.Client(timeout=30) as client:
        with connect_sse(client, "POST", f"{base_url}/chat/completions", json=body) as source:
            return [(event.event, event.json()) for event in source.iter_sse() if event.data != "[DONE]"]


async def aread(base_url: str, body: dict[str, Any]) -> list[Event]:
    async with httpx.AsyncClient(timeout=30) as client:
        async with aconnect_sse(client, "POST", f"{base_url}/chat/completions", json=body) as source:
            return [(event.event, event.json()) async for event in source.aiter_sse() if event.data != "[DONE]"]


@pytest.mark.parametrize(("format", "script"), CASES)
def test_events(format: str, script: str, gateway: str, direct: str) -> None:
    check(read(under(gateway, format), request(script, True)), format, script, scripted(direct, script))


@pytest.mark.parametrize(("format", "script"), CASES)
def test_async_events(format: str, script: str, gateway: str, direct: str) -> None:
    events = run(aread(under(gateway, format), request(script, True)))
    check(events, format, script, scripted(direct, script))


@pytest.mark.parametrize("script", ["mock-chat-reasoning", "mock-tool-pair"])
def test_messages_without_a_name(script: str, gateway: str, direct: str) -> None:
    expected = scripted(direct, script)
    for base_url, answer in [(direct, expected), (under(gateway, "openai"), through_gateway(expected, script, True))]:
        events = read(base_url, request(script, True))
        assert {name for name, _ in events} == {"message"}
        assert joined(data for _, data in events) == answer


def test_cancel_ends_the_upstream_call(gateway: str, gateway_server: Gateway) -> None:
    seen = len(gateway_server.lines)
    body = {"model": "mock-endless:interval=5", "messages": MESSAGES, "stream": True}
    with httpx.Client(timeout=30) as client:
        with connect_sse(client, "POST", f"{gateway}/chat/completions", json=body) as source:
            assert any(event.event == "output.delta" for event in source.iter_sse())
    assert gateway_server.completion(after=seen)["outcome"] == "client_gone"


def test_timeout_in_mid_stream(base_url: str) -> None:
    body = {"model": "mock-hang", "messages": MESSAGES, "stream": True}
    with httpx.Client(timeout=2) as client, pytest.raises(httpx.ReadTimeout):
        with connect_sse(client, "POST", f"{base_url}/chat/completions", json=body) as source:
            for _ in source.iter_sse():
                pass
