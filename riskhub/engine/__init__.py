"""Runs PostgreSQL, Valkey and Riskhub's processes on one machine, for `make run` and `make test`.

bootstrap.py    makes .venv from a lock file; runs before anything is installed, standard library only
postgres.py     Cluster: an embedded PostgreSQL in one folder
valkey.py       Server: an embedded Valkey in one folder
maintenance.py  `make backup`, `make restore`: runs a command with the right servers
supervisor.py   `manage.py up`: starts everything, restarts what ends, stops everything in order
launch.py       runs between fork and exec: ties a child to its parent, drops root for PostgreSQL
privileges.py   finds a way to drop root that works on this machine
outside.py      checks external servers (DATABASE_URL, REDIS_URL)
home.py         RISKHUB_HOME: keys, instance.json, the lock that only one supervisor holds
children.py     one supervised program: its log, its restarts, its stop
processes.py    reads the process table
ports.py        finds a free port

This package does not import Django, because it must work where Django cannot start.
"""
