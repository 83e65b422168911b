"""Request bodies: what each operation takes, checked field by field against the contract; one module per area."""
