"""Preference pairs: a better and a worse answer to one question, read, made from sampled answers, and written."""
