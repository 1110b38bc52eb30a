"""What a model answered, however a client came by it, and what the mock's script says it is."""

from __future__ import annotations

import asyncio
import hashlib
import json
import urllib.request
from collections.abc import Coroutine, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

QUESTION = "Why is the sky blue?"
MESSAGES = [{"role": "user", "content": QUESTION}]
THOUGHT = "The user asks why the sky is blue. I should explain scattering briefly and name Rayleigh."
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": name,
            "description": f"Tells the {name}.",
            "parameters": {
                "type": "object",
                "properties": {parameter: {"type": "string"} for parameter in parameters},
                "required": parameters[:1],
            },
        },
    }
    for name, parameters in {"weather": ["city", "note"], "time": ["zone"]}.items()
]

# Scripts with an answer to compare, and the reasoning in each.
SCRIPTS = {
    "mock-chat": "",
    "mock-chat:bytes=1": "",
    "mock-chat-reasoning": THOUGHT,
    "mock-chat-lines:bytes=100": "",
    "mock-tool": "",
    "mock-tool:bytes=1": "",
    "mock-tool-pair": "",
    "mock-tool-reasoning": THOUGHT,
    # What is thought after the answer began stands in no summary: the summaries come first.
    "mock-tool-interleaved": "Weather first.",
    "mock-refusal": "",
    "mock-logprobs": "",
    "mock-length": "",
    "mock-content-filter": "",
    "mock-terse": "",
}


# One for all tests: some clients keep their connections beyond a call.
_loop = asyncio.new_event_loop()


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """Waits for a coroutine, at most a minute."""
    return _loop.run_until_complete(asyncio.wait_for(work, 60))


def digest(text: str) -> str:
    """The text, or where it is long its hash and its length in characters."""
    if len(text) <= 200:
        return text
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()} of {len(text)}"


@dataclass
class Answer:
    """Members are None where a client does not show them."""

    content: str = ""
    reasoning: str | None = ""
    refusal: str | None = ""
    tool_calls: list[dict[str, Any]] = field(default_factory=list)
    logprobs: list[dict[str, Any]] | None = field(default_factory=list)
    finish_reasons: list[str] | None = field(default_factory=list)
    usage: dict[str, Any] | None = None
    system_fingerprint: str | None = None
    service_tier: str | None = None

    def __post_init__(self) -> None:
        self.content = digest(self.content)

    def without(self, *names: str) -> Answer:
        """What is left for a client that does not show these."""
        return replace(self, **{name: None for name in names})


def summary(text: str) -> str:
    """What the mock says when it is asked for a summary."""
    return "Summary: " + " ".join(text.split()[:20])


def shown_summaries(script: str) -> list[str]:
    """The two summaries that the gateway puts in front of a script's answer."""
    reasoning = SCRIPTS[script]
    return [summary(f"user: {QUESTION}")] + ([summary(reasoning)] if reasoning else [])


def through_gateway(answer: Answer, script: str, streamed: bool) -> Answer:
    """The same answer with the summaries in place of the reasoning."""
    if answer.reasoning is None:
        return answer
    texts = shown_summaries(script)
    return replace(answer, reasoning="".join(f"{text}\n\n" for text in texts) if streamed else "\n\n".join(texts))


def plain(value: Any) -> Any:
    """JSON without members that are null."""
    if isinstance(value, dict):
        return {key: plain(member) for key, member in value.items() if member is not None}
    return [plain(element) for element in value] if isinstance(value, list) else value


def joined(chunks: Iterable[dict[str, Any]]) -> Answer:
    """Chunks put together member by member. Everything that is not text must come once."""
    content, reasoning, refusal = "", "", ""
    calls: dict[int, dict[str, Any]] = {}
    logprobs: list[dict[str, Any]] = []
    finish_reasons: list[str] = []
    usage: list[dict[str, Any]] = []
    identities: set[tuple[Any, ...]] = set()
    fingerprints: set[Any] = set()
    tiers: set[Any] = set()
    roles = []
    for chunk in map(plain, chunks):
        identities.add((chunk["id"], chunk["object"], chunk["created"], chunk["model"]))
        fingerprints.add(chunk.get("system_fingerprint"))
        tiers.add(chunk.get("service_tier"))
        if chunk.get("usage"):
            usage.append(chunk["usage"])
        for choice in chunk["choices"]:
            assert choice["index"] == 0
            delta = choice.get("delta", {})
            if "role" in delta:
                roles.append(delta["role"])
            content += delta.get("content", "")
            reasoning += delta.get("reasoning_content", "")
            assert not (delta.get("content") and delta.get("reasoning_content"))
            refusal += delta.get("refusal", "")
            logprobs += choice.get("logprobs", {}).get("content", [])
            if choice.get("finish_reason"):
                finish_reasons.append(choice["finish_reason"])
            for call in delta.get("tool_calls", []):
                if call["index"] not in calls:
                    calls[call["index"]] = call
                    continue
                assert set(call) <= {"index", "function", "type"} and set(call["function"]) == {"arguments"}
                calls[call["index"]]["function"]["arguments"] += call["function"]["arguments"]
    assert len(identities) == 1, identities
    assert len(roles) <= 1, roles
    assert len(usage) <= 1, usage
    return Answer(
        content=content,
        reasoning=reasoning,
        refusal=refusal,
        tool_calls=[{key: value for key, value in call.items() if key != "index"} for _, call in sorted(calls.items())],
        logprobs=logprobs,
        finish_reasons=finish_reasons,
        usage=usage[0] if usage else None,
        # The gateway's own chunks may go before the upstream's first.
        system_fingerprint=next(iter(fingerprints - {None}), None),
        service_tier=next(iter(tiers - {None}), None),
    )


def whole(completion: dict[str, Any]) -> Answer:
    """A `chat.completion` object."""
    completion = plain(completion)
    assert completion["object"] == "chat.completion"
    (choice,) = completion["choices"]
    message = choice["message"]
    assert message.get("role", "assistant") == "assistant"
    return Answer(
        content=message.get("content", ""),
        reasoning=message.get("reasoning_content", ""),
        refusal=message.get("refusal", ""),
        tool_calls=message.get("tool_calls", []),
        logprobs=choice.get("logprobs", {}).get("content", []),
        finish_reasons=[choice["finish_reason"]],
        usage=completion.get("usage"),
        system_fingerprint=completion.get("system_fingerprint"),
        service_tier=completion.get("service_tier"),
    )


def request(script: str, stream: bool) -> dict[str, Any]:
    """Members of a request for a script's answer."""
    members: dict[str, Any] = {"model": script, "messages": MESSAGES, "stream": stream}
    if stream:
        members["stream_options"] = {"include_usage": True}
    if script.startswith("mock-tool"):
        members["tools"] = TOOLS
    if script.startswith("mock-logprobs"):
        members |= {"logprobs": True, "top_logprobs": 1}
    return members


def post(base_url: str, body: dict[str, Any]) -> Iterator[bytes]:
    """The lines of a response, read by nothing but the standard library."""
    http = urllib.request.Request(
        f"{base_url}/chat/completions",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(http, timeout=30) as response:
        yield from response


def scripted(direct: str, script: str) -> Answer:
    """What the script itself says: its stream, straight from the mock."""
    data = [line[6:].strip() for line in post(direct, request(script, True)) if line.startswith(b"data: ")]
    assert data.pop() == b"[DONE]"
    return joined(json.loads(item) for item in data)
