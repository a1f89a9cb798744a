// Sockets with Linux's numbers and layouts: what Python shows are the usual constants, and the host reads addresses as they are.
// wasi-libc's own header numbers them its own way, and declares nothing that could open a socket.
#ifndef _SYS_SOCKET_H
#define _SYS_SOCKET_H

#include <features.h>

#define __NEED_socklen_t
#define __NEED_sa_family_t
#define __NEED_size_t
#define __NEED_ssize_t
#define __NEED_struct_iovec
#include <bits/alltypes.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SHUT_RD 0
#define SHUT_WR 1
#define SHUT_RDWR 2

#define SOCK_STREAM 1
#define SOCK_DGRAM 2
#define SOCK_CLOEXEC 02000000
#define SOCK_NONBLOCK 04000

#define PF_UNSPEC 0
#define PF_INET 2
#define PF_INET6 10
#define AF_UNSPEC PF_UNSPEC
#define AF_INET PF_INET
#define AF_INET6 PF_INET6

#define SOL_SOCKET 1
#define SOL_IP 0
#define SOL_TCP 6
#define SOL_UDP 17
#define SOL_IPV6 41

#define SO_DEBUG 1
#define SO_REUSEADDR 2
#define SO_TYPE 3
#define SO_ERROR 4
#define SO_DONTROUTE 5
#define SO_BROADCAST 6
#define SO_SNDBUF 7
#define SO_RCVBUF 8
#define SO_KEEPALIVE 9
#define SO_OOBINLINE 10
#define SO_LINGER 13
#define SO_REUSEPORT 15
#define SO_RCVLOWAT 18
#define SO_SNDLOWAT 19
#define SO_RCVTIMEO 20
#define SO_SNDTIMEO 21
#define SO_ACCEPTCONN 30
#define SO_PROTOCOL 38
#define SO_DOMAIN 39

#define SOMAXCONN 128

#define MSG_OOB 0x0001
#define MSG_PEEK 0x0002
#define MSG_DONTROUTE 0x0004
#define MSG_CTRUNC 0x0008
#define MSG_TRUNC 0x0020
#define MSG_DONTWAIT 0x0040
#define MSG_EOR 0x0080
#define MSG_WAITALL 0x0100
#define MSG_NOSIGNAL 0x4000
#define MSG_MORE 0x8000

struct sockaddr {
    sa_family_t sa_family;
    char sa_data[14];
};

struct sockaddr_storage {
    sa_family_t ss_family;
    char __ss_padding[128 - sizeof(sa_family_t) - sizeof(uint64_t)];
    uint64_t __ss_align;
};

struct linger {
    int l_onoff;
    int l_linger;
};

struct msghdr {
    void *msg_name;
    socklen_t msg_namelen;
    struct iovec *msg_iov;
    int msg_iovlen;
    void *msg_control;
    socklen_t msg_controllen;
    int msg_flags;
};

struct cmsghdr {
    socklen_t cmsg_len;
    int cmsg_level;
    int cmsg_type;
};

// Control data is never received and refused when it is sent; Python's code for it must compile.
#define CMSG_ALIGN(len) (((len) + sizeof(size_t) - 1) & (size_t) ~(sizeof(size_t) - 1))
#define CMSG_SPACE(len) (CMSG_ALIGN(len) + CMSG_ALIGN(sizeof(struct cmsghdr)))
#define CMSG_LEN(len) (CMSG_ALIGN(sizeof(struct cmsghdr)) + (len))
#define CMSG_DATA(cmsg) ((unsigned char *)((struct cmsghdr *)(cmsg) + 1))
#define CMSG_FIRSTHDR(message)                                                                                         \
    ((size_t)(message)->msg_controllen >= sizeof(struct cmsghdr) ? (struct cmsghdr *)(message)->msg_control            \
                                                                 : (struct cmsghdr *)0)
#define CMSG_NXTHDR(message, cmsg)                                                                                     \
    ((cmsg)->cmsg_len < sizeof(struct cmsghdr) ||                                                                      \
             CMSG_ALIGN((cmsg)->cmsg_len) + sizeof(struct cmsghdr) >=                                                  \
                 (size_t)((unsigned char *)(message)->msg_control + (message)->msg_controllen -                        \
                          (unsigned char *)(cmsg))                                                                     \
         ? (struct cmsghdr *)0                                                                                         \
         : (struct cmsghdr *)((unsigned char *)(cmsg) + CMSG_ALIGN((cmsg)->cmsg_len)))

int socket(int family, int type, int protocol);
int socketpair(int family, int type, int protocol, int pair[2]);
int shutdown(int fd, int how);
int connect(int fd, const struct sockaddr *address, socklen_t len);
int bind(int fd, const struct sockaddr *address, socklen_t len);
int listen(int fd, int backlog);
int accept(int fd, struct sockaddr *__restrict address, socklen_t *__restrict len);
int accept4(int fd, struct sockaddr *__restrict address, socklen_t *__restrict len, int flags);
int getsockname(int fd, struct sockaddr *__restrict address, socklen_t *__restrict len);
int getpeername(int fd, struct sockaddr *__restrict address, socklen_t *__restrict len);
ssize_t send(int fd, const void *bytes, size_t len, int flags);
ssize_t recv(int fd, void *bytes, size_t len, int flags);
ssize_t sendto(int fd, const void *bytes, size_t len, int flags, const struct sockaddr *address, socklen_t address_len);
ssize_t recvfrom(int fd, void *__restrict bytes, size_t len, int flags, struct sockaddr *__restrict address,
                 socklen_t *__restrict address_len);
ssize_t sendmsg(int fd, const struct msghdr *message, int flags);
ssize_t recvmsg(int fd, struct msghdr *message, int flags);
int getsockopt(int fd, int level, int name, void *__restrict value, socklen_t *__restrict len);
int setsockopt(int fd, int level, int name, const void *value, socklen_t len);

#ifdef __cplusplus
}
#endif
#endif
