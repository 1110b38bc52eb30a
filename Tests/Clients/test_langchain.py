"""LangChain: `ChatOpenAI`, and `ChatDeepSeek`, which shows reasoning too."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import reduce
from operator import add
from typing import Any

import openai
import pytest
from langchain_core.messages import AIMessage, ToolMessage
from langchain_deepseek import ChatDeepSeek
from langchain_openai import ChatOpenAI

from answers import QUESTION, SCRIPTS, TOOLS, Answer, run, scripted, through_gateway
from conftest import Gateway


def chat(name: str, base_url: str, script: str, **options: Any) -> Any:
    options = {"model": script, "api_key": "unused", "timeout": 30, "max_retries": 0, "stream_usage": True} | options
    if script.startswith("mock-logprobs"):
        options |= {"logprobs": True, "top_logprobs": 1}
    model = ChatOpenAI(base_url=base_url, **options) if name == "openai" else ChatDeepSeek(api_base=base_url, **options)
    return model.bind_tools(TOOLS) if script.startswith("mock-tool") else model


def read(message: AIMessage) -> Answer:
    assert not message.invalid_tool_calls
    return Answer(
        content=message.text,
        reasoning=message.additional_kwargs.get("reasoning_content", ""),
        refusal=message.additional_kwargs.get("refusal") or "",
        tool_calls=[(call["id"], call["name"], call["args"]) for call in message.tool_calls],
        finish_reasons=[message.response_metadata["finish_reason"]],
        usage=(message.usage_metadata["input_tokens"], message.usage_metadata["output_tokens"]),
    )


def expected(name: str, base_url: str, direct: str, script: str, stream: bool) -> Answer:
    answer = scripted(direct, script)
    if base_url != direct:
        answer = through_gateway(answer, script, stream)
    calls = [
        (call["id"], call["function"]["name"], json.loads(call["function"]["arguments"])) for call in answer.tool_calls
    ]
    usage = answer.usage["prompt_tokens"], answer.usage["completion_tokens"]
    return replace(
        answer,
        reasoning=answer.reasoning if name == "deepseek" else "",
        # What it does not show.
        refusal="" if stream else answer.refusal,
        tool_calls=calls,
        logprobs=[],
        usage=usage,
        system_fingerprint=None,
        service_tier=None,
    )


@pytest.mark.parametrize("name", ["openai", "deepseek"])
@pytest.mark.parametrize("script", SCRIPTS)
class TestAnswer:
    def test_stream(self, script: str, name: str, base_url: str, direct: str) -> None:
        message = reduce(add, chat(name, base_url, script).stream(QUESTION))
        assert read(message) == expected(name, base_url, direct, script, True)

    def test_async_stream(self, script: str, name: str, base_url: str, direct: str) -> None:
        async def ask() -> list[Any]:
            return [chunk async for chunk in chat(name, base_url, script).astream(QUESTION)]

        assert read(reduce(add, run(ask()))) == expected(name, base_url, direct, script, True)

    def test_whole(self, script: str, name: str, base_url: str, direct: str) -> None:
        assert read(chat(name, base_url, script).invoke(QUESTION)) == expected(name, base_url, direct, script, False)

    def test_async_whole(self, script: str, name: str, base_url: str, direct: str) -> None:
        message = run(chat(name, base_url, script).ainvoke(QUESTION))
        assert read(message) == expected(name, base_url, direct, script, False)


@pytest.mark.parametrize("name", ["openai", "deepseek"])
def test_tool_result_is_sent_back(name: str, base_url: str) -> None:
    model = chat(name, base_url, "mock-tool-reasoning")
    call = model.invoke(QUESTION)
    answer = model.invoke([("user", QUESTION), call, ToolMessage("18 °C", tool_call_id=call.tool_calls[0]["id"])])
    assert answer.text == "It is 18 °C in Paris."


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("status", [400, 401, 403, 404, 422, 429, 500, 503])
def test_refusal_is_the_typed_error(status: int, stream: bool, base_url: str) -> None:
    model = chat("openai", base_url, f"mock-refuse:status={status}")
    with pytest.raises(openai.APIStatusError, match="refused by the mock"):
        list(model.stream(QUESTION)) if stream else model.invoke(QUESTION)


@pytest.mark.parametrize("script", ["mock-error-event", "mock-cut", "mock-bad-chunk"])
def test_fatal_error_in_mid_stream(script: str, gateway: str) -> None:
    text = ""
    with pytest.raises(openai.APIError):
        for chunk in chat("openai", gateway, f"{script}:deltas=40").stream(QUESTION):
            text += chunk.text
    assert text.startswith("The sky")


@pytest.mark.parametrize("stream", [False, True])
def test_timeout_before_the_answer(stream: bool, base_url: str) -> None:
    model = chat("openai", base_url, "mock-silent", timeout=0.5)
    with pytest.raises(openai.APITimeoutError):
        list(model.stream(QUESTION)) if stream else model.invoke(QUESTION)


def test_cancel_ends_the_upstream_call(gateway: str, gateway_server: Gateway) -> None:
    seen = len(gateway_server.lines)
    stream = chat("openai", gateway, "mock-endless:interval=5").stream(QUESTION)
    assert any(chunk.text for chunk in stream)
    stream.close()
    assert gateway_server.completion(after=seen)["outcome"] == "client_gone"
