import pytest

from workers.errors import SuiteError
from workers.job.recipe import Recipe
from workers.suites import get_suite, resolve_benchmarks

ALL = ("tiny_choice", "tiny_arithmetic", "tiny_algebra", "tiny_code")
PAPER = ("gpqa_diamond", "gsm8k_cot", "minerva_math500", "mbpp")
EVERY = ", ".join([*ALL, *PAPER])


def test_a_suites_name_means_all_of_it():
    suite, names = resolve_benchmarks("tiny")
    assert (suite.name, names) == ("tiny", ALL)


def test_a_list_keeps_the_suites_order():
    suite, names = resolve_benchmarks(["tiny_code", "tiny_choice"])
    assert (suite, names) == (get_suite("tiny"), ("tiny_choice", "tiny_code"))


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (
            "huge",
            "There is no suite 'huge'; allowed: tiny, paper, a folder with suite.yaml",
        ),
        (["tiny_choice", "gpqa"], f"There is no benchmark 'gpqa'; allowed: {EVERY}"),
        ([], f"benchmarks is empty; allowed: {EVERY}"),
        (["tiny_choice", "mbpp"], "benchmarks mixes the suites paper, tiny; use one"),
        (["tiny_code", "tiny_code"], "benchmarks names 'tiny_code' twice; name each one once"),
    ],
)
def test_bad_names_are_refused_by_name(names, sentence):
    with pytest.raises(SuiteError) as caught:
        resolve_benchmarks(names)
    assert str(caught.value) == sentence


def test_the_recipe_is_the_papers_but_for_the_size():
    recipe = get_suite("tiny").recipe
    assert (recipe.max_steps, recipe.batch_size, recipe.num_examples) == (78, 16, 5000)
    assert (recipe.dtype, recipe.gradient_checkpointing) == ("float32", False)


def test_the_papers_suite_is_under_the_papers_recipe():
    suite, names = resolve_benchmarks("paper")
    assert (names, suite.recipe, suite.max_new_tokens) == (PAPER, Recipe(), None)
    assert resolve_benchmarks(["mbpp", "gsm8k_cot"])[1] == ("gsm8k_cot", "mbpp")
