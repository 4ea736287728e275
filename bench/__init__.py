"""Benchmarks: ratios to reference implementations (yardsticks) that are measured in the same run."""
