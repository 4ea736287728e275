"""The sample organisation: six weeks of a bank with four teams, created by the product's own operations."""
