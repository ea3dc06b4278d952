"""Trains the reader's tokenizer on the corpus: byte-level BPE, 3,072 entries, digits one by one.

    python -m crossover.adapters.base_model.tokenizer --out build/base_model/tokenizer

Weights fit only the tokenizer they were trained with: give the new folder to `train --tokenizer`, from scratch.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from crossover.adapters.base_model import corpus, frames, words
from crossover.adapters.base_model.draw import Draw
from crossover.adapters.base_model.stages import REFINE, SCRATCH

SPECIAL = ("<|pad|>", "<|bos|>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>")
# A content gets a space in front, so that a word has the same tokens at the start of an answer as inside a passage.
TEMPLATE = (
    "{{ '<|bos|>' }}{% for m in messages %}"
    "{{ '<|' + m['role'] + '|> ' + (m['content'] | trim) + '<|end|>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)


def texts(dialogues: int, seed: int = 0) -> Iterator[str]:
    """The messages of so many dialogues, then the bare words and fixed sentences often enough to become tokens."""
    draw = Draw(seed)
    mixes = [stage.mix for stage in (*SCRATCH, *REFINE)]
    for n in range(dialogues):
        for message in corpus.dialogue(draw, mixes[n % len(mixes)]).messages:
            yield f" {message.content}"
    for word in (*words.ADJECTIVES, *words.NOUNS, *words.COLOURS, *words.MATERIALS):
        yield from (f" {word}", f" {word.capitalize()}") * 60
    for sentence in (*frames.FILLERS, *frames.SYSTEM_MESSAGES):
        yield from (f" {sentence}",) * 100


def train(out: Path, dialogues: int = 24_000, vocabulary: int = 3072) -> None:
    """Writes tokenizer and chat template as a Hugging Face folder."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=list(SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        min_frequency=20,
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts(dialogues), trainer)
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=SPECIAL[0],
        bos_token=SPECIAL[1],
        eos_token=SPECIAL[2],
        additional_special_tokens=list(SPECIAL[3:]),
        model_max_length=2048,
        clean_up_tokenization_spaces=False,
    )
    wrapped.chat_template = TEMPLATE
    wrapped.save_pretrained(out)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(
        prog="python -m crossover.adapters.base_model.tokenizer",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    parser.add_argument("--dialogues", type=int, default=24_000, help="dialogues to learn from")
    a = parser.parse_args(arguments)
    train(a.out, a.dialogues)
    return 0


if __name__ == "__main__":
    sys.exit(main())
