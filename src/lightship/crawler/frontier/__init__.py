"""What is known of pages, and what is decided about them."""
