"""Backup and restore of a whole register: the database, the attached files and a manifest (ADR 0038).

manifest.py   what a backup is of: versions, tables with their digests, parts with their sha256
configured.py what the settings say: the database of the owner, the files, the migrations of this code
tools.py      pg_dump and pg_restore: finds the right version and runs them
tables.py     the tables of a database, their digests, and how to remove them
files.py      the attached files as one part
writing.py    writes a backup from one snapshot
checking.py   checks the parts of a backup, and restores it into a database that is dropped again
restoring.py  restores it into an empty database

A backup is a folder: database.dump, files.tar, manifest.json. The manifest is written last, and then the
folder gets its name, so a folder without a manifest is no backup.

This package uses psycopg instead of Django's connections, because it also runs against databases that Django
is not configured for. All failures that a person can fix are a Trouble with one line.
"""
