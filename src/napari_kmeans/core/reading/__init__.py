"""Images become samples, once; samples are fitted, often."""
