"""The public names."""

import talan


def test_the_exported_names_are_these():
    assert sorted(talan.__all__) == [
        "Talan",
        "TalanCallback",
        "TalanCheckpointError",
        "TalanConfig",
        "TalanConfigError",
        "TalanDecodingError",
        "TalanError",
        "TalanInputError",
        "TalanInsertionError",
        "TalanTrainingError",
        "Trainability",
        "Writeback",
        "attach",
        "count_parameters",
        "load",
    ]
    assert all(hasattr(talan, name) for name in talan.__all__)
