"""Pydantic AI."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from pydantic_ai import Agent, ModelAPIError, ModelHTTPError
from pydantic_ai.messages import ModelResponse, TextPart, ThinkingPart, ToolCallPart
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider
from pydantic_ai.settings import ModelSettings

from answers import QUESTION, SCRIPTS, digest, run, scripted, shown_summaries
from conftest import Gateway

SHOWN = [script for script in SCRIPTS if script.startswith(("mock-chat", "mock-tool", "mock-terse"))]


def agent(base_url: str, script: str) -> tuple[Agent[None, str], list[Any]]:
    """An agent, and where its tools note what they are called with."""
    # A client for each, since a client keeps to one event loop.
    provider = OpenAIProvider(base_url=base_url, api_key="unused")
    agent = Agent(OpenAIChatModel(script, provider=provider), model_settings=ModelSettings(timeout=30), retries=0)
    calls: list[Any] = []
    if script.startswith("mock-tool"):

        @agent.tool_plain
        def weather(city: str, note: str) -> str:
            calls.append(("weather", {"city": city, "note": note}))
            return "18 °C"

        @agent.tool_plain
        def time(zone: str) -> str:
            calls.append(("time", {"zone": zone}))
            return "12:00"

    return agent, calls


def check(messages: list[Any], calls: list[Any], output: str, script: str, base_url: str, direct: str) -> None:
    first = next(message for message in messages if isinstance(message, ModelResponse))
    answer = scripted(direct, script)
    assert digest("".join(part.content for part in first.parts if isinstance(part, TextPart))) == answer.content
    thoughts = "".join(part.content for part in first.parts if isinstance(part, ThinkingPart))
    assert thoughts.strip() == (answer.reasoning if base_url == direct else "\n\n".join(shown_summaries(script)))
    called = [
        (part.tool_call_id, part.tool_name, part.args_as_dict())
        for part in first.parts
        if isinstance(part, ToolCallPart)
    ]
    assert called == [
        (call["id"], call["function"]["name"], json.loads(call["function"]["arguments"])) for call in answer.tool_calls
    ]
    assert sorted(calls, key=str) == sorted([call[1:] for call in called], key=str)
    assert digest(output) == ("It is 18 °C in Paris." if called else answer.content)
    assert (first.usage.input_tokens, first.usage.output_tokens) == (31, 1207)


@pytest.mark.parametrize("script", SHOWN)
class TestAnswer:
    def test_whole(self, script: str, base_url: str, direct: str) -> None:
        asked, calls = agent(base_url, script)
        result = run(asked.run(QUESTION))
        check(result.all_messages(), calls, result.output, script, base_url, direct)

    def test_stream(self, script: str, base_url: str, direct: str) -> None:
        asked, calls = agent(base_url, script)

        async def ask() -> Any:
            async with asked.run_stream_events(QUESTION) as events:
                return [event async for event in events][-1].result

        result = run(ask())
        check(result.all_messages(), calls, result.output, script, base_url, direct)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422, 429, 500, 503])
def test_refusal_has_its_status(status: int, base_url: str, direct: str) -> None:
    with pytest.raises(ModelHTTPError, match="refused by the mock") as raised:
        run(agent(base_url, f"mock-refuse:status={status}")[0].run(QUESTION))
    assert raised.value.status_code == (status if base_url == direct or status != 500 else 502)


@pytest.mark.parametrize("script", ["mock-error-event", "mock-cut", "mock-bad-chunk"])
def test_fatal_error_in_mid_stream(script: str, gateway: str) -> None:
    async def ask() -> None:
        async with agent(gateway, f"{script}:deltas=40")[0].run_stream(QUESTION) as result:
            async for piece in result.stream_text(delta=True, debounce_by=None):
                text.append(piece)

    text: list[str] = []
    with pytest.raises(ModelAPIError):
        run(ask())
    assert "".join(text).startswith("The sky")


def test_cancel_ends_the_upstream_call(gateway: str, gateway_server: Gateway) -> None:
    seen = len(gateway_server.lines)

    async def ask() -> None:
        async with agent(gateway, "mock-endless:interval=5")[0].run_stream(QUESTION) as result:
            async for _ in result.stream_text(delta=True, debounce_by=None):
                reached.set()

    async def cancel() -> None:
        task = asyncio.create_task(ask())
        await reached.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    reached = asyncio.Event()
    run(cancel())
    assert gateway_server.completion(after=seen)["outcome"] == "client_gone"
