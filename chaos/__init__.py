"""`make chaos`: measures whether Riskhub loses or repeats work when processes are killed. The target is 0.

    python -m chaos [ROW ...] [--seed N] [--short] [--break claim|unique]

ground.py       PostgreSQL, Valkey and new databases for a run, and their stop, also on Ctrl-C
sink.py         a real mail server that logs what it accepted
worker_pool.py  worker processes: forked, killed and frozen by command
worker.py       the work of such a process: repeated ticks
cast.py         the work to be done: escalations and actions
killing.py      rows 1 and 2: workers are killed at work
ledger.py       checks expected = rows = final states, and compares the sink's log by id
outage.py       row 5: Valkey down, flushed, hung, under the real supervisor
breaking.py     removes one mechanism, to test the tests themselves
claims.py       the result of a row: a line of chaos.jsonl

It uses loopback only, and every wait has a limit. The seed repeats the same choices, but not the same
interleaving.
"""
