#include "tests/lab/listener.h"

#include <errno.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define UDP_BUFFER (4 * 1024 * 1024) /* octets; the kernel takes as much as it allows */
#define FILLERS    4                 /* connections that fill the backlog of a silent listener */

static struct sockaddr_in address_of(uint32_t address, uint16_t port)
{
    struct sockaddr_in in;
    memset(&in, 0, sizeof(in));
    in.sin_family = AF_INET;
    in.sin_addr.s_addr = htonl(address);
    in.sin_port = htons(port);
    return in;
}

static int bound_socket(int type, uint32_t address, uint16_t port, bool shared)
{
    int on = 1;
    struct sockaddr_in in = address_of(address, port);
    int fd = socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -1;
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    /* Any local address is reached through the loopback interface; nobody else shall reach us. */
    (void)setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3);
    if ((shared && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) != 0) ||
        bind(fd, (const struct sockaddr *)&in, sizeof(in)) != 0) {
        int saved = errno;
        (void)close(fd);
        errno = saved;
        return -1;
    }
    return fd;
}

int listener_udp(uint16_t port)
{
    int size = UDP_BUFFER;
    int fd = bound_socket(SOCK_DGRAM, INADDR_LOOPBACK, port, true);
    if (fd >= 0) {
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
        (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
    }
    return fd;
}

int listener_tcp(uint32_t address, uint16_t port, int backlog)
{
    int fd = bound_socket(SOCK_STREAM, address, port, true);
    if (fd >= 0 && listen(fd, backlog) != 0) {
        int saved = errno;
        (void)close(fd);
        errno = saved;
        return -1;
    }
    return fd;
}

bool listener_silent(uint16_t port)
{
    int fd = bound_socket(SOCK_STREAM, INADDR_ANY, port, false);
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
    return bound_socket(SOCK_STREAM, INADDR_ANY, port, false);
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
