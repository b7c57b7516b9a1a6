"""Despeckling: small components go to their neighbors."""
