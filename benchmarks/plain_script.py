"""The weekend script: what one would write for one configuration without this project's service.

PEFT, transformers' Trainer and lm-eval's ``HFLM`` + ``evaluate``, with all of the machine's
threads and the same recipe, data, items and batch sizes.
It is given what would cost it time and has nothing to do with the comparison: our task files, our
TALAN block, and only as many training examples to tokenise as it will visit. Where the study asks
for packed batches, it lets the Trainer group examples by length.

    python benchmarks/plain_script.py STUDY.json '[CONFIGURATION, ...]'

prints the seconds of each configuration.
"""

from __future__ import annotations

import itertools
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any


def run(study: Path, configuration: dict[str, Any], *, seed: int = 42) -> dict[str, float]:
    """Load, train and score one configuration; scores in percent by benchmark."""
    import lm_eval
    import torch
    from datasets import load_dataset
    from lm_eval.models.huggingface import HFLM
    from peft import LoraConfig, get_peft_model
    from transformers import (
        AutoModelForCausalLM,
        AutoTokenizer,
        DataCollatorForSeq2Seq,
        Trainer,
        TrainingArguments,
    )

    from search.study.file import read_study_file
    from search.study.plan import resolve
    from talan import TalanConfig, attach
    from workers.backbones.inspection import inspect_backbone
    from workers.suites.tasks import load_tasks

    audit = resolve(read_study_file(study))
    suite, recipe, spec = audit.suite, audit.recipe, audit.hosts[0].adapter
    source = inspect_backbone(audit.hosts[0].backbone).source
    device = "cuda" if torch.cuda.is_available() else "cpu"
    tokenizer = AutoTokenizer.from_pretrained(source)
    dtype = getattr(torch, recipe.dtype)
    model = AutoModelForCausalLM.from_pretrained(source, dtype=dtype).to(device)
    torch.manual_seed(seed)
    adapter = LoraConfig(
        r=spec["r"],
        lora_alpha=spec["alpha"],
        target_modules=spec["target_modules"],
        task_type="CAUSAL_LM",
    )
    model = get_peft_model(model, adapter)
    talan = attach(model, TalanConfig.from_axes(configuration), seed=seed)

    def tokenise(example: dict[str, Any]) -> dict[str, list[int]]:
        *prompt, answer = example["messages"]
        head = tokenizer.apply_chat_template(prompt, tokenize=False, add_generation_prompt=True)
        prompt_ids = tokenizer(head, add_special_tokens=False)["input_ids"]
        answer_ids = tokenizer(answer["content"] + "<|im_end|>", add_special_tokens=False)
        ids = (prompt_ids + answer_ids["input_ids"])[: recipe.max_length]
        return {"input_ids": ids, "labels": ([-100] * len(prompt_ids) + ids[len(prompt_ids) :])}

    with tempfile.TemporaryDirectory() as folder:
        data = load_dataset("json", data_files=str(suite.train_file), split="train")
        needed = recipe.max_steps * recipe.batch_size * recipe.gradient_accumulation
        data = data.shuffle(seed=seed).select(range(min(needed, len(data))))
        data = data.map(tokenise, remove_columns=data.column_names)
        trainer = Trainer(
            model=model,
            args=TrainingArguments(
                output_dir=folder,
                max_steps=recipe.max_steps,
                per_device_train_batch_size=recipe.batch_size,
                gradient_accumulation_steps=recipe.gradient_accumulation,
                learning_rate=recipe.learning_rate,
                weight_decay=recipe.weight_decay,
                warmup_steps=round(recipe.max_steps * recipe.warmup_ratio),
                lr_scheduler_type=recipe.lr_scheduler,
                max_grad_norm=recipe.max_grad_norm,
                bf16=recipe.dtype == "bfloat16",
                gradient_checkpointing=recipe.gradient_checkpointing,
                gradient_checkpointing_kwargs={"use_reentrant": False},
                seed=seed,
                train_sampling_strategy=(
                    "group_by_length" if recipe.batching == "packed" else "random"
                ),
                save_strategy="no",
                report_to="none",
                disable_tqdm=True,
            ),
            train_dataset=data,
            data_collator=DataCollatorForSeq2Seq(tokenizer),
            callbacks=[talan.trainer_callback()],
        )
        trainer.train()
    results = lm_eval.evaluate(
        HFLM(pretrained=model, tokenizer=tokenizer, batch_size=recipe.eval_batch_size),
        {"tasks": load_tasks(suite, audit.benchmarks), "groups": {}, "group_map": {}},
        apply_chat_template=True,
        bootstrap_iters=0,
        log_samples=False,
        confirm_run_unsafe_code=True,
    )
    return {
        name: 100 * next(value for key, value in scores.items() if "," in key)  # metric,filter
        for name, scores in results["results"].items()
    }


def main() -> None:
    """Run each configuration given and print when each was over."""
    ends = [time.monotonic()]
    for configuration in json.loads(sys.argv[2]):
        print("scores", run(Path(sys.argv[1]), configuration), file=sys.stderr)
        ends.append(time.monotonic())
    print(json.dumps([b - a for a, b in itertools.pairwise(ends)]))


if __name__ == "__main__":
    main()
