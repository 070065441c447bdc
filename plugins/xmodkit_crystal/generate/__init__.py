"""Generate crystals: latents made up, decoded, cleaned, judged, ranked, and written."""
