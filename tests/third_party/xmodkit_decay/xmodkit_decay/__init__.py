"""Fluorescence decay curves: a plugin of xmodkit in a distribution of its own."""
