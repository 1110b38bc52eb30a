"""The README's examples do what they promise, with nothing but the base URL replaced."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from answers import QUESTION, THOUGHT, summary
from conftest import ROOT

FENCES = re.findall(r"^```(\w+)\n(.*?)^```$", (ROOT / "README.md").read_text(), re.DOTALL | re.MULTILINE)
# Of a shell's example what asks the gateway; starting it is the fixture's part.
EXAMPLES = [
    (language, code[code.index("curl ") :] if language == "sh" else code)
    for language, code in FENCES
    if language == "python" or language == "sh" and "curl " in code
]
ANSWER = "The sky is blue because air scatters"


def test_there_are_examples() -> None:
    assert len([code for language, code in EXAMPLES if language == "python"]) >= 4
    assert len([code for language, code in EXAMPLES if language == "sh"]) >= 2


@pytest.mark.parametrize(("language", "code"), EXAMPLES, ids=[code.split("\n")[0][:40] for _, code in EXAMPLES])
def test_example(language: str, code: str, gateway: str) -> None:
    assert "http://localhost:8000/v1" in code
    code = code.replace("http://localhost:8000/v1", gateway)
    command = [sys.executable, "-c", code] if language == "python" else ["bash", "-euo", "pipefail", "-c", code]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OPENAI_")}
    ended = subprocess.run(command, capture_output=True, timeout=60, env=environment)
    assert ended.returncode == 0, ended.stderr.decode()
    output = ended.stdout.decode()
    shown = [summary(f"user: {QUESTION}"), summary(THOUGHT), ANSWER]
    places = [output.find(text) for text in shown]
    assert -1 not in places and places == sorted(places), output
