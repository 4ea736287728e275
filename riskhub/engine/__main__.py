"""`python -m riskhub.engine`, or `python -m riskhub.engine backup|verify_backup|restore [FOLDER]`.

Does the same as `manage.py up` without Django, which would fail first at a wrong DATABASE_URL.
"""

import sys

from riskhub.engine import maintenance
from riskhub.engine.supervisor import main

if sys.argv[1:2] and sys.argv[1] in maintenance.COMMANDS:
    sys.exit(maintenance.main(sys.argv[1], sys.argv[2:]))
sys.exit(main())
