"""A model with its adapter and its intervention, as one object that PEFT's users know.

Owns: putting a model folder on a base model that is in memory, every tensor accounted for, and
saving and pushing both together again. Does not cover: finding and loading the base model
(`talan.pretrained`), the folder's format (`talan.model_folder`).
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from huggingface_hub import CommitInfo, HfApi
from peft import PeftConfig, PeftModelForCausalLM, get_peft_model_state_dict
from safetensors import SafetensorError, safe_open
from torch import nn

from talan.errors import TalanCheckpointError, TalanError, first_line
from talan.interventions import Intervention, loader_of
from talan.model_card import saved_card
from talan.model_folder import (
    ADAPTER_WEIGHTS,
    CHAT_TEMPLATE,
    MODEL_CARD,
    ModelFolder,
    changed_files,
    finish_folder,
)


class TalanModelForCausalLM(PeftModelForCausalLM):  # type: ignore[misc]
    """PEFT's model with an intervention; `put_on` and `talan.from_pretrained` make one.

    Attributes:
        intervention: what sits on the model besides the adapter; None for the adapter alone.
        folder: the model folder that it came from.
    """

    intervention: Intervention | None = None
    folder: ModelFolder | None = None

    def save_pretrained(self, save_directory: str | Path, **settings: object) -> None:
        """Write adapter, intervention and model card into one folder.

        Args:
            save_directory: where to; made if it is missing.
            settings: as PEFT takes them.

        Raises:
            TalanCheckpointError: the folder cannot be written.
        """
        target, folder = Path(save_directory), self._origin()
        with tempfile.TemporaryDirectory() as scratch:
            own = Path(scratch)
            try:
                super().save_pretrained(str(own), **settings)
            except (OSError, SafetensorError) as error:
                raise TalanCheckpointError(f"{target} cannot be written: {error}") from error
            if self.intervention is not None:
                self.intervention.save(own)
            finish_folder(
                own, intervention=folder.intervention, base=folder.base, dtype=folder.dtype
            )
            _carry_texts(folder.path, own)
            _move_into(own, target)

    def push_to_hub(
        self,
        repo_id: str,
        *,
        commit_message: str = "Upload adapter and TALAN block",
        private: bool | None = None,
        token: str | bool | None = None,
        revision: str | None = None,
        create_pr: bool = False,
    ) -> CommitInfo:
        """Upload what `save_pretrained` writes, the model card included.

        Args:
            repo_id: as `owner/name`; made if it is missing.
            commit_message: of the commit.
            private: whether a new repository is private.
            token: as huggingface_hub takes it.
            revision: the branch to push to.
            create_pr: open a pull request instead of committing to the branch.
        """
        api = HfApi(token=token)
        repo_id = api.create_repo(repo_id, private=private, exist_ok=True).repo_id
        with tempfile.TemporaryDirectory() as folder:
            self.save_pretrained(folder)
            return api.upload_folder(
                repo_id=repo_id,
                folder_path=folder,
                commit_message=commit_message,
                revision=revision,
                create_pr=create_pr,
            )

    @contextmanager
    def disable_adapter(self) -> Iterator[None]:
        """Within this context the model is its base: without adapter and without intervention."""
        disabled = getattr(self.intervention, "disabled", nullcontext)
        with super().disable_adapter(), disabled():
            yield

    def _origin(self) -> ModelFolder:
        if self.folder is None:
            raise TalanCheckpointError("This model came from no folder: make it with put_on.")
        return self.folder


def put_on(
    model: nn.Module, folder: ModelFolder, *, trainable: bool = False
) -> TalanModelForCausalLM:
    """Put adapter and intervention of a folder on the base model that they were trained on.

    Args:
        model: the base model, nothing attached; changed in place.
        folder: from `read_model_folder`.
        trainable: train them further; else they are frozen and the model is in eval mode.

    Raises:
        TalanCheckpointError: a tensor is missing or unknown, or of another base model's shape; the
            base model is then as it was.
    """
    stored, loader = _stored_tensors(folder.path), loader_of(folder.intervention)
    adapted = _with_adapter(model, folder, trainable=trainable)
    try:
        expected = set(get_peft_model_state_dict(adapted, save_embedding_layers=False))
        if wrong := sorted(stored ^ expected):
            raise TalanCheckpointError(
                f"{folder.path}: the adapter's tensor {wrong[0]!r} is missing or unknown."
            )
        adapted.intervention = loader(adapted, folder.path, trainable=trainable)
    except TalanError as error:
        adapted.base_model.unload()
        raise TalanCheckpointError(str(error)) from error
    adapted.folder = folder
    return adapted


def _with_adapter(
    model: nn.Module, folder: ModelFolder, *, trainable: bool
) -> TalanModelForCausalLM:
    adapted = None
    try:
        config = PeftConfig.from_peft_type(**folder.adapter_config)
        config.inference_mode = not trainable
        adapted = TalanModelForCausalLM(model, config)
        adapted.load_adapter(str(folder.path), "default", is_trainable=trainable)
    except (ValueError, RuntimeError, KeyError, TypeError) as error:
        if adapted is not None:
            adapted.base_model.unload()
        raise TalanCheckpointError(
            f"{folder.path} does not fit this base model: {first_line(error)}"
        ) from error
    return adapted if trainable else adapted.eval()


def _stored_tensors(folder: Path) -> set[str]:
    """Names of the adapter's tensors; also checks that the file can be read."""
    try:
        with safe_open(str(folder / ADAPTER_WEIGHTS), framework="pt") as file:
            return set(file.keys())
    except (OSError, SafetensorError) as error:
        raise TalanCheckpointError(
            f"{folder / ADAPTER_WEIGHTS} cannot be read: {first_line(error)}"
        ) from error


def _carry_texts(source: Path, target: Path) -> None:
    """The chat template and the model card of the folder that the model came from.

    PEFT's own card knows nothing of the intervention, and is replaced. A card whose numbers are of
    other weights says so.
    """
    (target / MODEL_CARD).unlink(missing_ok=True)
    if (source / CHAT_TEMPLATE).is_file():
        shutil.copyfile(source / CHAT_TEMPLATE, target / CHAT_TEMPLATE)
    if (source / MODEL_CARD).is_file():
        card = (source / MODEL_CARD).read_text(encoding="utf-8")
        text = saved_card(card, is_changed=bool(changed_files(source, target)))
        (target / MODEL_CARD).write_text(text, encoding="utf-8")


def _move_into(source: Path, target: Path) -> None:
    try:
        shutil.copytree(source, target, dirs_exist_ok=True)
    except OSError as error:
        raise TalanCheckpointError(f"{target} cannot be written: {error}") from error
