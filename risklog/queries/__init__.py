"""What pages, API and digests read of the register; one module a noun."""
