"""Pictures of crystals: cards of every route, previews, and what was generated."""
