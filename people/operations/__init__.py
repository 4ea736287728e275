"""What people do about people: join, change, leave; tokens, sign-in, receipts."""
