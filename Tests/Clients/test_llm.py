"""`llm`, as library and as command, with a model of its `extra-openai-models.yaml`. It shows no reasoning."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from answers import QUESTION, SCRIPTS, digest, run, scripted

SHOWN = [script for script in SCRIPTS if script.startswith(("mock-chat", "mock-tool", "mock-terse", "mock-length"))]


@pytest.fixture(autouse=True)
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, base_url: str) -> None:
    monkeypatch.setenv("LLM_USER_PATH", str(tmp_path))
    scripts = [*SHOWN, "mock-refuse:status=404", "mock-cut:deltas=40"]
    # YAML takes JSON.
    entries = [
        {"model_id": f"gateway/{script}", "model_name": script, "api_base": base_url, "supports_tools": True}
        for script in scripts
    ]
    (tmp_path / "extra-openai-models.yaml").write_text(json.dumps(entries))


def tools() -> list[Any]:
    import llm

    def weather(city: str, note: str) -> str:
        return "18 °C"

    def time(zone: str) -> str:
        return "12:00"

    return [llm.Tool.function(weather), llm.Tool.function(time)]


def check(response: Any, calls: list[Any], text: str, script: str, direct: str) -> None:
    answer = scripted(direct, script)
    assert digest(text) == answer.content
    called = [
        {"id": call.tool_call_id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
        for call in calls
    ]
    expected = [
        call | {"function": call["function"] | {"arguments": json.loads(call["function"]["arguments"])}}
        for call in answer.tool_calls
    ]
    assert called == expected


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("script", SHOWN)
def test_answer(script: str, stream: bool, direct: str) -> None:
    import llm

    model = llm.get_model(f"gateway/{script}")
    response = model.prompt(QUESTION, stream=stream, tools=tools() if script.startswith("mock-tool") else [])
    text = "".join(response)
    check(response, response.tool_calls(), text, script, direct)
    assert (response.input_tokens, response.output_tokens) == (31, 1207)


@pytest.mark.parametrize("script", SHOWN)
def test_async_answer(script: str, direct: str) -> None:
    import llm

    async def ask() -> Any:
        model = llm.get_async_model(f"gateway/{script}")
        response = model.prompt(QUESTION, tools=tools() if script.startswith("mock-tool") else [])
        return response, "".join([piece async for piece in response]), await response.tool_calls()

    response, text, calls = run(ask())
    check(response, calls, text, script, direct)


def command(*arguments: str) -> tuple[int, str, str]:
    """The exit status, and what it wrote."""
    executable = Path(sys.executable).parent / "llm"
    ended = subprocess.run([executable, *arguments], capture_output=True, timeout=60, env=dict(os.environ))
    return ended.returncode, ended.stdout.decode(), ended.stderr.decode()


@pytest.mark.parametrize("options", [[], ["--no-stream"]])
def test_command(options: list[str], direct: str) -> None:
    status, output, errors = command("-m", "gateway/mock-chat", "--no-log", *options, QUESTION)
    assert status == 0, errors
    assert digest(output.removesuffix("\n")) == scripted(direct, "mock-chat").content


def test_refusal_and_cut_fail_the_command() -> None:
    status, _, errors = command("-m", "gateway/mock-refuse:status=404", "--no-log", QUESTION)
    assert status != 0 and "refused by the mock" in errors
    status, output, _ = command("-m", "gateway/mock-cut:deltas=40", "--no-log", QUESTION)
    assert status != 0 and "The sky" in output
