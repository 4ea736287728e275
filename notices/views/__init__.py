"""The pages of the inbox, the digest and the mails."""
