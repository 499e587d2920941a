"""Ratios against raw baselines, measured in the same run: ``make bench``. Absolute times mean little on shared machines."""
