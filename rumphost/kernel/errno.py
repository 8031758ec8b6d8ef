"""errno(2): NetBSD's numbers, which from 35 on are not Linux's."""

EPERM = 1
ENOENT = 2
EINTR = 4
EIO = 5
ENXIO = 6
ENOMEM = 12
EACCES = 13
EBUSY = 16
EEXIST = 17
ENODEV = 19
EINVAL = 22
ENOTTY = 25
EFBIG = 27
ENOSPC = 28
EWOULDBLOCK = 35
EAGAIN = 35
EOPNOTSUPP = 45
EAFNOSUPPORT = 47
ENETDOWN = 50
ENETRESET = 52
ENOBUFS = 55
ETIMEDOUT = 60

NAMES = {number: name for name, number in globals().items() if name.startswith("E")}
