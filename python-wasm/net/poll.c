// Waiting: poll, and select on top of it. Files of WASI's are always ready.
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/select.h>

#include "host.h"

#define READY_MS_MAX INT_MAX

static short file_ready(const struct pollfd *file) {
    if (fcntl(file->fd, F_GETFL) < 0) return POLLNVAL;
    return file->events & (POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM);
}

int poll(struct pollfd *fds, nfds_t count, int timeout_ms) {
    int files = 0;
    if (count > FD_SETSIZE) {
        errno = EINVAL;
        return -1;
    }
    for (nfds_t at = 0; at < count; at++) {
        fds[at].revents = fds[at].fd >= 0 && !net_is(fds[at].fd) ? file_ready(&fds[at]) : 0;
        files += fds[at].revents != 0;
    }
    int sockets = net_answer(net_poll(fds, count, files > 0 ? 0 : timeout_ms));
    return sockets < 0 ? -1 : files + sockets;
}

// A set is a list of descriptors here.
static int add(const fd_set *set, short events, struct pollfd *fds, int count, short *places) {
    if (set == NULL) return count;
    for (size_t at = 0; at < set->__nfds; at++) {
        int fd = set->__fds[at];
        if (fd < 0 || fd >= FD_SETSIZE) continue;
        if (places[fd] < 0) {
            places[fd] = (short)count;
            fds[count++] = (struct pollfd){.fd = fd};
        }
        fds[places[fd]].events |= events;
    }
    return count;
}

static int keep_ready(fd_set *set, short events, const struct pollfd *fds, const short *places) {
    if (set == NULL) return 0;
    size_t kept = 0;
    for (size_t at = 0; at < set->__nfds; at++) {
        int fd = set->__fds[at];
        if (fd >= 0 && fd < FD_SETSIZE && fds[places[fd]].revents & events) set->__fds[kept++] = fd;
    }
    set->__nfds = kept;
    return (int)kept;
}

static int select_ms(fd_set *to_read, fd_set *to_write, fd_set *others, int timeout_ms) {
    short places[FD_SETSIZE];
    struct pollfd fds[FD_SETSIZE];
    memset(places, -1, sizeof places);
    int count = add(to_read, POLLIN, fds, 0, places);
    count = add(to_write, POLLOUT, fds, count, places);
    count = add(others, POLLPRI, fds, count, places);
    if (poll(fds, (nfds_t)count, timeout_ms) < 0) return -1;
    for (int at = 0; at < count; at++) {
        if (fds[at].revents & POLLNVAL) {
            errno = EBADF;
            return -1;
        }
    }
    return keep_ready(to_read, POLLIN | POLLHUP | POLLERR, fds, places) +
           keep_ready(to_write, POLLOUT | POLLERR, fds, places) + keep_ready(others, POLLPRI, fds, places);
}

int select(int count, fd_set *restrict to_read, fd_set *restrict to_write, fd_set *restrict others,
           struct timeval *restrict timeout) {
    struct timespec exact;
    if (timeout != NULL) exact = (struct timespec){timeout->tv_sec, (long)timeout->tv_usec * 1000};
    return pselect(count, to_read, to_write, others, timeout == NULL ? NULL : &exact, NULL);
}

int pselect(int count, fd_set *restrict to_read, fd_set *restrict to_write, fd_set *restrict others,
            const struct timespec *restrict timeout, const sigset_t *restrict mask) {
    (void)count;
    (void)mask;
    if (timeout == NULL) return select_ms(to_read, to_write, others, -1);
    if (timeout->tv_sec < 0 || timeout->tv_nsec < 0 || timeout->tv_nsec >= 1000000000) {
        errno = EINVAL;
        return -1;
    }
    long long ms = READY_MS_MAX;
    // Up: no wait ends early.
    if (timeout->tv_sec < READY_MS_MAX / 1000 - 1) ms = timeout->tv_sec * 1000 + (timeout->tv_nsec + 999999) / 1000000;
    return select_ms(to_read, to_write, others, (int)ms);
}
