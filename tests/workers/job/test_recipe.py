import pytest

from workers.errors import RecipeError, WorkerError
from workers.job.recipe import Recipe

HASH_BEFORE = "5447231635661c4f9f5e511f76d24b7e11e308234f7b21264647ddc344f0d091"


def test_the_defaults_are_the_papers():
    recipe = Recipe()
    assert (recipe.max_steps, recipe.batch_size * recipe.gradient_accumulation) == (78, 64)
    assert (recipe.learning_rate, recipe.warmup_ratio, recipe.weight_decay) == (2e-4, 0.1, 0.0)
    assert (recipe.dtype, recipe.gradient_checkpointing, recipe.max_grad_norm) == (
        "bfloat16",
        True,
        1.0,
    )


def test_replace_changes_only_what_is_named():
    changed = Recipe().replace(max_steps=5, learning_rate=1)
    assert (changed.max_steps, changed.learning_rate) == (5, 1.0)
    assert changed.replace(max_steps=78, learning_rate=2e-4) == Recipe()


def test_the_hash_names_the_values_and_nothing_else():
    assert Recipe().hash == Recipe().replace(weight_decay=0).hash
    assert Recipe().hash != Recipe().replace(weight_decay=0.02).hash
    assert len(Recipe().hash) == 64


def test_an_unknown_key_is_named_with_the_allowed_ones():
    with pytest.raises(RecipeError, match=r"no key 'lr'; allowed: max_steps, .*learning_rate"):
        Recipe().replace(lr=1e-3)
    assert issubclass(RecipeError, WorkerError)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("max_steps", 0),
        ("max_steps", True),
        ("max_steps", 7.5),
        ("batch_size", "16"),
        ("learning_rate", 0),
        ("learning_rate", float("nan")),
        ("learning_rate", float("inf")),
        ("warmup_ratio", 1.5),
        ("max_grad_norm", -1),
        ("lr_scheduler", "cosin"),
        ("dtype", "fp32"),
        ("gamma_acts_on", "rate"),
        ("gradient_checkpointing", 1),
    ],
)
def test_a_bad_value_is_refused_by_name(key, value):
    with pytest.raises(RecipeError) as caught:
        Recipe().replace(**{key: value})
    assert f"training.{key} is {value!r}; allowed: " in str(caught.value)


def test_recorded_hashes_stay_what_they_are():
    """The default recipe's, from before `generation` and the automatic batch size."""
    recipe = Recipe()
    assert recipe.generation == "auto"
    assert recipe.hash == HASH_BEFORE
    assert Recipe(generation="continuous").hash not in (
        HASH_BEFORE,
        Recipe(generation="static").hash,
    )
    assert Recipe(eval_batch_size="auto").hash != HASH_BEFORE


@pytest.mark.parametrize("value", [0, -1, True, 2.0, "some", None])
def test_the_batch_size_is_a_number_or_automatic(value):
    with pytest.raises(RecipeError, match="allowed: a whole number from 1, or 'auto'"):
        Recipe(eval_batch_size=value)


def test_static_batches_need_a_number():
    with pytest.raises(RecipeError, match="generation 'static'; allowed:"):
        Recipe(eval_batch_size="auto", generation="static")
    with pytest.raises(RecipeError, match="generation is 'paged'; allowed: one of auto, "):
        Recipe(generation="paged")
