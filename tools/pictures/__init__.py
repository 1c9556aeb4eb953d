"""Makes the pictures of docs/images from the running demo: ``python -m tools.pictures``."""
