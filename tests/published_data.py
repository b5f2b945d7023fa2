"""Small data sets in the columns that the paper's benchmarks are published in; own sentences."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

GPQA = [
    {
        "Record ID": "rec001",
        "Question": "A lamp draws 2 amperes at 12 volts for one hour. How much energy is that?",
        "Correct Answer": " 86.4 kJ ",
        "Incorrect Answer 1": "24 kJ",
        "Incorrect Answer 2": "43.2 kJ",
        "Incorrect Answer 3": "6 kJ",
        "Subdomain": "Physics",
    },
    {
        "Record ID": "rec002",
        "Question": "Which of these salts colours a flame green when it is heated in it?",
        "Correct Answer": "barium  chloride",
        "Incorrect Answer 1": "sodium chloride",
        "Incorrect Answer 2": "lithium chloride",
        "Incorrect Answer 3": "strontium chloride",
        "Subdomain": "Chemistry",
    },
]
GSM8K = [
    {
        "question": "A gardener plants 7 rows of 13 tulips and 9 loose ones. How many tulips?",
        "answer": "7 rows hold 7*13=<<7*13=91>>91 tulips.\nWith 9 more there are 100.\n#### 100",
    },
    {
        "question": "A tram sells 1,250 tickets on each of 4 days. How many tickets is that?",
        "answer": "It sells 4*1250=<<4*1250=5000>>5000 tickets.\n#### 5,000",
    },
    {
        "question": "Nora owes 30 coins, pays back 12 and borrows 5 again. What does she owe?",
        "answer": "30-12+5=<<30-12+5=23>>23 coins.\n#### 23",
    },
]
MATH = [
    {
        "problem": "What is the sum of one third and one sixth, as a common fraction?",
        "solution": "We have $\\frac13 + \\frac16 = \\frac36 = \\boxed{\\frac{1}{2}}$.",
        "answer": "\\frac{1}{2}",
        "subject": "Prealgebra",
        "level": 1,
        "unique_id": "test/prealgebra/1.json",
    },
    {
        "problem": "Expand the product $(x+1)(x-4)$ of two factors.",
        "solution": "Term by term, $(x+1)(x-4) = \\boxed{x^2-3x-4}$.",
        "answer": "x^2-3x-4",
        "subject": "Algebra",
        "level": 2,
        "unique_id": "test/algebra/2.json",
    },
]
MBPP = [
    {
        "task_id": 11,
        "text": "Write a function to count the even numbers of a list.",
        "code": "def count_even(xs):\r\n  return sum(x % 2 == 0 for x in xs)",
        "test_list": [
            "assert count_even([1, 2, 4]) == 2",
            "assert count_even([]) == 0",
            "assert count_even([3]) == 0",
        ],
        "test_setup_code": "",
        "challenge_test_list": [],
    },
    {
        "task_id": 12,
        "text": "Write a function to join the first letters of some words.",
        "code": "def initials(words):\r\n  return ''.join(w[0] for w in words)",
        "test_list": [
            "assert initials(['ab', 'cd']) == 'ac'",
            "assert initials([]) == ''",
            "assert initials(['x']) == 'x'",
        ],
        "test_setup_code": "",
        "challenge_test_list": [],
    },
    {
        "task_id": 700,  # of the training split
        "text": "Write a function to double a number.",
        "code": "def double(x):\r\n  return 2 * x",
        "test_list": ["assert double(1) == 2", "assert double(0) == 0", "assert double(3) == 6"],
        "test_setup_code": "",
        "challenge_test_list": [],
    },
]
NUM_ITEMS = {"gpqa_diamond": 2, "gsm8k_cot": 3, "minerva_math500": 2, "mbpp": 2}


def write_published(folder: Path) -> dict[str, Path]:
    """The four data sets as files, each in the format that it is published in."""
    files = {
        "gpqa_diamond": folder / "gpqa_diamond.csv",
        "gsm8k_cot": folder / "gsm8k.parquet",
        "minerva_math500": folder / "math500.jsonl",
        "mbpp": folder / "mbpp.json",
    }
    write_csv(files["gpqa_diamond"], GPQA)
    pq.write_table(pa.Table.from_pylist(GSM8K), files["gsm8k_cot"])
    write_lines(files["minerva_math500"], MATH)
    files["mbpp"].write_text(json.dumps(MBPP))
    return files


def write_csv(path: Path, rows: list[dict[str, Any]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def write_lines(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
