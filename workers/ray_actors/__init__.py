"""The only files of ``workers`` that know Ray."""
