"""Parse the payloads of tools. Pure: these modules read and write no rows."""
