"""The learning curve: adapters trained on more and more examples, and how many it takes to overtake retrieval.

`fit` is arithmetic on scores; `training` and `driver` make the scores with the same commands as everybody else.
"""
