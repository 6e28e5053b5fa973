"""What leaves the app: a script that stands alone, samples, metrics, settings, films."""
