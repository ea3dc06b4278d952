"""Automatic slices, one a file, for question sets that name none: what is known of the questions in, a label a question
out. May import questions, metrics, adapters and indexer, and nothing that asks or reports."""
