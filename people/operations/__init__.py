"""Operations on people, teams and the organisation; tokens, sign-in, receipts."""
