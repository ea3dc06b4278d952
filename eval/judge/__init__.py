"""A language model as a judge: answers in, ragas' judged metrics out, and how far the judge can be trusted. May import
questions, metrics and scoring, and nothing that reports."""
