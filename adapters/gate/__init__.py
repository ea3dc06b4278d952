"""The gate: may a version answer for its name?

    questions.py  what is asked      evaluate.py  ask, score, decide      decision.py  scores in, verdict out

May import the registry and the base model's generator. Who asks (the engine) and who compares (the statistics) are
handed in.
"""
