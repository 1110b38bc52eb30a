"""LiteLLM, as client of an OpenAI-style server and of a vLLM."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from typing import Any

import pytest

# No list of prices from elsewhere.
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
import litellm

from answers import SCRIPTS, Answer, joined, request, run, scripted, through_gateway, whole
from conftest import Gateway

PROVIDERS = pytest.mark.parametrize("provider", ["openai", "hosted_vllm"])
litellm.suppress_debug_info = True


@pytest.fixture
def nothing_left_open() -> Iterator[None]:
    """LiteLLM leaves a stream open that ended in an error; collected within httpcore's lock, it would wait forever."""
    yield
    gc.collect()


LEAVES_OPEN = pytest.mark.usefixtures("nothing_left_open")


def members(base_url: str, provider: str, script: str, stream: bool, **options: Any) -> dict[str, Any]:
    body = request(script, stream)
    body["model"] = f"{provider}/{script}"
    return (
        {"api_base": base_url, "api_key": "unused", "timeout": 30, "num_retries": 0, "max_retries": 0} | body | options
    )


def expected(base_url: str, direct: str, script: str, stream: bool) -> Answer:
    answer = scripted(direct, script)
    return answer if base_url == direct else through_gateway(answer, script, stream)


def cases() -> list[Any]:
    cases = [(provider, script) for provider in ("openai", "hosted_vllm") for script in SCRIPTS]
    # Over plain HTTP, LiteLLM takes Unicode's line ends for lines, and `[DONE]` in a text for the end.
    cases.remove(("hosted_vllm", "mock-chat-lines:bytes=100"))
    return cases


def same(provider: str, answer: Answer, expected: Answer) -> bool:
    hidden = ["refusal"] + ["system_fingerprint"] * (provider == "hosted_vllm")
    assert answer.without(*hidden) == expected.without(*hidden)
    return True


@pytest.mark.parametrize(("provider", "script"), cases())
class TestAnswer:
    def test_stream(self, script: str, provider: str, base_url: str, direct: str) -> None:
        chunks = litellm.completion(**members(base_url, provider, script, True))
        answer = joined(chunk.model_dump() for chunk in chunks)
        assert same(provider, answer, expected(base_url, direct, script, True))

    def test_async_stream(self, script: str, provider: str, base_url: str, direct: str) -> None:
        async def ask() -> list[Any]:
            chunks = await litellm.acompletion(**members(base_url, provider, script, True))
            return [chunk.model_dump() async for chunk in chunks]

        assert same(provider, joined(run(ask())), expected(base_url, direct, script, True))

    def test_whole(self, script: str, provider: str, base_url: str, direct: str) -> None:
        completion = litellm.completion(**members(base_url, provider, script, False))
        assert same(provider, whole(completion.model_dump()), expected(base_url, direct, script, False))

    def test_async_whole(self, script: str, provider: str, base_url: str, direct: str) -> None:
        completion = run(litellm.acompletion(**members(base_url, provider, script, False)))
        assert same(provider, whole(completion.model_dump()), expected(base_url, direct, script, False))


def error_of(base_url: str, provider: str, script: str, stream: bool) -> Exception:
    with pytest.raises(Exception) as raised:
        answer = litellm.completion(**members(base_url, provider, script, stream))
        for _ in answer if stream else []:
            pass
    return raised.value


@PROVIDERS
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("status", [400, 401, 403, 404, 422, 429, 500, 503])
def test_refusal(status: int, stream: bool, provider: str, direct: str, gateway: str) -> None:
    script = f"mock-refuse:status={status}"
    expected = litellm.BadGatewayError if status == 500 else type(error_of(direct, provider, script, stream))
    # Over plain HTTP, LiteLLM gets named events, whose head is sent before the upstream's; the path chooses the other.
    base_url = gateway.replace("/v1", "/openai/v1") if provider == "hosted_vllm" else gateway
    error = error_of(base_url, provider, script, stream)
    assert type(error) is expected
    assert "refused by the mock" in str(error)


@LEAVES_OPEN
@pytest.mark.parametrize("status", [400, 503])
def test_refusal_within_named_events_is_an_error(status: int, gateway: str) -> None:
    error = error_of(gateway, "hosted_vllm", f"mock-refuse:status={status}", True)
    assert isinstance(error, litellm.exceptions.MidStreamFallbackError)
    assert "refused by the mock" in str(error)


@LEAVES_OPEN
@PROVIDERS
@pytest.mark.parametrize("script", ["mock-error-event", "mock-cut", "mock-bad-chunk"])
def test_fatal_error_in_mid_stream(script: str, provider: str, gateway: str) -> None:
    text = ""
    with pytest.raises(litellm.exceptions.MidStreamFallbackError):
        for chunk in litellm.completion(**members(gateway, provider, f"{script}:deltas=40", True)):
            text += chunk.choices[0].delta.content or ""
    assert text.startswith("The sky")


@LEAVES_OPEN
@PROVIDERS
@pytest.mark.parametrize("stream", [False, True])
def test_timeout_before_the_answer(stream: bool, provider: str, base_url: str) -> None:
    # Named events begin before the upstream does.
    with pytest.raises((litellm.Timeout, litellm.exceptions.MidStreamFallbackError), match="(?i)timed out|timeout"):
        for _ in litellm.completion(**members(base_url, provider, "mock-silent", stream, timeout=1)):
            pass


@LEAVES_OPEN
@PROVIDERS
def test_cancel_ends_the_upstream_call(provider: str, gateway: str, gateway_server: Gateway) -> None:
    seen = len(gateway_server.lines)

    async def ask() -> None:
        chunks = await litellm.acompletion(**members(gateway, provider, "mock-endless:interval=5", True))
        async for chunk in chunks:
            if chunk.choices[0].delta.content:
                break
        await chunks.aclose()

    run(ask())
    assert gateway_server.completion(after=seen)["outcome"] == "client_gone"


def test_models(gateway: str) -> None:
    assert "mock-chat" in litellm.get_valid_models(
        check_provider_endpoint=True, custom_llm_provider="openai", api_base=gateway, api_key="unused"
    )
