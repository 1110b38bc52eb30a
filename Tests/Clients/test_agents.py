"""OpenAI's agents, over chat completions."""

from __future__ import annotations

from typing import Any

import openai
import pytest
from agents import Agent, OpenAIChatCompletionsModel, Runner, function_tool, set_tracing_disabled
from openai import AsyncOpenAI

from answers import QUESTION, SCRIPTS, digest, run, scripted, shown_summaries
from conftest import Gateway

set_tracing_disabled(True)
SHOWN = [script for script in SCRIPTS if script.startswith(("mock-chat", "mock-tool", "mock-terse"))]


def agent(base_url: str, script: str) -> Agent:
    client = AsyncOpenAI(base_url=base_url, api_key="unused", timeout=30, max_retries=0)

    @function_tool
    def weather(city: str, note: str) -> str:
        return "18 °C"

    @function_tool
    def time(zone: str) -> str:
        return "12:00"

    tools: list[Any] = [weather, time] if script.startswith("mock-tool") else []
    return Agent(name="Asked", model=OpenAIChatCompletionsModel(model=script, openai_client=client), tools=tools)


def check(result: Any, script: str, base_url: str, direct: str) -> None:
    first = result.raw_responses[0].output
    answer = scripted(direct, script)
    text = "".join(part.text for item in first if item.type == "message" for part in item.content)
    assert digest(text) == answer.content
    thoughts = "".join(part.text for item in first if item.type == "reasoning" for part in item.summary)
    assert thoughts.strip() == (answer.reasoning if base_url == direct else "\n\n".join(shown_summaries(script)))
    called = [
        {"id": item.call_id, "type": "function", "function": {"name": item.name, "arguments": item.arguments}}
        for item in first
        if item.type == "function_call"
    ]
    assert called == answer.tool_calls
    assert digest(result.final_output) == ("It is 18 °C in Paris." if called else answer.content)


@pytest.mark.parametrize("script", SHOWN)
class TestAnswer:
    def test_whole(self, script: str, base_url: str, direct: str) -> None:
        check(run(Runner.run(agent(base_url, script), QUESTION)), script, base_url, direct)

    def test_stream(self, script: str, base_url: str, direct: str) -> None:
        async def ask() -> Any:
            result = Runner.run_streamed(agent(base_url, script), QUESTION)
            kinds = [event.data.type async for event in result.stream_events() if event.type == "raw_response_event"]
            assert kinds.count("response.created") == kinds.count("response.completed") == len(result.raw_responses)
            return result

        check(run(ask()), script, base_url, direct)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422, 429, 500, 503])
def test_refusal_is_the_typed_error(status: int, base_url: str) -> None:
    with pytest.raises(openai.APIStatusError, match="refused by the mock"):
        run(Runner.run(agent(base_url, f"mock-refuse:status={status}"), QUESTION))


@pytest.mark.parametrize("script", ["mock-error-event", "mock-cut", "mock-bad-chunk"])
def test_fatal_error_in_mid_stream(script: str, gateway: str) -> None:
    async def ask() -> None:
        async for event in Runner.run_streamed(agent(gateway, f"{script}:deltas=40"), QUESTION).stream_events():
            if event.type == "raw_response_event" and event.data.type == "response.output_text.delta":
                text.append(event.data.delta)

    text: list[str] = []
    with pytest.raises(openai.APIError):
        run(ask())
    assert "".join(text).startswith("The sky")


def test_cancel_ends_the_upstream_call(gateway: str, gateway_server: Gateway) -> None:
    seen = len(gateway_server.lines)

    async def ask() -> None:
        result = Runner.run_streamed(agent(gateway, "mock-endless:interval=5"), QUESTION)
        async for event in result.stream_events():
            if event.type == "raw_response_event" and event.data.type == "response.output_text.delta":
                break
        result.cancel()

    run(ask())
    assert gateway_server.completion(after=seen)["outcome"] == "client_gone"
