"""What there is to say about a library, a path or a query, without a mount."""
