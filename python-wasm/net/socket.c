// Sockets: opening, connecting, sending, receiving and what can be asked of them.
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "host.h"

// What one call moves at most; callers go on with the rest. A datagram is smaller.
#define PIECE_BYTES (1 << 20)

static int not_a_socket(int fd) {
    if (net_is(fd)) return 0;
    // Not F_GETFD: libc answers that without asking whether the file is open.
    if (fcntl(fd, F_GETFL) >= 0) errno = ENOTSOCK;
    return 1;
}

static unsigned piece(size_t len) { return len > PIECE_BYTES ? PIECE_BYTES : (unsigned)len; }

// Settles a descriptor that the host was told about: it is the guest's, or given back.
static int settle(int fd, int answer) {
    if (net_answer(answer) >= 0) return fd;
    net_give_back(fd);
    return -1;
}

int socket(int family, int type, int protocol) {
    int fd = net_take();
    if (fd < 0) return -1;
    fd = settle(fd, net_open(fd, family, type & ~(SOCK_CLOEXEC | SOCK_NONBLOCK), protocol));
    if (fd >= 0 && type & SOCK_NONBLOCK) net_nonblock(fd, 1);
    return fd;
}

// Of any family: the host's are of its own kind, and say that they are what was asked for.
int socketpair(int family, int type, int protocol, int pair[2]) {
    if (family != AF_INET || protocol != 0) {
        errno = family == AF_INET ? EPROTONOSUPPORT : EAFNOSUPPORT;
        return -1;
    }
    int fd = net_take();
    if (fd < 0) return -1;
    int other = net_take();
    if (other < 0) {
        net_give_back(fd);
        return -1;
    }
    if (settle(fd, net_pair(fd, other, type & ~(SOCK_CLOEXEC | SOCK_NONBLOCK))) < 0) {
        net_give_back(other);
        return -1;
    }
    pair[0] = fd;
    pair[1] = other;
    for (int end = 0; end < 2 && type & SOCK_NONBLOCK; end++) net_nonblock(pair[end], 1);
    return 0;
}

int connect(int fd, const struct sockaddr *address, socklen_t len) {
    return not_a_socket(fd) ? -1 : net_answer(net_connect(fd, address, len));
}

int bind(int fd, const struct sockaddr *address, socklen_t len) {
    return not_a_socket(fd) ? -1 : net_answer(net_bind(fd, address, len));
}

int listen(int fd, int backlog) { return not_a_socket(fd) ? -1 : net_answer(net_listen(fd, backlog)); }

int accept4(int fd, struct sockaddr *restrict address, socklen_t *restrict len, int flags) {
    if (not_a_socket(fd)) return -1;
    int to = net_take();
    if (to < 0) return -1;
    to = settle(to, net_accept(fd, to, address, address == NULL ? NULL : len));
    if (to >= 0 && flags & SOCK_NONBLOCK) net_nonblock(to, 1);
    return to;
}

int accept(int fd, struct sockaddr *restrict address, socklen_t *restrict len) { return accept4(fd, address, len, 0); }

ssize_t sendto(int fd, const void *bytes, size_t len, int flags, const struct sockaddr *address, socklen_t address_len) {
    return not_a_socket(fd) ? -1 : net_answer(net_send(fd, bytes, piece(len), flags, address, address_len));
}

ssize_t send(int fd, const void *bytes, size_t len, int flags) { return sendto(fd, bytes, len, flags, NULL, 0); }

ssize_t recvfrom(int fd, void *restrict bytes, size_t len, int flags, struct sockaddr *restrict address,
                 socklen_t *restrict address_len) {
    if (not_a_socket(fd)) return -1;
    return net_answer(net_recv(fd, bytes, piece(len), flags, address, address == NULL ? NULL : address_len));
}

ssize_t recv(int fd, void *bytes, size_t len, int flags) { return recvfrom(fd, bytes, len, flags, NULL, NULL); }

// The bytes of all parts, as many as one call moves; -1 with errno when the list is wrong.
static ssize_t total(const struct msghdr *message) {
    size_t sum = 0;
    if (message->msg_iovlen < 0 || message->msg_iovlen > 1024) {
        errno = EMSGSIZE;
        return -1;
    }
    for (int part = 0; part < message->msg_iovlen; part++) {
        size_t len = message->msg_iov[part].iov_len;
        if (len > SSIZE_MAX - sum) {
            errno = EINVAL;
            return -1;
        }
        sum += len;
    }
    return (ssize_t)piece(sum);
}

// Moves bytes between a list of parts and one piece of memory.
static void spread(const struct msghdr *message, char *bytes, size_t len, int gather) {
    for (int part = 0; part < message->msg_iovlen && len > 0; part++) {
        const struct iovec *at = &message->msg_iov[part];
        size_t some = at->iov_len < len ? at->iov_len : len;
        memcpy(gather ? bytes : at->iov_base, gather ? at->iov_base : bytes, some);
        bytes += some;
        len -= some;
    }
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
    if (message->msg_controllen > 0) {
        errno = ENOTSUP;
        return -1;
    }
    if (message->msg_iovlen == 1) {
        const struct iovec *one = message->msg_iov;
        return sendto(fd, one->iov_base, one->iov_len, flags, message->msg_name, message->msg_namelen);
    }
    ssize_t len = total(message);
    if (len < 0) return -1;
    char *bytes = malloc(len > 0 ? (size_t)len : 1);
    if (bytes == NULL) return -1;
    spread(message, bytes, (size_t)len, 1);
    ssize_t sent = sendto(fd, bytes, (size_t)len, flags, message->msg_name, message->msg_namelen);
    int error = errno;
    free(bytes);
    errno = error;
    return sent;
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags) {
    ssize_t len = total(message);
    if (len < 0) return -1;
    int single = message->msg_iovlen == 1;
    char *bytes = single ? message->msg_iov->iov_base : malloc(len > 0 ? (size_t)len : 1);
    if (bytes == NULL && !single) return -1;
    socklen_t *name_len = message->msg_name == NULL ? NULL : &message->msg_namelen;
    ssize_t got = recvfrom(fd, bytes, (size_t)len, flags, message->msg_name, name_len);
    int error = errno;
    if (got >= 0) {
        if (!single) spread(message, bytes, (size_t)got, 0);
        message->msg_controllen = 0;
        message->msg_flags = 0;
    }
    if (!single) free(bytes);
    errno = error;
    return got;
}

int shutdown(int fd, int how) { return not_a_socket(fd) ? -1 : net_answer(net_shutdown(fd, how)); }

int getsockname(int fd, struct sockaddr *restrict address, socklen_t *restrict len) {
    return not_a_socket(fd) ? -1 : net_answer(net_name(fd, 0, address, len));
}

int getpeername(int fd, struct sockaddr *restrict address, socklen_t *restrict len) {
    return not_a_socket(fd) ? -1 : net_answer(net_name(fd, 1, address, len));
}

int getsockopt(int fd, int level, int name, void *restrict value, socklen_t *restrict len) {
    return not_a_socket(fd) ? -1 : net_answer(net_getopt(fd, level, name, value, len));
}

int setsockopt(int fd, int level, int name, const void *value, socklen_t len) {
    return not_a_socket(fd) ? -1 : net_answer(net_setopt(fd, level, name, value, len));
}
