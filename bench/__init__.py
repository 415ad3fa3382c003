"""The benchmark: each figure measured beside a reference, in turns, on a durable PostgreSQL. Begin with the README."""
