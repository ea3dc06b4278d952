"""An embedding model fine-tuned on questions, the passages that answer them, and passages that only look so."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from crossover.indexer.embedding.loading import document_prompt, has_bfloat16, open_model

_TOKENS = 96  # of a passage, read in training: a third of the time of all 256; both models are judged on whole chunks
_WARM_UP = 0.1


@dataclass(frozen=True, slots=True)
class Triple:
    """A question, what answers it, and a mined passage that does not."""

    anchor: str
    positive: str
    negative: str


@dataclass(frozen=True, slots=True)
class FineTuning:
    """How to train."""

    epochs: int = 1
    batch: int = 32
    learning_rate: float = 2e-5
    seed: int = 0


def fine_tune(triples: Sequence[Triple], model_setting: str | None, how: FineTuning, folder: Path) -> None:
    """Write a fine-tuned copy of the model that the setting names into `folder`.

    Every question is to be nearer to its passage than to all other passages of its batch and their mined
    negatives (multiple negatives ranking loss, Henderson et al. 2017), through the model's own prompts.
    """
    from datasets import Dataset
    from sentence_transformers import SentenceTransformerTrainer, SentenceTransformerTrainingArguments
    from sentence_transformers.base.sampler import BatchSamplers
    from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss

    model = open_model(model_setting)
    longest, model.max_seq_length = model.max_seq_length, min(model.max_seq_length or _TOKENS, _TOKENS)
    model.model_card_data.generate_widget_examples = False  # our card stands beside the weights
    rows = Dataset.from_dict(
        {
            "anchor": [triple.anchor for triple in triples],
            "positive": [triple.positive for triple in triples],
            "negative": [triple.negative for triple in triples],
        }
    )
    query, document = model.prompts.get("query") or "", document_prompt(model)
    steps = max(1, how.epochs * len(triples) // how.batch)
    with tempfile.TemporaryDirectory() as scratch:
        arguments = SentenceTransformerTrainingArguments(
            output_dir=scratch,
            num_train_epochs=how.epochs,
            per_device_train_batch_size=how.batch,
            learning_rate=how.learning_rate,
            warmup_steps=int(_WARM_UP * steps),
            batch_sampler=BatchSamplers.NO_DUPLICATES,  # a repeated passage would be its own negative
            prompts={"anchor": query, "positive": document, "negative": document},
            use_cpu=model.device.type == "cpu",
            bf16=has_bfloat16(model.device),  # weights stay in float32
            seed=how.seed,
            save_strategy="no",
            report_to="none",
            logging_strategy="no",
            disable_tqdm=True,
            dataloader_pin_memory=False,
        )
        SentenceTransformerTrainer(model, arguments, rows, loss=MultipleNegativesRankingLoss(model)).train()
    model.max_seq_length = longest
    model.save(str(folder), create_model_card=False)
