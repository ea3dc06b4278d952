"""What `crossover train` was asked for, on its way to the method that does it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from crossover.adapters.data_options import load

if TYPE_CHECKING:
    from crossover.adapters.base_model import BaseModel
    from crossover.adapters.examples import Example
    from crossover.adapters.formats.detect import Format
    from crossover.adapters.registry import AdapterVersion, Registry
    from crossover.adapters.training.options import TrainOptions


@dataclass(frozen=True)
class TrainingRequest:
    """The files and how to train on them.

    Attributes:
        parent: the adapter to go on from.
        files: FILE or FILE:WEIGHT, as they were given.
        form: what the rows of the files are; None: to be seen from them.
        skip_bad: bad rows are set aside instead of ending the command.
        given: the names of the options that stand on the command line.
    """

    registry: Registry
    base: BaseModel
    options: TrainOptions
    parent: AdapterVersion | None
    files: Sequence[str]
    held_out_file: Path | None
    form: Format | None
    skip_bad: bool
    given: frozenset[str]

    @cached_property
    def held_out(self) -> tuple[Example, ...]:
        """Examples of the task that are not trained on."""
        if self.held_out_file is None:
            return ()
        return load(self.held_out_file, self.form, skip_bad=self.skip_bad)[0].examples
