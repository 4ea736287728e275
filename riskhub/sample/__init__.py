"""The sample organisation: a bank with four teams, six weeks of its rhythm, made by the product's own operations."""
