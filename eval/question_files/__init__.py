"""Question files in, a QuestionSet out: one format a file, detect.py chooses. May import adapters.formats."""

from crossover.eval.question_files.detect import QuestionFile, read

__all__ = ["QuestionFile", "read"]
