"""ragas' own way through a data set: `ragas.evaluate` with the metrics that our report shows."""

from __future__ import annotations

from crossover.eval.metrics.ragas_metrics import ANSWER_METRICS, Embed, Sample, dataset, metrics_for
from crossover.eval.run_log import sources_of
from crossover.eval.scoring import Evaluation


def ragas_loop(evaluation: Evaluation, embed: Embed) -> None:
    """Scores every arm's answers; context metrics only where an arm retrieves."""
    from ragas import evaluate

    for run in evaluation.runs:
        samples = []
        for question, row in zip(evaluation.questions, run.rows, strict=True):
            texts = tuple(str(source["text"]) for source in sources_of(row))
            documents = tuple(str(source["document"]) for source in sources_of(row)) or None
            samples.append(Sample(question, str(row["answer"]), texts, documents))
        asked = dataset(samples)
        metrics = metrics_for(embed, [asked])
        chosen = [m for name, m in metrics.items() if name in ANSWER_METRICS or samples[0].documents]
        evaluate(asked, metrics=chosen, show_progress=False, raise_exceptions=True)
