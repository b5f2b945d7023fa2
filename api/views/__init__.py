"""What ``--json`` prints and REST answers: each field is declared here, once.

Owns: names, order, types, units and examples, one file per subject. Does not cover: how values come
about (``storage``, ``search``).
"""
