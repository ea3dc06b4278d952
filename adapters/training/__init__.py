"""Training methods: examples in, a registered adapter version out. One method per file; may import adapters alone."""
