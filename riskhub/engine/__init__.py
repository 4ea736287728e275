"""The ground under `make run` and `make test`: PostgreSQL, Valkey and the processes that stand on them.

bootstrap.py    makes .venv from a lock file; runs before anything is installed, standard library only
postgres.py     Cluster: a PostgreSQL of one's own in one folder
valkey.py       Server: a Valkey of one's own in one folder
supervisor.py   `manage.py up`: brings everything up, keeps it up, takes it down in order
launch.py       between fork and exec: ties a child to its parent, lowers root for PostgreSQL
privileges.py   which way of lowering root works on this machine
outside.py      checks servers that somebody else runs (DATABASE_URL, REDIS_URL)
home.py         RISKHUB_HOME: keys, instance.json, the lock that only one supervisor holds
children.py     one supervised program: its log, its restarts, its end
processes.py    questions to the process table
ports.py        which port is free

Nothing here imports Django: it must work where Django cannot start.
"""
