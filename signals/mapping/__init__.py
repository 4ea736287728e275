"""What the bodies of tools say, in our words. Pure: no rows are read, none written."""
