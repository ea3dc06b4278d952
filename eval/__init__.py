"""Runs in, a verdict out: questions asked over HTTP, paired statistics, one report. May import server and below."""
