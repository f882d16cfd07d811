"""The measurements that README's figures come from; docs/benchmarks.md says what each does."""
