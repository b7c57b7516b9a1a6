"""What may be asked for: criteria, keyword arguments, settings."""
