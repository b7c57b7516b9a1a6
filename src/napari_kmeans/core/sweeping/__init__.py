"""Sweeping: choosing K."""
