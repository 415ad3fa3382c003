"""What the writers document says over HTTP, in its words: for its scheduler and for those who watch over it."""
