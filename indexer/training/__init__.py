"""A retriever that learns: the embedding model fine-tuned on questions and the passages that answer them."""
