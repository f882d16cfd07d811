"""What is added to answers: permission for pages of other origins, validators for caches, compression."""
