// Descriptors: which are sockets, and the calls of libc that take either kind.
//
// The linker sends close, read, write, fcntl, ioctl, fstat and strerror here (--wrap), libc's own uses of them too.
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host.h"

int __real_close(int fd);
ssize_t __real_read(int fd, void *to, size_t len);
ssize_t __real_write(int fd, const void *from, size_t len);
int __real_fcntl(int fd, int command, ...);
int __real_ioctl(int fd, int request, ...);
int __real_fstat(int fd, struct stat *to);
char *__real_strerror(int error);

#define COUNT (NET_LAST - NET_FIRST + 1)
#define WHY_BYTES 400

static uint64_t taken[COUNT / 64];
// Those without FD_CLOEXEC: there is no exec, but what was set can be read again.
static uint64_t inherited[COUNT / 64];
// The errno of a refusal that nobody was told of yet.
static int refused;

int net_is(int fd) { return fd >= NET_FIRST && fd <= NET_LAST; }

static void mark(uint64_t *set, int fd, int in) {
    int at = fd - NET_FIRST;
    uint64_t bit = UINT64_C(1) << at % 64;
    set[at / 64] = in ? set[at / 64] | bit : set[at / 64] & ~bit;
}

static int marked(const uint64_t *set, int fd) { return (int)(set[(fd - NET_FIRST) / 64] >> (fd - NET_FIRST) % 64 & 1); }

int net_take(void) {
    for (int word = 0; word < COUNT / 64; word++) {
        if (taken[word] == ~UINT64_C(0)) continue;
        int bit = __builtin_ctzll(~taken[word]);
        int fd = NET_FIRST + word * 64 + bit;
        mark(taken, fd, 1);
        mark(inherited, fd, 0);
        return fd;
    }
    errno = EMFILE;
    return -1;
}

void net_give_back(int fd) { mark(taken, fd, 0); }

int net_answer(int answer) {
    if (answer >= 0) return answer;
    errno = -answer;
    refused = errno == EACCES || errno == EDQUOT ? errno : 0;
    return -1;
}

// A refusal says what to ask for, where people read it: as the text of the exception.
char *__wrap_strerror(int error) {
    static char why[WHY_BYTES];
    if (error == refused && error != 0) {
        refused = 0;
        int len = net_why(why, sizeof why - 1);
        if (len > 0) {
            why[len] = 0;
            return why;
        }
    }
    return __real_strerror(error);
}

int __wrap_close(int fd) {
    if (!net_is(fd)) return __real_close(fd);
    // The host may know nothing of it: an earlier run's.
    refused = 0;
    int known = marked(taken, fd);
    net_give_back(fd);
    int answer = net_close(fd);
    return known ? 0 : net_answer(answer);
}

ssize_t __wrap_read(int fd, void *to, size_t len) {
    return net_is(fd) ? recv(fd, to, len, 0) : __real_read(fd, to, len);
}

ssize_t __wrap_write(int fd, const void *from, size_t len) {
    return net_is(fd) ? send(fd, from, len, 0) : __real_write(fd, from, len);
}

// Arguments are ints or pointers, of one size here.
int __wrap_fcntl(int fd, int command, ...) {
    va_list arguments;
    va_start(arguments, command);
    int argument = va_arg(arguments, int);
    va_end(arguments);
    if (!net_is(fd)) return __real_fcntl(fd, command, argument);
    int nonblock = net_answer(net_nonblock(fd, command == F_SETFL ? (argument & O_NONBLOCK) != 0 : -1));
    if (nonblock < 0) return -1;
    switch (command) {
        case F_GETFL: return O_RDWR | (nonblock ? O_NONBLOCK : 0);
        case F_GETFD: return marked(inherited, fd) ? 0 : FD_CLOEXEC;
        case F_SETFD: mark(inherited, fd, !(argument & FD_CLOEXEC)); return 0;
        case F_SETFL: return 0;
        default: errno = EINVAL; return -1;
    }
}

int __wrap_ioctl(int fd, int request, ...) {
    va_list arguments;
    va_start(arguments, request);
    int *argument = va_arg(arguments, int *);
    va_end(arguments);
    if (!net_is(fd)) return __real_ioctl(fd, request, argument);
    if (request == FIONBIO) return net_answer(net_nonblock(fd, *argument != 0)) < 0 ? -1 : 0;
    if (request == FIONREAD) {
        int bytes = net_answer(net_avail(fd));
        if (bytes < 0) return -1;
        *argument = bytes;
        return 0;
    }
    errno = ENOTTY;
    return -1;
}

int __wrap_fstat(int fd, struct stat *to) {
    if (!net_is(fd)) return __real_fstat(fd, to);
    if (net_answer(net_nonblock(fd, -1)) < 0) return -1;
    memset(to, 0, sizeof *to);
    to->st_mode = S_IFSOCK | 0777;
    to->st_ino = (ino_t)fd;
    to->st_nlink = 1;
    to->st_blksize = 4096;
    return 0;
}
