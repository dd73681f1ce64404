/**
 * What one DNS question costs us: a resolver asks for the MX of COUNT distinct names, a responder
 * in a second process answers each with two records.
 *
 *     bench_dns [COUNT [AT_ONCE]]            defaults 300000 and 4000
 *     bench_dns respond                      the responder alone: prints its port, answers until it is ended
 *
 * Prints the CPU seconds of the asking process alone, the system's share included. On loopback the
 * system's share holds part of the responder's receiving, so compare ratios, not absolute figures.
 * Run it on an idle machine with two cores.
 */

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "resolver/resolver.h"
#include "resolver/udp_batch.h"

#define COUNT_DEFAULT   300000
#define AT_ONCE_DEFAULT 4000
#define DATAGRAM_MAX    512 /* octets */

/* The answer behind the question: two MX records, names compressed. */
static const uint8_t records[] = "\300\14\0\17\0\1\0\0\1\54\0\10\0\12\3mx1\300\14"
                                 "\300\14\0\17\0\1\0\0\1\54\0\10\0\24\3mx2\300\14"
                                 "\0\0\51\20\0\0\0\200\0\0\0";

/* Turns a question into its answer. @return the length. */
static size_t answer_of(struct span question, uint8_t out[DATAGRAM_MAX])
{
    size_t len = DNS_HEADER_LEN;
    if (question.len < len || !dns_name_skip(question, &len) || len + 4 > question.len ||
        len + 4 + sizeof(records) > DATAGRAM_MAX) {
        return 0;
    }
    len += 4; /* type and class; the OPT record behind is not copied */
    memcpy(out, question.at, len);
    out[2] = 0x81;
    out[3] = 0x80;
    out[7] = 2;
    memcpy(out + len, records, sizeof(records) - 1);
    return len + sizeof(records) - 1;
}

/* Answers until the process that asked for it ends. */
static _Noreturn void respond(int fd)
{
    static struct mmsghdr in[UDP_BATCH];
    static struct mmsghdr out[UDP_BATCH];
    static struct iovec in_parts[UDP_BATCH];
    static struct iovec out_parts[UDP_BATCH];
    static uint8_t questions[UDP_BATCH][DATAGRAM_MAX];
    static uint8_t answers[UDP_BATCH][DATAGRAM_MAX];
    static struct sockaddr_in from[UDP_BATCH];
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) {
        for (unsigned i = 0; i < UDP_BATCH; i++) {
            in_parts[i] = (struct iovec){questions[i], DATAGRAM_MAX};
            in[i].msg_hdr = (struct msghdr){.msg_name = &from[i],
                                            .msg_namelen = sizeof(from[i]),
                                            .msg_iov = &in_parts[i],
                                            .msg_iovlen = 1};
        }
        int n = recvmmsg(fd, in, UDP_BATCH, MSG_WAITFORONE, NULL);
        unsigned count = 0;
        for (int i = 0; i < n; i++) {
            size_t len = answer_of((struct span){questions[i], in[i].msg_len}, answers[count]);
            out_parts[count] = (struct iovec){answers[count], len};
            out[count].msg_hdr = (struct msghdr){.msg_name = &from[i],
                                                 .msg_namelen = sizeof(from[i]),
                                                 .msg_iov = &out_parts[count],
                                                 .msg_iovlen = 1};
            count += len > 0;
        }
        for (unsigned sent = 0; sent < count;) {
            int m = sendmmsg(fd, out + sent, count - sent, 0);
            sent += m > 0 ? (unsigned)m : 1;
        }
    }
}

struct bench {
    struct resolver *resolver;
    uint64_t count;
    uint64_t begun;
    uint64_t answered;
    uint64_t repeats;
};

static void on_done(void *arg, uint64_t tag, const struct dns_answer *answer);

static void ask_next(struct bench *b)
{
    char name[32];
    int len = snprintf(name, sizeof(name), "d%llu.example", (unsigned long long)b->begun);
    struct span text = {(const uint8_t *)name, (size_t)len};
    resolver_ask(b->resolver, text, DNS_TYPE_MX, on_done, b, b->begun++);
}

static void on_done(void *arg, uint64_t tag, const struct dns_answer *answer)
{
    struct bench *b = arg;
    (void)tag;
    b->answered += answer->seen.state == DNS_DATA && answer->rr_count == 2;
    b->repeats += answer->asked - 1;
    if (b->begun < b->count) {
        ask_next(b);
    }
}

static double seconds_of(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static void print_result(const struct bench *b, double wall)
{
    struct rusage use;
    (void)getrusage(RUSAGE_SELF, &use);
    double user = seconds_of(use.ru_utime);
    double system = seconds_of(use.ru_stime);
    double cpu = user + system;
    (void)printf("%llu questions, %llu answers, %llu repeats\n", (unsigned long long)b->count,
                 (unsigned long long)b->answered, (unsigned long long)b->repeats);
    (void)printf("wall %.2f s, CPU %.2f s (user %.2f, system %.2f), peak memory %ld KiB\n", wall,
                 cpu, user, system, use.ru_maxrss);
    (void)printf("%.0f answers per CPU second, %.2f us each (user %.2f)\n",
                 (double)b->answered / cpu, cpu / (double)b->count * 1e6,
                 user / (double)b->count * 1e6);
}

static uint64_t number(const char *text, uint64_t otherwise)
{
    unsigned long long n = text != NULL ? strtoull(text, NULL, 10) : 0;
    return n > 0 ? n : otherwise;
}

int main(int argc, char **argv)
{
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t here_len = sizeof(here);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&here, sizeof(here)) != 0 ||
        getsockname(fd, (struct sockaddr *)&here, &here_len) != 0) {
        perror("bench_dns");
        return 1;
    }
    udp_socket_enlarge(fd);
    if (argc > 1 && strcmp(argv[1], "respond") == 0) {
        (void)printf("%u\n", ntohs(here.sin_port));
        (void)fflush(stdout);
        respond(fd);
    }
    pid_t responder = fork();
    if (responder == 0) {
        respond(fd);
    }
    struct net_endpoint server = {net_addr_v4((uint8_t[]){127, 0, 0, 1}), ntohs(here.sin_port)};
    uv_loop_t loop;
    (void)uv_loop_init(&loop);
    struct bench b = {.count = number(argc > 1 ? argv[1] : NULL, COUNT_DEFAULT)};
    uint64_t at_once = number(argc > 2 ? argv[2] : NULL, AT_ONCE_DEFAULT);
    b.resolver =
        resolver_new(&loop, &(struct resolver_params){.servers = &server, .server_count = 1});
    uint64_t start_ns = uv_hrtime();
    while (b.begun < b.count && b.begun < at_once) {
        ask_next(&b);
    }
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    print_result(&b, (double)(uv_hrtime() - start_ns) / 1e9);
    resolver_free(b.resolver);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    (void)uv_loop_close(&loop);
    (void)kill(responder, SIGKILL);
    (void)waitpid(responder, NULL, 0);
    return b.answered == b.count ? 0 : 1;
}
