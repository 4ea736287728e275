"""Operations on actions."""
