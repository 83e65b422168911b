"""The operations, one module per area of the contract and one function per operation."""
