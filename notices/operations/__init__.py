"""Operations of notices: inbox entries, mails, weekly digests."""
