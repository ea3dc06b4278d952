"""When to train an adapter again: what has changed since its training, what another would bring, and what it costs."""
