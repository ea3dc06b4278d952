"""Documents in, passages out: reading, chunking, embedding, storing and searching.

:class:`crossover.indexer.index.Index` is the door for everyone else. Imports nothing of Crossover
but itself.
"""
