"""What a person sees: one module per screen, each a pure drawing and what its keys do."""
