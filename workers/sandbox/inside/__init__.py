"""The side of the sandbox that runs in the clean interpreter; standard library only.

Here nothing of the rest of the project may be imported: this folder is all that interpreter sees.
"""
