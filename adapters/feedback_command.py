"""`crossover data from-feedback`: corrected answers become examples."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from crossover.adapters.data_options import Json, tell_warnings

EPILOG = "Example: [b]crossover data from-feedback -o corrected.jsonl[/b]"


def from_feedback(
    ctx: typer.Context,
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write, as JSON Lines in UTF-8.")],
    newest: Annotated[bool, typer.Option("--newest", help="Of contradicting corrections keep the newest.")] = False,
    as_pairs: Annotated[
        bool, typer.Option("--pairs", help="Write preference pairs: the correction before what was answered.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Turn the corrections of POST /v1/feedback into examples; what is left out is named with the reason.

    An answer that was corrected twice gives one example, as do equal corrections of one question; where corrections of
    one question contradict each other, none is taken. Keys, personal data and answers that are none are warned about.
    """
    from crossover.adapters.corrections import correct, remarks
    from crossover.adapters.durable import replace_text
    from crossover.adapters.examples import DataSet
    from crossover.adapters.feedback import FOLDER, read_feedback
    from crossover.adapters.preferences.pair import of_correction

    home = ctx.obj.settings.home
    lines, broken = read_feedback(home)
    made = correct(lines, newest=newest)
    left_out = [*broken, *made.left_out]
    examples = [replace(example, line=number) for number, (_, example) in enumerate(made.kept, start=1)]
    tell_warnings(left_out)
    if not examples:
        found = f"{len(lines)} answers have feedback, none a correction to learn" if lines else "there is none yet"
        raise RuntimeError(f"{home / FOLDER}: {found}: POST /v1/feedback takes them")
    data = DataSet(output.stem, tuple(examples))
    pairs = [of_correction(example, line.feedback.answer) for line, example in made.kept]
    warnings = remarks(str(output), data.examples, ("prompt", "chosen" if as_pairs else "completion"))
    output.parent.mkdir(parents=True, exist_ok=True)
    replace_text(output, "".join(pair.to_json() + "\n" for pair in pairs) if as_pairs else data.to_jsonl())
    tell_warnings(warnings)
    reasons = Counter(each.code for each in left_out)
    if as_json:
        document = {"file": str(output), "rows": len(examples), "rated_alone": made.rated, "left_out": reasons}
        findings = [str(each) for each in (*left_out, *warnings)]
        typer.echo(json.dumps(document | {"findings": findings}, ensure_ascii=False))
    else:
        told = ", ".join(f"{count} {code}" for code, count in reasons.items()) or "none"
        typer.echo(f"{output}: {len(examples)} {'pairs' if as_pairs else 'examples'}; left out: {told}; "
                   f"{made.rated} answers were rated alone")  # fmt: skip
