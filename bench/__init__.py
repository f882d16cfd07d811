"""The measurements; docs/benchmarks.md has the figures, and what each benchmark does."""
