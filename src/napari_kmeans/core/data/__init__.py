"""Images and points as samples: feature vectors with weights."""
