"""Exporters of trained graphs."""
