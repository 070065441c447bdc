"""Files of crystal structures, and what is refused of them."""
