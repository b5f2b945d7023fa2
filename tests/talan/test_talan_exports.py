"""The public names."""

import talan


def test_the_exported_names_are_these():
    assert sorted(talan.__all__) == [
        "Rows",
        "Sham",
        "Talan",
        "TalanCallback",
        "TalanCheckpointError",
        "TalanConfig",
        "TalanConfigError",
        "TalanDecodingError",
        "TalanError",
        "TalanInputError",
        "TalanInsertionError",
        "TalanModelForCausalLM",
        "TalanTrainingError",
        "Trainability",
        "Writeback",
        "attach",
        "attach_sham",
        "carry_rows",
        "count_parameters",
        "first_tokens_stand_alone",
        "from_pretrained",
        "keep_proposed",
        "load",
        "load_sham",
        "perturbation_norm",
        "propose_next",
    ]
    assert all(hasattr(talan, name) for name in talan.__all__)
