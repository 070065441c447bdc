"""Chemistry of crystals: cleaning, validity, duplicates, symmetry, and what is written of them."""
