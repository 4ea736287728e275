"""The pages of this room: the inbox, the digest, the mail."""
