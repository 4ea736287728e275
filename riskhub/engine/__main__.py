"""`python -m riskhub.engine`.

The same as `manage.py up`, without Django, which a wrong DATABASE_URL would stop first.
"""

import sys

from riskhub.engine.supervisor import main

sys.exit(main())
