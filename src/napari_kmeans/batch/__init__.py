"""Batches: many images, with one palette or one for each; each read in its turn."""
