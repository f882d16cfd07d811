"""Documents that are not HTML, and lists of pages: Office, EPUB, PDF, feeds, sitemaps."""
