"""Benchmarks and proofs on real engines; each writes its figures to build/bench or build/prove. Imports everything."""
