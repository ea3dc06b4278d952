"""Metrics, one a file: an answer and its question in, a number out. May import questions, and nothing that asks."""
