"""An optional second look: a cross-encoder reads the question and each of the best passages together."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder

RERANKED = 30  # passages that are read; k where more are asked for
_BATCH = 16


class Reranker:
    """A cross-encoder of sentence-transformers by hub id or path, loaded at first use; safe in many threads."""

    def __init__(self, model: str) -> None:
        self.name = model
        self._busy = threading.Lock()

    def scores(self, query: str, texts: Sequence[str]) -> list[float]:
        """How well each text answers the question, 0 to 1; comparable for one question, not calibrated.

        Raises:
            ValueError: the model cannot be loaded, or gives more than one number for a pair.
        """
        if not texts:
            return []
        with self._busy:
            found = self._model.predict([(query, text) for text in texts], batch_size=_BATCH, show_progress_bar=False)
        return [float(score) for score in found]

    @cached_property
    def _model(self) -> CrossEncoder:
        import torch
        from sentence_transformers import CrossEncoder

        try:
            model = CrossEncoder(self.name, activation_fn=torch.nn.Sigmoid())
        except (OSError, ValueError) as error:
            reason = str(error).strip().splitlines()[0]
            raise ValueError(f"CROSSOVER_RERANKER={self.name}: cannot be loaded ({reason})") from error
        if model.num_labels != 1:
            raise ValueError(
                f"CROSSOVER_RERANKER={self.name}: gives {model.num_labels} numbers for a pair, not one; "
                "choose a cross-encoder for ranking"
            )
        return model
