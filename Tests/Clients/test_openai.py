"""OpenAI's SDK."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import cache
from typing import Any

import openai
import pytest
from openai import AsyncOpenAI, OpenAI

from answers import MESSAGES, SCRIPTS, joined, request, run, scripted, through_gateway, whole
from conftest import Gateway


@cache
def client(base_url: str, **options: Any) -> OpenAI:
    return OpenAI(base_url=base_url, api_key="unused", **{"timeout": 30, "max_retries": 0} | options)


def async_client(base_url: str, **options: Any) -> AsyncOpenAI:
    return AsyncOpenAI(base_url=base_url, api_key="unused", **{"timeout": 30, "max_retries": 0} | options)


# Versions before 1.97.2 read no named events, which is why the SDK is given others.
FORMATS = ["openai"] if tuple(map(int, openai.__version__.split("."))) < (1, 97, 2) else ["openai", "unified"]


@pytest.fixture(params=["direct", "gateway", *FORMATS])
def side(request: pytest.FixtureRequest, direct: str, gateway: str) -> str:
    """The mock, the gateway, and the gateway with a format chosen by the path."""
    urls = {"direct": direct, "gateway": gateway}
    return urls.get(request.param) or gateway.replace("/v1", f"/{request.param}/v1")


def expected(direct: str, side: str, script: str, streamed: bool) -> Any:
    answer = scripted(direct, script)
    return answer if side == direct else through_gateway(answer, script, streamed)


@pytest.mark.parametrize("script", SCRIPTS)
class TestAnswer:
    def test_stream(self, script: str, side: str, direct: str) -> None:
        chunks = client(side).chat.completions.create(**request(script, True))
        assert joined(chunk.model_dump() for chunk in chunks) == expected(direct, side, script, True)

    def test_async_stream(self, script: str, side: str, direct: str) -> None:
        async def ask() -> list[Any]:
            async with async_client(side) as client:
                return [
                    chunk.model_dump() async for chunk in await client.chat.completions.create(**request(script, True))
                ]

        assert joined(run(ask())) == expected(direct, side, script, True)

    def test_whole(self, script: str, side: str, direct: str) -> None:
        completion = client(side).chat.completions.create(**request(script, False))
        assert whole(completion.model_dump()) == expected(direct, side, script, False)

    def test_async_whole(self, script: str, side: str, direct: str) -> None:
        async def ask() -> Any:
            async with async_client(side) as client:
                return await client.chat.completions.create(**request(script, False))

        assert whole(run(ask()).model_dump()) == expected(direct, side, script, False)

    def test_accumulated_by_the_sdk(self, script: str, side: str, direct: str) -> None:
        sdk = client(side)
        completions = sdk.chat.completions if hasattr(sdk.chat.completions, "stream") else sdk.beta.chat.completions
        members = request(script, True)
        del members["stream"]
        with completions.stream(**members) as stream:
            try:
                final = stream.get_final_completion()
            except (openai.LengthFinishReasonError, openai.ContentFilterFinishReasonError):
                assert script in ("mock-length", "mock-content-filter")
                return
        assert script not in ("mock-length", "mock-content-filter")
        # The SDK looks for the tier in the first chunk alone, which may be the gateway's.
        answer = replace(whole(final.model_dump()), service_tier=None)
        for call in answer.tool_calls:
            call.pop("index", None)
            call["function"].pop("parsed_arguments", None)
        assert answer == replace(expected(direct, side, script, True), service_tier=None)


def test_usage_is_told_only_to_who_asked(base_url: str) -> None:
    chunks = list(client(base_url).chat.completions.create(model="mock-chat", messages=MESSAGES, stream=True))
    assert chunks[-1].choices and all(chunk.choices for chunk in chunks)


def test_models(direct: str, gateway: str) -> None:
    direct_list = [model.model_dump() for model in client(direct).models.list()]
    assert [model.model_dump() for model in client(gateway).models.list()] == direct_list
    assert {"id": "mock-chat", "object": "model", "created": 1700000000, "owned_by": "mock"}.items() <= client(
        gateway
    ).models.retrieve("mock-chat").model_dump().items()
    with pytest.raises(openai.NotFoundError):
        client(gateway).models.retrieve("no-such-model")


def test_tool_result_is_sent_back(base_url: str) -> None:
    sdk = client(base_url)
    members = request("mock-tool-reasoning", False)
    message = sdk.chat.completions.create(**members).choices[0].message
    result = {"role": "tool", "tool_call_id": message.tool_calls[0].id, "content": "18 °C"}
    # With all that was given, reasoning too.
    members["messages"] = [*MESSAGES, message.model_dump(exclude_none=True), result]
    answer = sdk.chat.completions.create(**members).choices[0].message
    assert answer.content == "It is 18 °C in Paris." and not answer.tool_calls


ERRORS = {
    400: openai.BadRequestError,
    401: openai.AuthenticationError,
    403: openai.PermissionDeniedError,
    404: openai.NotFoundError,
    422: openai.UnprocessableEntityError,
    429: openai.RateLimitError,
    500: openai.InternalServerError,
    503: openai.InternalServerError,
}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("status", ERRORS)
def test_refusal_is_the_typed_error(status: int, stream: bool, base_url: str, direct: str) -> None:
    with pytest.raises(openai.APIStatusError) as raised:
        client(base_url).chat.completions.create(model=f"mock-refuse:status={status}", messages=MESSAGES, stream=stream)
    assert type(raised.value) is ERRORS[status]
    assert "refused by the mock" in str(raised.value)
    # That the upstream fails is the gateway's 502.
    assert raised.value.status_code == (status if base_url == direct or status != 500 else 502)


def test_rate_limit_is_tried_again(base_url: str) -> None:
    # Other names than any other test's, and for each side: the mock refuses the first attempt of a name.
    script = f"mock-503:times=1,retry-after=0,side={base_url.rpartition(':')[2].partition('/')[0]},{openai.__version__}"
    chunks = client(base_url, max_retries=2).chat.completions.create(model=script, messages=MESSAGES, stream=True)
    assert "Rayleigh" in "".join(chunk.choices[0].delta.content or "" for chunk in chunks)


def test_bad_request_of_its_own(gateway: str) -> None:
    with pytest.raises(openai.BadRequestError) as raised:
        client(gateway).chat.completions.create(model="mock-chat", messages=MESSAGES, n=2)
    assert raised.value.code == "unsupported_parameter"


@pytest.mark.parametrize("script", ["mock-error-event", "mock-cut", "mock-bad-chunk"])
def test_fatal_error_in_mid_stream(script: str, gateway: str, direct: str) -> None:
    text = ""
    with pytest.raises(openai.APIError) as raised:
        stream = client(gateway).chat.completions.create(model=f"{script}:deltas=40", messages=MESSAGES, stream=True)
        for chunk in stream:
            text += chunk.choices[0].delta.content or ""
    assert not isinstance(raised.value, openai.APIStatusError)
    assert raised.value.code
    received = ""
    try:
        for chunk in client(direct).chat.completions.create(
            model=f"{script}:deltas=40", messages=MESSAGES, stream=True
        ):
            received += chunk.choices[0].delta.content or ""
    except Exception:
        pass
    # All that came before it was given, none of it twice.
    assert text and text == received.partition("<final>")[2]


@pytest.mark.parametrize("stream", [False, True])
def test_timeout_before_the_answer(stream: bool, base_url: str) -> None:
    with pytest.raises(openai.APITimeoutError):
        client(base_url, timeout=0.5).chat.completions.create(model="mock-silent", messages=MESSAGES, stream=stream)


def test_timeout_in_mid_stream(direct: str, gateway: str) -> None:
    raised = []
    for base_url in (direct, gateway):
        with pytest.raises(Exception) as error:
            for _ in client(base_url, timeout=3).chat.completions.create(
                model="mock-hang", messages=MESSAGES, stream=True
            ):
                pass
        raised.append(error.type)
    assert raised[0] is raised[1] and "Timeout" in raised[0].__name__


def test_cancel_ends_the_upstream_call(gateway: str, gateway_server: Gateway) -> None:
    seen = len(gateway_server.lines)
    with client(gateway).chat.completions.create(
        model="mock-endless:interval=5", messages=MESSAGES, stream=True
    ) as stream:
        for chunk in stream:
            if chunk.choices[0].delta.content:
                break
    assert gateway_server.completion(after=seen)["outcome"] == "client_gone"


def test_cancelled_task_ends_the_upstream_call(gateway: str, gateway_server: Gateway) -> None:
    seen = len(gateway_server.lines)

    async def ask() -> None:
        async with async_client(gateway) as client:
            async for _ in await client.chat.completions.create(
                model="mock-endless:interval=5", messages=MESSAGES, stream=True
            ):
                reached.set()

    async def cancel() -> None:
        task = asyncio.create_task(ask())
        await asyncio.wait_for(reached.wait(), 30)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    reached = asyncio.Event()
    run(cancel())
    assert gateway_server.completion(after=seen)["outcome"] == "client_gone"
