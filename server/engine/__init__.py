"""Generation: one pool to the vLLM servers, and our own vLLM process where there is none. Imports adapters alone."""
