"""Checks that anything of a kind can be run against, ours and yours: `check_store`, ..."""
