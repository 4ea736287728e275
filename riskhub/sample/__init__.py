"""The sample organisation: a bank with four teams, six weeks of it, by the product's own operations."""
