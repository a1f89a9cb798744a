// What the host does for sockets: import module `net`. All numbers are i32; a result below zero is an errno of WASI's, negated.
//
// Sockets are named by their descriptor, NET_FIRST to NET_LAST, which the guest chooses (descriptor.c): what an earlier run of a
// stateful action left in memory names no socket of a later one. Addresses are as in Linux's sockaddr_in and sockaddr_in6.
#ifndef ACTIOND_NET_HOST_H
#define ACTIOND_NET_HOST_H

#include <poll.h>
#include <stdint.h>
#include <sys/socket.h>

#define NET(name) __attribute__((import_module("net"), import_name(#name)))

// Above WASI's own, and below FD_SETSIZE: select takes them.
#define NET_FIRST 512
#define NET_LAST 1023

NET(open) int net_open(int fd, int family, int type, int protocol);
NET(pair) int net_pair(int fd, int other, int type);
NET(close) int net_close(int fd);
NET(connect) int net_connect(int fd, const void *address, unsigned len);
NET(bind) int net_bind(int fd, const void *address, unsigned len);
NET(listen) int net_listen(int fd, int backlog);
NET(accept) int net_accept(int fd, int to, void *address, unsigned *len);
NET(send) int net_send(int fd, const void *bytes, unsigned len, int flags, const void *address, unsigned address_len);
NET(recv) int net_recv(int fd, void *bytes, unsigned len, int flags, void *address, unsigned *address_len);
NET(shutdown) int net_shutdown(int fd, int how);
NET(getopt) int net_getopt(int fd, int level, int name, void *value, unsigned *len);
NET(setopt) int net_setopt(int fd, int level, int name, const void *value, unsigned len);
// The own address, or the peer's.
NET(name) int net_name(int fd, int peer, void *address, unsigned *len);
// What it was: 0 or 1. A value of -1 changes nothing.
NET(nonblock) int net_nonblock(int fd, int value);
NET(avail) int net_avail(int fd);
// Entries that are no sockets are left alone. Without entries this is a sleep.
NET(poll) int net_poll(struct pollfd *fds, unsigned count, int timeout_ms);
// A descriptor to read the addresses of a name from: an i32 that is 0 or an EAI_ code, then one net_address for each.
NET(resolve) int net_resolve(int fd, const char *name, unsigned len, int family);
// Why the last call was refused, for people. The bytes written.
NET(why) int net_why(char *to, unsigned capacity);

struct net_address {
    uint16_t family;
    uint16_t unused;
    uint8_t bytes[16];
};

// Within the library.
int net_is(int fd);
// A free descriptor, taken; -1 with errno when there is none.
int net_take(void);
void net_give_back(int fd);
// The usual -1 and errno for what the host answered.
int net_answer(int answer);
// Starts to look a name up: a descriptor, or -1 and errno.
int net_lookup(const char *name, int family);

#endif
