"""Question in, answer with sources out: the HTTP server and the root of the command line.

May import crossover.indexer and crossover.adapters, never crossover.eval.
"""
