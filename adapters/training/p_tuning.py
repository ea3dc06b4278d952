"""P-tuning: a small encoder learns virtual tokens, which stand in front of every prompt; the model stays as it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from peft import PeftModel
from safetensors.torch import load_file, save_file

from crossover.adapters.training.trainer import RowTrainer

# PEFT keeps of the encoder what it says in the end; going on needs the encoder itself.
_ENCODER = "prompt_encoder.safetensors"


class VirtualTokenTrainer(RowTrainer):
    """RowTrainer for a model whose PEFT part is a prompt encoder."""

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.virtual_tokens = self.model.active_peft_config.num_virtual_tokens

    def _save(self, output_dir: str | None = None, state_dict: dict[str, Any] | None = None) -> None:
        super()._save(output_dir, state_dict)
        save_file(_encoder(self.model).state_dict(), Path(output_dir or self.args.output_dir) / _ENCODER)

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        _encoder(self.model if model is None else model).load_state_dict(
            load_file(Path(resume_from_checkpoint) / _ENCODER)
        )

    def _load_best_model(self) -> None:
        self._load_from_checkpoint(str(self.state.best_model_checkpoint))


def _encoder(model: PeftModel) -> Any:
    return model.prompt_encoder[model.active_adapter]
