"""How other pages, programs and agents use a searchengine: a page that shows it, and the forms that some of them ask for."""
