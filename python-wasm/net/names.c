// Names of hosts: getaddrinfo and the older calls. Numbers, services and flags are settled here; the host looks names up.
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host.h"

// Addresses of one name that are taken.
#define ADDRESSES_MAX 64
#define NAME_BYTES_MAX 253

struct found {
    int count;
    struct net_address list[ADDRESSES_MAX];
};

int h_errno;

int net_lookup(const char *name, int family) {
    int fd = net_take();
    if (fd < 0) return -1;
    if (net_answer(net_resolve(fd, name, (unsigned)strlen(name), family)) >= 0) return fd;
    net_give_back(fd);
    return -1;
}

// Reads all that a look-up says; 0 or an EAI_ code.
static int read_answer(int fd, struct found *found) {
    struct {
        int code;
        struct net_address list[ADDRESSES_MAX];
    } answer;
    size_t have = 0;
    ssize_t got;
    while (have < sizeof answer && (got = read(fd, (char *)&answer + have, sizeof answer - have)) > 0) have += (size_t)got;
    if (have < sizeof answer.code) return EAI_AGAIN;
    if (answer.code != 0) return answer.code;
    found->count = (int)((have - sizeof answer.code) / sizeof *answer.list);
    memcpy(found->list, answer.list, (size_t)found->count * sizeof *answer.list);
    return found->count > 0 ? 0 : EAI_NONAME;
}

static int look_up(const char *name, int family, struct found *found) {
    size_t len = strlen(name);
    if (len == 0 || len > NAME_BYTES_MAX) return EAI_NONAME;
    int fd = net_lookup(name, family);
    if (fd < 0) return EAI_SYSTEM;
    int code = read_answer(fd, found);
    close(fd);
    return code;
}

static void one(struct found *found, int family, const void *bytes) {
    struct net_address *address = &found->list[found->count++];
    memset(address, 0, sizeof *address);
    address->family = (uint16_t)family;
    memcpy(address->bytes, bytes, family == AF_INET ? 4 : 16);
}

// What is a number already, in any of the forms that inet_aton takes. 1 when it was one, 0 when not, else an EAI_ code.
static int number(const char *node, int family, struct found *found, unsigned *scope) {
    struct in_addr four;
    struct in6_addr six;
    char plain[INET6_ADDRSTRLEN];
    if (inet_aton(node, &four)) {
        if (family == AF_INET6) return EAI_FAMILY;
        one(found, AF_INET, &four);
        return 1;
    }
    const char *percent = strchr(node, '%');
    size_t len = percent == NULL ? strlen(node) : (size_t)(percent - node);
    if (len >= sizeof plain) return 0;
    memcpy(plain, node, len);
    plain[len] = 0;
    if (inet_pton(AF_INET6, plain, &six) != 1) return 0;
    if (family == AF_INET) return EAI_FAMILY;
    if (percent != NULL) {
        char *end;
        *scope = (unsigned)strtoul(percent + 1, &end, 10);
        if (end == percent + 1 || *end != 0) {
            *scope = if_nametoindex(percent + 1);
            if (*scope == 0) return EAI_NONAME;
        }
    }
    one(found, AF_INET6, &six);
    return 1;
}

// Without a node: any address, or this machine's own.
static void own(int family, int passive, struct found *found) {
    static const uint8_t any[16], six[16] = {[15] = 1}, four[4] = {127, 0, 0, 1};
    if (family != AF_INET) one(found, AF_INET6, passive ? any : six);
    if (family != AF_INET6) one(found, AF_INET, passive ? any : four);
}

struct kind {
    int type, protocol;
    const char *name;
};

static const struct kind kinds[] = {{SOCK_STREAM, IPPROTO_TCP, "tcp"}, {SOCK_DGRAM, IPPROTO_UDP, "udp"}};

// The port in network order, or an EAI_ code.
static int port_of(const char *service, const char *protocol, int flags) {
    if (service == NULL || *service == 0) return 0;
    char *end;
    unsigned long value = strtoul(service, &end, 10);
    if (*end == 0) return htons((uint16_t)value);
    if (flags & AI_NUMERICSERV) return EAI_NONAME;
    const struct servent *known = getservbyname(service, protocol);
    return known == NULL ? EAI_SERVICE : known->s_port;
}

// An entry, its address and perhaps its name, in one piece of memory.
struct entry {
    struct addrinfo info;
    union {
        struct sockaddr_in four;
        struct sockaddr_in6 six;
    } address;
};

static struct addrinfo *make(const struct net_address *found, unsigned scope, int port, const struct kind *kind) {
    struct entry *entry = calloc(1, sizeof *entry);
    if (entry == NULL) return NULL;
    int six = found->family == AF_INET6;
    entry->info = (struct addrinfo){
        .ai_family = found->family,
        .ai_socktype = kind->type,
        .ai_protocol = kind->protocol,
        .ai_addrlen = six ? sizeof entry->address.six : sizeof entry->address.four,
        .ai_addr = (struct sockaddr *)&entry->address,
    };
    if (six) {
        entry->address.six.sin6_family = AF_INET6;
        entry->address.six.sin6_port = (in_port_t)port;
        entry->address.six.sin6_scope_id = scope;
        memcpy(&entry->address.six.sin6_addr, found->bytes, 16);
    } else {
        entry->address.four.sin_family = AF_INET;
        entry->address.four.sin_port = (in_port_t)port;
        memcpy(&entry->address.four.sin_addr, found->bytes, 4);
    }
    return &entry->info;
}

// Every address with every kind of socket that was asked for.
static int combine(const struct found *found, unsigned scope, const char *service, const struct addrinfo *hints,
                   struct addrinfo **result) {
    struct addrinfo **last = result;
    int code = EAI_SERVICE, matched = 0;
    *result = NULL;
    for (int at = 0; at < found->count; at++) {
        for (size_t which = 0; which < sizeof kinds / sizeof *kinds; which++) {
            const struct kind *kind = &kinds[which];
            if (hints->ai_socktype != 0 && hints->ai_socktype != kind->type) continue;
            if (hints->ai_protocol != 0 && hints->ai_protocol != kind->protocol) continue;
            matched = 1;
            int port = port_of(service, kind->name, hints->ai_flags);
            if (port < 0) {
                code = port;
                continue;
            }
            *last = make(&found->list[at], scope, port, kind);
            if (*last == NULL) {
                freeaddrinfo(*result);
                return EAI_MEMORY;
            }
            last = &(*last)->ai_next;
        }
    }
    if (!matched) return EAI_SOCKTYPE;
    return *result == NULL ? code : 0;
}

int getaddrinfo(const char *restrict node, const char *restrict service, const struct addrinfo *restrict hints,
                struct addrinfo **restrict result) {
    static const struct addrinfo none;
    struct found found;
    unsigned scope = 0;
    int code = 1;
    found.count = 0;
    if (hints == NULL) hints = &none;
    int family = hints->ai_family;
    if (family != AF_UNSPEC && family != AF_INET && family != AF_INET6) return EAI_FAMILY;
    if (node == NULL && service == NULL) return EAI_NONAME;
    if (node == NULL && hints->ai_flags & AI_CANONNAME) return EAI_BADFLAGS;
    if (node == NULL) {
        own(family, hints->ai_flags & AI_PASSIVE, &found);
    } else {
        code = number(node, family, &found, &scope);
        if (code == 0) code = hints->ai_flags & AI_NUMERICHOST ? EAI_NONAME : look_up(node, family, &found);
        if (code < 0) return code;
    }
    code = combine(&found, scope, service, hints, result);
    if (code == 0 && hints->ai_flags & AI_CANONNAME) {
        (*result)->ai_canonname = strdup(node);
        if ((*result)->ai_canonname == NULL) {
            freeaddrinfo(*result);
            return EAI_MEMORY;
        }
    }
    return code;
}

void freeaddrinfo(struct addrinfo *list) {
    while (list != NULL) {
        struct addrinfo *next = list->ai_next;
        free(list->ai_canonname);
        free(list);
        list = next;
    }
}

// The machine's own addresses have a name; no other is looked up backwards.
static const char own_name[] = "localhost";

static int is_own(int family, const void *address) {
    static const uint8_t six[16] = {[15] = 1};
    return family == AF_INET ? *(const uint8_t *)address == 127 : memcmp(address, six, sizeof six) == 0;
}

static void add_scope(char *text, unsigned scope) {
    char name[IF_NAMESIZE];
    char *end = text + strlen(text);
    if (if_indextoname(scope, name) != NULL) sprintf(end, "%%%s", name);
    else sprintf(end, "%%%u", scope);
}

int getnameinfo(const struct sockaddr *restrict address, socklen_t address_len, char *restrict node, socklen_t node_len,
                char *restrict service, socklen_t service_len, int flags) {
    char text[INET6_ADDRSTRLEN + IF_NAMESIZE];
    int port, own;
    if (address->sa_family == AF_INET && address_len >= sizeof(struct sockaddr_in)) {
        const struct sockaddr_in *four = (const struct sockaddr_in *)address;
        inet_ntop(AF_INET, &four->sin_addr, text, sizeof text);
        port = four->sin_port;
        own = is_own(AF_INET, &four->sin_addr);
    } else if (address->sa_family == AF_INET6 && address_len >= sizeof(struct sockaddr_in6)) {
        const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)address;
        inet_ntop(AF_INET6, &six->sin6_addr, text, sizeof text);
        port = six->sin6_port;
        own = is_own(AF_INET6, &six->sin6_addr);
        if (six->sin6_scope_id != 0) add_scope(text, six->sin6_scope_id);
    } else {
        return EAI_FAMILY;
    }
    if (node != NULL && node_len > 0) {
        if (own && !(flags & NI_NUMERICHOST)) strcpy(text, own_name);
        else if (flags & NI_NAMEREQD) return EAI_NONAME;
        if (strlen(text) >= node_len) return EAI_OVERFLOW;
        strcpy(node, text);
    }
    if (service != NULL && service_len > 0) {
        const struct servent *known =
            flags & NI_NUMERICSERV ? NULL : getservbyport(port, flags & NI_DGRAM ? "udp" : "tcp");
        int len = known == NULL ? snprintf(service, service_len, "%u", ntohs((uint16_t)port))
                                : snprintf(service, service_len, "%s", known->s_name);
        if (len >= (int)service_len) return EAI_OVERFLOW;
    }
    return 0;
}

const char *gai_strerror(int code) {
    switch (code) {
        case EAI_BADFLAGS: return "Bad value for ai_flags";
        case EAI_NONAME: return "Name or service not known";
        case EAI_AGAIN: return "Temporary failure in name resolution";
        case EAI_FAIL: return "Non-recoverable failure in name resolution";
        case EAI_NODATA: return "No address associated with hostname";
        case EAI_FAMILY: return "ai_family not supported";
        case EAI_SOCKTYPE: return "ai_socktype not supported";
        case EAI_SERVICE: return "Servname not supported for ai_socktype";
        case EAI_MEMORY: return "Memory allocation failure";
        case EAI_SYSTEM: return "System error";
        case EAI_OVERFLOW: return "Argument buffer overflow";
        default: return "Unknown error";
    }
}

struct hostent *gethostbyname(const char *name) {
    static struct hostent host;
    static char asked[NAME_BYTES_MAX + 1], *no_aliases[1], *addresses[ADDRESSES_MAX + 1];
    static struct found found;
    unsigned scope;
    found.count = 0;
    int code = number(name, AF_INET, &found, &scope);
    if (code == 0) code = look_up(name, AF_INET, &found);
    if (code < 0) {
        h_errno = code == EAI_AGAIN || code == EAI_SYSTEM ? TRY_AGAIN : HOST_NOT_FOUND;
        return NULL;
    }
    for (int at = 0; at < found.count; at++) addresses[at] = (char *)found.list[at].bytes;
    addresses[found.count] = NULL;
    snprintf(asked, sizeof asked, "%s", name);
    host = (struct hostent){asked, no_aliases, AF_INET, 4, addresses};
    return &host;
}

struct hostent *gethostbyaddr(const void *address, socklen_t len, int family) {
    static struct hostent host;
    static char bytes[16], *no_aliases[1], *addresses[] = {bytes, NULL};
    if (len != (family == AF_INET ? 4 : 16) || !is_own(family, address)) {
        h_errno = HOST_NOT_FOUND;
        return NULL;
    }
    memcpy(bytes, address, len);
    host = (struct hostent){(char *)own_name, no_aliases, family, (int)len, addresses};
    return &host;
}

const char *hstrerror(int code) {
    switch (code) {
        case HOST_NOT_FOUND: return "Unknown host";
        case TRY_AGAIN: return "Host name lookup failure";
        case NO_RECOVERY: return "Unknown server error";
        case NO_DATA: return "No address associated with name";
        default: return "Resolver error";
    }
}
