"""Operations on models."""
