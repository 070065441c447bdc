"""Readers of atomic structures, shared by every pair that predicts from them."""
