"""How work is run: in threads, lazily, told and within memory. No k-means in here."""
