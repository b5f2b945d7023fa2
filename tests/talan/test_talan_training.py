"""Training under transformers' Trainer: schedules, gradient scale, and the null intervention."""

import copy

import pytest
import torch
from peft import LoraConfig, get_peft_model
from tiny_talan_models import make_adapted, make_backbone, make_config
from transformers import Trainer, TrainerCallback, TrainingArguments

from talan import TalanCheckpointError, TalanTrainingError, Trainability, Writeback, attach, load

LR = 0.05


class Rows(torch.utils.data.Dataset):
    """Sixteen short rows of tokens, some padded on the right."""

    def __init__(self):
        generator = torch.Generator().manual_seed(1)
        self.rows = torch.randint(2, 50, (16, 8), generator=generator)
        self.lengths = torch.randint(4, 9, (16,), generator=generator)

    def __len__(self):
        return 16

    def __getitem__(self, index):
        mask = (torch.arange(8) < self.lengths[index]).long()
        labels = torch.where(mask.bool(), self.rows[index], -100)
        return {"input_ids": self.rows[index] * mask, "attention_mask": mask, "labels": labels}


class Watch(TrainerCallback):
    """Copies TALAN's weights and gradients around every optimizer step."""

    def __init__(self, talan):
        self.talan, self.weights, self.norms = talan, [], []

    def on_step_begin(self, *_, **__):
        self.weights.append(copy.deepcopy(self.talan.block.state_dict()))

    def on_pre_optimizer_step(self, *_, model, **__):
        grads = {n: p.grad for n, p in self.talan.block.named_parameters() if p.grad is not None}
        self.norms.append({n: g.norm().item() for n, g in grads.items()})
        adapter = [p.grad for n, p in model.named_parameters() if "lora" in n]
        self.adapter_norm = torch.stack([g.norm() for g in adapter]).norm().item()

    def on_train_end(self, *_, **__):
        self.weights.append(copy.deepcopy(self.talan.block.state_dict()))


def train(model, talan, folder, *, steps=4, watch=None, resume=None, **options):
    """Train and return the trainer; the watch comes before TALAN's callback."""
    values = {
        "output_dir": str(folder),
        "max_steps": steps,
        "per_device_train_batch_size": 4,
        "learning_rate": LR,
        "use_cpu": True,
        "report_to": "none",
        "disable_tqdm": True,
        "logging_steps": 1,
        "save_strategy": "no",
        "seed": 5,
        "lr_scheduler_type": "constant",
    }
    args = TrainingArguments(**{**values, **options})
    callbacks = [c for c in (watch, talan and talan.trainer_callback()) if c is not None]
    trainer = Trainer(model, args, train_dataset=Rows(), eval_dataset=Rows(), callbacks=callbacks)
    trainer.train(resume_from_checkpoint=resume)
    return trainer


def losses(trainer):
    return [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]


def changed(before, after):
    return {name for name, value in after.items() if not torch.equal(value, before[name])}


@pytest.mark.parametrize(
    "part",
    [
        {"mixer": "multihead_local"},
        {"mixer": "gated_cross_attn", "writeback": Writeback("gate", "scalar", 0.0)},
        {"trainability": Trainability("all", train_until=2, warmup_identity=2)},
    ],
)
def test_the_null_intervention_is_the_baseline_bit_for_bit(architecture, part, tmp_path, ids):
    results = []
    for null in (False, True):
        model, talan = make_adapted(architecture, dropout=0.2), None
        if null:
            silent = {
                "writeback": Writeback("gate", "vector", 0.0),
                "trainability": Trainability("frozen"),
            }
            config = make_config(**silent | part)
            assert config.is_null_intervention
            talan = attach(model, config, seed=3)
        trainer = train(model, talan, tmp_path, weight_decay=0.1)
        adapter = {n: p for n, p in model.named_parameters() if "lora" in n}
        new = model.eval().generate(input_ids=ids, max_new_tokens=8, do_sample=False)
        results.append((losses(trainer), adapter, new))
    (base_losses, base_adapter, base_new), (null_losses, null_adapter, null_new) = results
    assert null_losses == base_losses
    assert base_adapter.keys() == null_adapter.keys()
    assert all(torch.equal(p, null_adapter[n]) for n, p in base_adapter.items())
    assert torch.equal(null_new, base_new)


@pytest.mark.parametrize(
    ("alpha", "trainability"),
    [
        (0.0, Trainability("all")),
        (0.0, Trainability("writeback")),
        (0.0, Trainability("remix_writeback")),
        (0.0, Trainability("all", train_until=3, warmup_identity=2)),
        (0.008, Trainability("frozen")),
    ],
)
def test_what_can_leave_the_identity_is_no_null_intervention(alpha, trainability, tmp_path):
    """One trained step of alpha 0 is enough, and so is an alpha that nothing trains."""
    model = make_adapted()
    config = make_config(writeback=Writeback("gate", "vector", alpha), trainability=trainability)
    assert not config.is_null_intervention
    talan = attach(model, config, seed=3)
    train(model, talan, tmp_path, steps=4)
    assert talan.block.writeback.gate_vector.any()


def test_attaching_leaves_the_adapter_and_every_random_draw_alone():
    bare = make_adapted()
    before = torch.get_rng_state()
    attach(bare, make_config())
    assert torch.equal(torch.get_rng_state(), before)
    plain = make_adapted().state_dict()
    assert all(torch.equal(value, bare.state_dict()[name]) for name, value in plain.items())


PARTS = {
    "all": {"summarizer", "mixer", "writeback"},
    "remix_writeback": {"mixer", "writeback"},
    "writeback": {"writeback"},
    "frozen": set(),
}


@pytest.mark.parametrize("scope", PARTS)
def test_the_scope_decides_what_moves(scope, tmp_path):
    model = make_adapted()
    talan = attach(model, make_config(trainability=Trainability(scope)))
    watch = Watch(talan)
    train(model, talan, tmp_path, steps=2, watch=watch)
    moved = changed(watch.weights[0], watch.weights[-1])
    assert {name.split(".")[0] for name in moved} == PARTS[scope]
    assert set(watch.norms[0]) == {n for n in watch.weights[0] if n.split(".")[0] in PARTS[scope]}


def test_the_gradient_scale_is_applied_after_clipping_and_right_before_the_step(tmp_path):
    """With SGD at rate 1 a step is the gradient: clipped to 0.01 over all, then scaled by 500."""
    model = make_adapted()
    talan = attach(model, make_config(gradient_scale=500))
    watch = Watch(talan)
    options = {"optim": "sgd", "learning_rate": 1.0, "max_grad_norm": 0.01}
    train(model, talan, tmp_path, steps=1, watch=watch, **options)
    before, after = watch.weights
    clipped = watch.norms[0]
    total = sum(norm**2 for norm in clipped.values()) + watch.adapter_norm**2
    assert total**0.5 == pytest.approx(0.01, rel=1e-3)
    for name, norm in clipped.items():
        factor = 1 if name.startswith("writeback.") else 500
        step = (after[name] - before[name]).norm().item()
        assert step == pytest.approx(factor * norm, rel=1e-3, abs=1e-7), name


def test_no_gradient_scale_is_a_scale_of_one(tmp_path):
    results = []
    for scale in (None, 1, 1.0):
        model = make_adapted()
        talan = attach(model, make_config(gradient_scale=scale))
        train(model, talan, tmp_path, steps=2)
        results.append(talan.block.state_dict())
    assert not changed(results[0], results[1])
    assert not changed(results[0], results[2])


def test_training_stops_for_good_at_train_until(tmp_path):
    """Momentum and weight decay would go on moving parameters that only lost their gradient."""
    model = make_adapted()
    config = make_config(trainability=Trainability("all", train_until=2), gradient_scale=7)
    talan = attach(model, config)
    watch = Watch(talan)
    accumulate = {"gradient_accumulation_steps": 2, "per_device_train_batch_size": 2}
    train(model, talan, tmp_path, steps=4, watch=watch, weight_decay=0.5, **accumulate)
    assert changed(watch.weights[0], watch.weights[1])
    assert changed(watch.weights[1], watch.weights[2])
    assert not changed(watch.weights[2], watch.weights[3])
    assert not changed(watch.weights[3], watch.weights[4])
    assert [bool(norms) for norms in watch.norms] == [True, True, False, False]


def test_warmup_is_the_identity_in_training_only(tmp_path, ids):
    base = make_adapted()
    plain = train(base, None, tmp_path, steps=2, weight_decay=0.5)
    model = make_adapted()
    talan = attach(model, make_config(trainability=Trainability("all", warmup_identity=2)))
    with torch.no_grad():
        inference = model.eval()(ids).logits
    watch = Watch(talan)
    trainer = train(model, talan, tmp_path, steps=3, watch=watch, weight_decay=0.5)
    assert losses(trainer)[:2] == losses(plain)
    assert not changed(watch.weights[0], watch.weights[2])
    assert changed(watch.weights[2], watch.weights[3])
    with torch.no_grad(), talan.disabled():
        assert not torch.allclose(make_adapted()(ids).logits, inference)


def test_frozen_talan_still_acts_in_training(tmp_path):
    plain = train(make_adapted(), None, tmp_path, steps=1)
    model = make_adapted()
    talan = attach(model, make_config(trainability=Trainability("frozen")))
    assert losses(train(model, talan, tmp_path, steps=1)) != losses(plain)


@pytest.mark.parametrize("scope", ["sequence", "prefix"])
@pytest.mark.parametrize("layer", [0, 1])
@pytest.mark.parametrize("use_reentrant", [False, True])
def test_gradient_checkpointing_gives_the_same_gradients(
    architecture, layer, scope, use_reentrant, ids
):
    def gradients(checkpointing):
        model = make_adapted(architecture).train()
        if checkpointing:
            model.enable_input_require_grads()
            model.gradient_checkpointing_enable({"use_reentrant": use_reentrant})
        talan = attach(model, make_config(layer=layer, summary_scope=scope))
        model(input_ids=ids, labels=ids, use_cache=False).loss.backward()
        wanted = [p for n, p in model.named_parameters() if "lora" in n]
        return [p.grad for p in [*wanted, *talan.block.parameters()]]

    for plain, recomputed in zip(gradients(False), gradients(True), strict=True):
        torch.testing.assert_close(recomputed, plain, rtol=1e-5, atol=1e-7)


def test_bf16_autocast_training_runs_under_trainer(tmp_path):
    model = make_adapted()
    talan = attach(model, make_config(gradient_scale=500))
    before = copy.deepcopy(talan.block.state_dict())
    trainer = train(model, talan, tmp_path, steps=2, bf16=True)
    assert all(torch.isfinite(torch.tensor(losses(trainer))))
    assert changed(before, talan.block.state_dict())


@pytest.mark.parametrize("adapted", [True, False])
def test_a_resumed_run_ends_like_one_that_was_never_stopped(adapted, tmp_path):
    def make():
        model = make_adapted() if adapted else make_backbone()
        schedule = Trainability("all", train_until=4, warmup_identity=1)
        return model, attach(model, make_config(trainability=schedule, gradient_scale=3))

    options = {"save_strategy": "steps", "save_steps": 3}
    model, talan = make()
    trainer = train(model, talan, tmp_path / "whole", steps=6, **options)
    checkpoint = tmp_path / "whole" / "checkpoint-3"
    assert (checkpoint / "talan.safetensors").is_file()

    model, again = make()
    resumed = train(model, again, tmp_path / "whole", steps=6, resume=str(checkpoint), **options)
    assert losses(resumed) == losses(trainer)
    assert not changed(talan.block.state_dict(), again.block.state_dict())


def test_the_best_checkpoint_is_put_back_with_talans_weights(tmp_path):
    model = make_adapted()
    talan = attach(model, make_config())
    options = {
        "eval_strategy": "steps",
        "eval_steps": 1,
        "save_strategy": "steps",
        "save_steps": 1,
        "load_best_model_at_end": True,
        "metric_for_best_model": "loss",
    }
    for prefer_high in (False, True):
        folder = tmp_path / str(prefer_high)
        trainer = train(model, talan, folder, steps=3, greater_is_better=prefer_high, **options)
        saved = load(make_backbone(), trainer.state.best_model_checkpoint).block.state_dict()
        assert not changed(saved, talan.block.state_dict())


def test_resuming_without_talans_weights_is_refused(tmp_path):
    model = make_adapted()
    talan = attach(model, make_config())
    train(model, talan, tmp_path, steps=1, save_strategy="steps", save_steps=1)
    checkpoint = tmp_path / "checkpoint-1"
    for name in ("talan.safetensors", "talan_config.json"):
        (checkpoint / name).rename(tmp_path / name)
    model = make_adapted()
    talan = attach(model, make_config())
    with pytest.raises(TalanCheckpointError, match="resumes at step 1"):
        train(model, talan, tmp_path, steps=2, resume=str(checkpoint))
    model = make_adapted()
    talan = load(model, tmp_path, trainable=True)
    resumed = train(model, talan, tmp_path, steps=2, resume=str(checkpoint))
    assert resumed.state.global_step == 2


def test_a_loop_of_ones_own_follows_the_schedules(ids):
    """Gradients that are left over must not move a block that is frozen from this step on."""
    model = make_adapted().train()
    schedule = Trainability("all", train_until=1, warmup_identity=1)
    talan = attach(model, make_config(trainability=schedule, gradient_scale=10))
    talan.begin_step(0)
    assert torch.equal(model(ids).logits, make_adapted().train()(ids).logits)
    talan.begin_step(1)
    acting = model(ids).logits
    assert not torch.allclose(acting, make_adapted().train()(ids).logits)
    assert not any(p.requires_grad for p in talan.block.parameters())

    other = make_adapted().train()
    config = make_config(trainability=Trainability("all", train_until=1), gradient_scale=10)
    talan = attach(other, config)
    other(input_ids=ids, labels=ids).loss.backward()
    before = {n: p.grad.clone() for n, p in talan.block.named_parameters()}
    talan.scale_gradients()
    for name, parameter in talan.block.named_parameters():
        factor = 1 if name.startswith("writeback.") else 10
        torch.testing.assert_close(parameter.grad, before[name] * factor)
    talan.begin_step(1)
    assert all(p.grad is None for p in talan.block.parameters())


def test_a_lost_gradient_scale_is_an_error(ids):
    model = make_adapted().train()
    talan = attach(model, make_config(gradient_scale=500))
    model(input_ids=ids, labels=ids).loss.backward()
    talan.scale_gradients()
    for parameter in talan.block.parameters():
        parameter.grad = None
    with pytest.raises(TalanTrainingError, match=r"gradient_scale is 500\.0"):
        talan.scale_gradients()


def test_a_block_attached_before_the_adapter_can_be_enabled_again():
    model = make_backbone()
    talan = attach(model, make_config())
    get_peft_model(model, LoraConfig(r=2, target_modules=["q_proj"]))
    assert not any(p.requires_grad for p in talan.block.parameters())
    talan.begin_step(0)
    assert all(p.requires_grad for p in talan.block.parameters())


def test_what_acts_after_the_forward_pass_leaves_the_first_loss_alone(tmp_path):
    """One block, drawn once: runs that differ in gamma, scope or schedule begin together."""
    variants = [
        {},
        {"gradient_scale": 500},
        {"trainability": Trainability("writeback")},
        {"trainability": Trainability("remix_writeback", train_until=1)},
    ]
    found = []
    for variant in variants:
        model = make_adapted(dropout=0.2)
        talan = attach(model, make_config(**variant), seed=3)
        found.append(losses(train(model, talan, tmp_path, steps=3)))
    assert len({first for first, *_ in found}) == 1
    assert len({last for *_, last in found}) == len(variants)


class RateTrainer(Trainer):
    """Moves gamma from gradients to learning rates, before there is a scheduler."""

    talan = None

    def create_optimizer(self, model=None):
        optimizer = super().create_optimizer(model)
        if self.talan is not None:
            self.talan.scale_learning_rates(optimizer)
        return optimizer


def displacements(tmp_path, *, gamma, by_rate, steps=1):
    """How far each of the block's tensors moves under AdamW."""
    model = make_adapted()
    talan = attach(model, make_config(gradient_scale=gamma), seed=3)
    watch = Watch(talan)
    args = TrainingArguments(
        str(tmp_path),
        max_steps=steps,
        per_device_train_batch_size=4,
        learning_rate=1e-5,
        use_cpu=True,
        report_to="none",
        disable_tqdm=True,
        lr_scheduler_type="constant",
        save_strategy="no",
        seed=5,
    )
    schedules = talan.trainer_callback(scales_gradients=not by_rate)
    trainer = RateTrainer(model, args, train_dataset=Rows(), callbacks=[watch, schedules])
    trainer.talan = talan if by_rate else None
    trainer.train()
    before, after = watch.weights[0], watch.weights[-1]
    return {name: (after[name] - before[name]).double().norm().item() for name in before}


def test_gamma_on_the_learning_rate_moves_what_it_scales_gamma_times_as_far(tmp_path):
    """AdamW's first step has the length of the learning rate, whatever the gradient's."""
    one, many = (displacements(tmp_path, gamma=g, by_rate=True) for g in (1, 500))
    assert one == displacements(tmp_path, gamma=1, by_rate=False)
    moved = [name for name, step in one.items() if step > 1e-6]
    assert len(moved) > 6
    for name in moved:
        factor = 1 if name.startswith("writeback.") else 500
        assert many[name] == pytest.approx(factor * one[name], rel=0.02), name


def test_gamma_on_the_gradient_is_divided_out_by_adamw(tmp_path):
    """What is left of it is Adam's eps, where a gradient is as small as that."""
    one, some, more = (
        displacements(tmp_path, gamma=g, by_rate=False, steps=3) for g in (1, 500, 1000)
    )
    for first, second, close in ((one, some, 0.05), (some, more, 0.001)):
        total = [sum(step**2 for step in found.values()) ** 0.5 for found in (first, second)]
        assert total[0] == pytest.approx(total[1], rel=close)


def test_groups_of_an_optimizer_keep_what_else_they_say():
    model = make_adapted()
    talan = attach(model, make_config(gradient_scale=10), seed=3)
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(
        [{"params": trained[:9], "weight_decay": 0.3}, {"params": trained[9:]}], lr=0.1
    )
    talan.scale_learning_rates(optimizer)
    assert sum(len(group["params"]) for group in optimizer.param_groups) == len(trained)
    scaled = {id(p) for n, p in talan.block.named_parameters() if not n.startswith("writeback.")}
    for group in optimizer.param_groups:
        inside = {id(p) in scaled for p in group["params"]}
        assert group["lr"] == pytest.approx(1.0 if inside == {True} else 0.1)
        assert len(inside) <= 1
    assert {group["weight_decay"] for group in optimizer.param_groups} == {0.3, 0.01}
