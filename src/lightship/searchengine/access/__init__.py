"""Who may ask a searchengine for what."""
