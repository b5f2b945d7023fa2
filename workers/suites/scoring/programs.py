"""Code: a response's function, run with the item's tests in the sandbox (pass@1).

Owns the extraction and the program that is run. Does not cover isolation or limits
(`workers.sandbox`). One sandbox per process and limit is started when first needed and kept until
`close_sandbox` or the end of the process.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from workers.sandbox import Limits, Sandbox
from workers.suites.scoring.verdict import INVALID, Scored

# At a line's beginning a fence may be indented, longer, of tildes, and say more than a language;
# within a line it says a language at most, or code in passing would open a block. A fence may lack
# its end: generation stops at a number of tokens.
_FENCED = re.compile(
    r"^(?P<indent>[ \t]*)(?P<fence>`{3,}|~{3,})[^\n`]*\n(?P<block>.*?)(?:(?P=fence)|\Z)"
    r"|```(?:[A-Za-z][\w.+-]*)?[ \t]*\r?\n(?P<inline>.*?)(?:```|\Z)",
    re.DOTALL | re.MULTILINE,
)


def score_program(response: str, item: Mapping[str, Any], *, cpu_s: int = Limits.cpu_s) -> Scored:
    """Run the response's code with `item["tests"]`; correct is when every test passes.

    A program that runs out of processor time is run once more.

    Args:
        response: What the model wrote.
        item: It has `tests`.
        cpu_s: Seconds of processor time for the program with its tests.
    """
    code = extract_code(response)
    if code == INVALID:
        return Scored(code, False)
    sandbox, program = _sandbox(cpu_s), assemble(code, item["tests"])
    verdict = sandbox.run(program)
    if verdict.reason == "timeout":
        verdict = sandbox.run(program)
    return Scored(code, verdict.passed, timed_out=verdict.reason == "timeout")


def extract_code(response: str) -> str:
    """Return the code that a response settles on, or `INVALID` where that is blank.

    The first fenced block, else everything. What stands before the end of a model's reasoning
    (`</think>`) or before MBPP's own opening mark is left out (our choice: the harness keeps it,
    where a chat model's code would never run).
    """
    answer = response.rpartition("</think>")[2]
    fenced = _FENCED.search(answer)
    code = _block(fenced) if fenced else answer.rpartition("[BEGIN]")[2].partition("[DONE]")[0]
    return code if code.strip() else INVALID


def _block(fenced: re.Match[str]) -> str:
    """What stands in a fence, without the white space that the fence itself is indented by."""
    if fenced["block"] is None:
        return fenced["inline"]
    indent = len(fenced["indent"])
    return re.sub(rf"(?m)^[ \t]{{1,{indent}}}", "", fenced["block"]) if indent else fenced["block"]


def assemble(code: str, tests: Sequence[str]) -> str:
    """Return the program to run: the code, then its tests."""
    return "\n".join([code, "", *tests, ""])


def close_sandbox() -> None:
    """Stop the shared sandboxes, if any run; the next score starts another."""
    while _running:
        _running.popitem()[1].close()


_running: dict[int, Sandbox] = {}  # by processor time


def _sandbox(cpu_s: int) -> Sandbox:
    if cpu_s not in _running:
        _running[cpu_s] = Sandbox(Limits.of_cpu(cpu_s))
    return _running[cpu_s]
