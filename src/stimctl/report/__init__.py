"""One session as a page: from its record to a model, to plots, to HTML. Pure functions only."""
