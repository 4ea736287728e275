"""Operations on learnings."""
