#include "tests/lab/listener.h"

#include <errno.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/lab/address_plan.h"

#define UDP_BUFFER (4 * 1024 * 1024) /* octets; the kernel takes as much as it allows */
#define FILLERS    4                 /* connections that fill the backlog of a silent listener */

#define LOOPBACK_NET 127U

static struct sockaddr_in address_of(uint32_t address, uint16_t port)
{
    struct sockaddr_in in;
    memset(&in, 0, sizeof(in));
    in.sin_family = AF_INET;
    in.sin_addr.s_addr = htonl(address);
    in.sin_port = htons(port);
    return in;
}

static int close_failed(int fd)
{
    int saved = errno;
    (void)close(fd);
    errno = saved;
    return -1;
}

static int bound_to(const char *device, int type, const struct sockaddr *address, socklen_t len,
                    bool shared)
{
    int on = 1;
    int off = 0;
    int fd = socket(address->sa_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -1;
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (address->sa_family == AF_INET6) {
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
    }
    /* Any local address is reached through the loopback interface; nobody else shall reach us. */
    const char *interface = device != NULL ? device : "lo";
    int bound =
        setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, interface, (socklen_t)strlen(interface) + 1);
    if ((device != NULL && bound != 0) ||
        (shared && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) != 0) ||
        bind(fd, address, len) != 0) {
        return close_failed(fd);
    }
    return fd;
}

static int bound_socket(const char *device, int type, uint32_t address, uint16_t port, bool shared)
{
    struct sockaddr_in in = address_of(address, port);
    return bound_to(device, type, (const struct sockaddr *)&in, sizeof(in), shared);
}

static int listening(int fd)
{
    return fd >= 0 && listen(fd, LISTEN_BACKLOG) != 0 ? close_failed(fd) : fd;
}

int listener_udp(const char *device, uint16_t port)
{
    int size = UDP_BUFFER;
    int fd =
        bound_socket(device, SOCK_DGRAM, device != NULL ? INADDR_ANY : INADDR_LOOPBACK, port, true);
    if (fd >= 0) {
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
        (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
    }
    return fd;
}

int listener_names(const char *device, uint16_t port)
{
    uint32_t address = device != NULL ? INADDR_ANY : INADDR_LOOPBACK;
    return listening(bound_socket(device, SOCK_STREAM, address, port, true));
}

int listener_tcp(const char *device, uint16_t port)
{
    if (device == NULL) {
        return listening(bound_socket(NULL, SOCK_STREAM, INADDR_ANY, port, true));
    }
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    return listening(
        bound_to(device, SOCK_STREAM, (const struct sockaddr *)&in6, sizeof(in6), true));
}

bool listener_address(int fd, struct net_addr *out)
{
    struct sockaddr_storage any;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    socklen_t len = sizeof(any);
    if (getsockname(fd, (struct sockaddr *)&any, &len) != 0) {
        return false;
    }
    if (any.ss_family == AF_INET) {
        memcpy(&in, &any, sizeof(in));
        uint32_t local = ntohl(in.sin_addr.s_addr);
        *out = address_public_of(local);
        return local >> 24 == LOOPBACK_NET;
    }
    memcpy(&in6, &any, sizeof(in6));
    const uint8_t *octets = in6.sin6_addr.s6_addr;
    *out = IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr) ? net_addr_v4(octets + 12) : net_addr_v6(octets);
    return true;
}

bool listener_silent(uint16_t port)
{
    int fd = bound_socket(NULL, SOCK_STREAM, INADDR_ANY, port, false);
    if (fd < 0 || listen(fd, 0) != 0) {
        return false;
    }
    struct sockaddr_in to = address_of(INADDR_LOOPBACK, port);
    for (int i = 0; i < FILLERS; i++) {
        int filler = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (filler < 0 || (connect(filler, (const struct sockaddr *)&to, sizeof(to)) != 0 &&
                           errno != EINPROGRESS)) {
            return false;
        }
    }
    return true;
}

int listener_closed(uint16_t port)
{
    return bound_socket(NULL, SOCK_STREAM, INADDR_ANY, port, false);
}

void listener_pin(int fd, unsigned processes)
{
    const uint32_t ipv6_from = 0x7f800000; /* 127.128.0.0: what stands for IPv6, /48 in 18 bits */
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)SKF_NET_OFF + 16), /* destination address */
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, ipv6_from, 0, 2),
        BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 18),
        BPF_JUMP(BPF_JMP | BPF_JA, 1, 0, 0),
        BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 8), /* a /24 of IPv4 */
        BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, processes),
        BPF_STMT(BPF_RET | BPF_A, 0),
    };
    struct sock_fprog program = {.len = sizeof(code) / sizeof(code[0]), .filter = code};
    (void)setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof(program));
}
