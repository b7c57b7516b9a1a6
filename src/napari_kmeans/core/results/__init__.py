"""What comes out: clusters with labels, tables and positions."""
