"""The tables as steps: Alembic's scripts, run by `Database.upgrade()`."""
