"""K-means itself: the search, settling, refinement, and exact sums."""
