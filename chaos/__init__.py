"""`make chaos`: what Riskhub loses when things are killed, measured (nothing).

    python -m chaos [ROW ...] [--seed N] [--short] [--break claim|unique]

ground.py     PostgreSQL, Valkey and fresh databases for a run, and their end, also on Ctrl-C
sink.py       a real mail server that logs what it accepted
nursery.py    worker processes: forked, killed and frozen by command
worker.py     what such a process does: tick, over and over
cast.py       what there is to be done
killing.py    rows 1 and 2: workers die at work
ledger.py     expected = rows = final states, and the sink's log compared by id
outage.py     row 5: Valkey down, flushed, hung, under the real supervisor
breaking.py   takes one mechanism away, for the standard is itself tested
claims.py     what a row claims: a line of chaos.jsonl

Loopback only; every wait has an end. The seed replays the same choices, not the same interleaving.
"""
