"""Reading: who hears what, what waits for a person, what a letter says, the inbox, the mail."""
