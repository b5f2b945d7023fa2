"""``python -m api``: the ``talan`` command, where the script is not on the path."""

from api.cli import main

main()
