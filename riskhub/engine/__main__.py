"""`python -m riskhub.engine`.

Does the same as `manage.py up` without Django, which would fail first at a wrong DATABASE_URL.
"""

import sys

from riskhub.engine.supervisor import main

sys.exit(main())
