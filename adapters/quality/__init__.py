"""What is wrong with examples that are well formed: one check a file, listed in checks.py.

May import the nouns beside it (``examples``, ``formats``), nothing that trains or serves. A false alarm costs more
than a miss: who has seen three of them reads no fourth.
"""
