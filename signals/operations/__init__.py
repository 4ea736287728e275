"""Operations on signals. All take locks in the same order: creation of rows, series rows, causes."""
