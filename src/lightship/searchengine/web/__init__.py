"""How answers are presented: pages, facets, text, metrics, status."""
