"""The training step: what is computed, apart from who keeps the state."""
