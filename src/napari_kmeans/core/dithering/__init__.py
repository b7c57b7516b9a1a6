"""Dithering: few colors, mixed by the eye to those between them."""
