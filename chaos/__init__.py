"""`make chaos`: measures whether Riskhub loses or repeats work when processes, servers or clocks fail.

    python -m chaos [ROW ...] [--seed N] [--short] [--break NAME]

ground.py        PostgreSQL, Valkey and new databases for a run, and their stop, also on Ctrl-C
sink.py          a real mail server that logs what it accepted, and makes trouble for some addresses
pool.py          the runner's side of the worker pool
worker_pool.py   worker processes: forked, killed and frozen by command
worker.py        the work of such a process: repeated ticks
programs.py      a real worker and a real beat of Celery; quick_celery.py: with short intervals
cast.py          the work to be done: escalations and actions
killing.py       rows 1 and 2: workers are killed at work
ledger.py        checks expected = rows = final states, and compares the sink's log by id
outage.py        row 5: Valkey down, flushed, hung, under the real supervisor
daily.py         row 7: worker and beat are restarted every day of eight weeks
jumps.py         row 8: the clock jumps by hours and days, and over a leap day
closing.py       row 11: subjects are closed between the claim of a mail and its sending
trouble.py       row 12: poisoned mails (poison.py), and trouble with the mail server
backups.py       row 25: backups under load, damaged ones, and the mails of a restored register
weeks.py         row 27: weeks of an organisation (workplace.py), and its ledger (weeks_ledger.py)
breaking.py      removes one mechanism, to test the tests themselves
claims.py        the result of a row: a line of chaos.jsonl

It uses loopback only, and every wait has a limit. The seed repeats the same choices, but not the same
interleaving.
"""
