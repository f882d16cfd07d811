"""What must hold of every running system, asked of it from outside: it is told nothing but addresses."""
