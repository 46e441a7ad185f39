"""Stands for the library of this name in Ceph's manager, where it cannot be loaded twice in one process.

Only the modules `dashboard` and `restful` use it, and both are off. Without it the storage would call itself unhealthy.
"""


def hashpw(*_arguments: object) -> bytes:
    raise NotImplementedError


def gensalt(*_arguments: object) -> bytes:
    raise NotImplementedError
