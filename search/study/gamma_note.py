"""What a gradient scale does under AdamW, said where a study has several.

Owns: the sentence, and when it is due. AdamW divides each gradient by the root of its second
moment, and a constant factor with it (Kingma and Ba, 2015, https://arxiv.org/abs/1412.6980,
section 2.1): gamma 1 against 500 changed the displacement by 0.6%, 500 against 1000 by nothing; it
acts only where a gradient is near Adam's eps. Does not cover: where gamma acts (the recipe).
"""

from __future__ import annotations

from search.study.keys import StudyFile

GAMMA_NOTE = (
    "gradient_scale has several values: AdamW divides a constant factor of the gradient out again, "
    "so that they hardly differ (1 against 500: 0.6% of the displacement; 500 against 1000: none); "
    "with training.gamma_acts_on: learning_rate gamma acts where it is not divided out"
)


def gamma_note(file: StudyFile) -> str | None:
    """The sentence, where the study has several gradient scales that act on the gradient."""
    if file.training.get("gamma_acts_on", "gradient") != "gradient":
        return None
    return GAMMA_NOTE if len(_scales(file)) > 1 else None


def _scales(file: StudyFile) -> set[float]:
    if file.configurations is None:
        return set(file.spans.gradient_scale)
    return {float(listed.point()["gradient_scale"]) for listed in file.configurations}
