"""Swatches: named colors, in the files of the graphics world."""
