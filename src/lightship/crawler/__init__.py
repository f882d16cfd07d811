"""The crawler: fetches and extracts pages, and appends Changes to the document log. It knows nothing of indexes."""
