"""Reading: recipients, what waits for a person, rendered mail, the inbox, the mail of all."""
