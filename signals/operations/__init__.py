"""What can be done with signals. Locks are taken in one order everywhere: births, series rows, causes."""
