"""Which strategy answers a question when the request leaves that to `auto`.

question, passages, adapter -> extraction -> Features -> router: the fitted policy (estimators, then choice) where there
is one that knows such questions (distribution, drift), else the rules.
"""
