"""Reading: recipients, the open work of a person, rendered mail, the inbox, all mail."""
