"""Ratios against raw baselines, measured in one run: ``make bench``. Absolute times mean little on shared machines."""
