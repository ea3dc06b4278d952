"""Examples written by a model: from documents, or from a few dozen others; in rounds that a person reviews."""
