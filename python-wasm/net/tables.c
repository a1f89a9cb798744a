// What needs no network: services, protocols, interfaces, this machine's name, addresses as text.
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    uint16_t port;
    char udp;
} services[] = {
    {"ftp-data", 20, 0}, {"ftp", 21, 0},       {"ssh", 22, 0},         {"telnet", 23, 0},     {"smtp", 25, 0},
    {"domain", 53, 1},   {"http", 80, 0},      {"kerberos", 88, 1},    {"pop3", 110, 0},      {"nntp", 119, 0},
    {"ntp", 123, 1},     {"imap2", 143, 0},    {"imap", 143, 0},       {"snmp", 161, 1},      {"ldap", 389, 1},
    {"https", 443, 1},   {"submissions", 465, 0}, {"smtps", 465, 0},   {"syslog", 514, 1},    {"submission", 587, 0},
    {"ldaps", 636, 1},   {"domain-s", 853, 1}, {"imaps", 993, 0},      {"pop3s", 995, 0},     {"mysql", 3306, 0},
    {"postgresql", 5432, 0}, {"amqp", 5672, 0}, {"redis", 6379, 0},    {"http-alt", 8080, 0},
};

static const struct {
    const char *name;
    int number;
} protocols[] = {{"ip", 0}, {"icmp", 1}, {"tcp", 6}, {"udp", 17}, {"ipv6", 41}, {"ipv6-icmp", 58}};

static char *no_aliases[1];

static struct servent *service(size_t at, const char *protocol) {
    static struct servent found;
    if (protocol == NULL) protocol = "tcp";
    found = (struct servent){(char *)services[at].name, no_aliases, htons(services[at].port), (char *)protocol};
    return &found;
}

// `protocol`: none for any.
static int has(size_t at, const char *protocol) {
    return protocol == NULL || strcmp(protocol, "tcp") == 0 || (services[at].udp && strcmp(protocol, "udp") == 0);
}

struct servent *getservbyname(const char *name, const char *protocol) {
    for (size_t at = 0; at < sizeof services / sizeof *services; at++) {
        if (strcmp(services[at].name, name) == 0 && has(at, protocol)) return service(at, protocol);
    }
    return NULL;
}

struct servent *getservbyport(int port, const char *protocol) {
    for (size_t at = 0; at < sizeof services / sizeof *services; at++) {
        if (htons(services[at].port) == port && has(at, protocol)) return service(at, protocol);
    }
    return NULL;
}

struct protoent *getprotobyname(const char *name) {
    static struct protoent found;
    for (size_t at = 0; at < sizeof protocols / sizeof *protocols; at++) {
        if (strcmp(protocols[at].name, name) != 0) continue;
        found = (struct protoent){(char *)protocols[at].name, no_aliases, protocols[at].number};
        return &found;
    }
    return NULL;
}

int gethostname(char *name, size_t len) {
    static const char own[] = "localhost";
    if (len < sizeof own) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(name, own, sizeof own);
    return 0;
}

unsigned int if_nametoindex(const char *name) {
    if (strcmp(name, "lo") == 0) return 1;
    errno = ENODEV;
    return 0;
}

char *if_indextoname(unsigned int index, char *name) {
    if (index == 1) return strcpy(name, "lo");
    errno = ENXIO;
    return NULL;
}

struct if_nameindex *if_nameindex(void) {
    static char own[] = "lo";
    struct if_nameindex *list = calloc(2, sizeof *list);
    if (list != NULL) list[0] = (struct if_nameindex){1, own};
    return list;
}

void if_freenameindex(struct if_nameindex *list) { free(list); }

in_addr_t inet_addr(const char *text) {
    struct in_addr address;
    return inet_aton(text, &address) ? address.s_addr : INADDR_NONE;
}

char *inet_ntoa(struct in_addr address) {
    static char text[INET_ADDRSTRLEN];
    return (char *)inet_ntop(AF_INET, &address, text, sizeof text);
}

int __real_inet_pton(int family, const char *restrict text, void *restrict address);
const char *__real_inet_ntop(int family, const void *restrict address, char *restrict text, socklen_t len);

// libc.a was compiled with numbers of its own for the two families; the linker sends their users here (--wrap).
static int libc_family(int family) { return family == AF_INET ? 1 : family == AF_INET6 ? 2 : 0; }

int __wrap_inet_pton(int family, const char *restrict text, void *restrict address) {
    return __real_inet_pton(libc_family(family), text, address);
}

const char *__wrap_inet_ntop(int family, const void *restrict address, char *restrict text, socklen_t len) {
    return __real_inet_ntop(libc_family(family), address, text, len);
}
