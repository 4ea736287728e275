"""The erasure of a person who left: what names them is replaced, and what remains is listed."""
