"""Code: a response's function, run with the item's tests in the sandbox (pass@1).

Owns the extraction and the program that is run. Does not cover isolation or limits
(`workers.sandbox`). One sandbox per process is started when first needed and kept until
`close_sandbox` or the end of the process.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from workers.sandbox import Sandbox
from workers.suites.scoring.verdict import INVALID, Scored

# A fence may lack its end: generation stops at a number of tokens.
_FENCED = re.compile(r"```(?:[A-Za-z]\w*)?[ \t]*\n(.*?)(?:```|\Z)", re.DOTALL)


def score_program(response: str, item: Mapping[str, Any]) -> Scored:
    """Run the response's code with `item["tests"]`; correct is when every test passes."""
    code = extract_code(response)
    is_correct = code != INVALID and _passes(assemble(code, item["tests"]))
    return Scored(code, is_correct)


def extract_code(response: str) -> str:
    """Return the code that a response settles on, or `INVALID` where that is blank.

    The first fenced block, else everything. What stands before the end of a model's reasoning
    (`</think>`) or before MBPP's own opening mark is left out (our choice: the harness keeps it,
    where a chat model's code would never run).
    """
    answer = response.rpartition("</think>")[2]
    fenced = _FENCED.search(answer)
    code = fenced.group(1) if fenced else answer.rpartition("[BEGIN]")[2].partition("[DONE]")[0]
    return code if code.strip() else INVALID


def assemble(code: str, tests: Sequence[str]) -> str:
    """Return the program to run: the code, then its tests."""
    return "\n".join([code, "", *tests, ""])


def _passes(program: str) -> bool:
    return _sandbox().run(program).passed


def close_sandbox() -> None:
    """Stop the shared sandbox, if one runs; the next score starts another."""
    while _running:
        _running.pop().__exit__(None, None, None)


_running: list[Sandbox] = []


def _sandbox() -> Sandbox:
    if not _running:
        _running.append(Sandbox().__enter__())
    return _running[0]
