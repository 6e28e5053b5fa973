"""Runs: training in the background, what viewers see of it, and what is kept on disk."""
