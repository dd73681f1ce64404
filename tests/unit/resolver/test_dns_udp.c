#include <errno.h>
#include <poll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "resolver/dns_id.h"
#include "resolver/dns_query.h"
#include "resolver/dns_transport.h"
#include "resolver/dns_udp.h"
#include "tests/unit/resolver/wire.h"

#define PATIENCE_NS 30000000000U

/* What the system says instead of what it would. */

static bool no_room; /* for datagrams */
static int send_error;
static unsigned send_errors; /* how many times */
static int receive_error;    /* once */
static uint16_t drawn[8];
static unsigned drawn_count;

int sendmmsg(int fd, struct mmsghdr *headers, unsigned count, int flags)
{
    if (no_room) {
        errno = EAGAIN;
        return -1;
    }
    if (send_errors > 0) {
        send_errors--;
        errno = send_error;
        return -1;
    }
    return (int)syscall(SYS_sendmmsg, fd, headers, count, flags);
}

int recvmmsg(int fd, struct mmsghdr *headers, unsigned count, int flags, struct timespec *timeout)
{
    if (receive_error != 0) {
        errno = receive_error;
        receive_error = 0;
        return -1;
    }
    return (int)syscall(SYS_recvmmsg, fd, headers, count, flags, timeout);
}

/* Ids are taken from the end. */
ssize_t getrandom(void *to, size_t len, unsigned flags)
{
    ssize_t n = syscall(SYS_getrandom, to, len, flags);
    for (unsigned i = 0; i < drawn_count && len == sizeof(((struct dns_ids *)NULL)->id); i++) {
        ((uint16_t *)to)[DNS_IDS_MAX - 1 - i] = drawn[i];
    }
    return n;
}

static void draw(const uint16_t *ids, unsigned count)
{
    memcpy(drawn, ids, count * sizeof(ids[0]));
    drawn_count = count;
}

/* A question of ours and what became of it. */
struct asking {
    struct dns_exchange exchange;
    unsigned calls;
    enum dns_transport_end end;
    unsigned rcode;
};

/* A question as it came to the server. */
struct came {
    struct sockaddr_in from;
    struct wire wire; /* to be made the answer */
};

struct stage {
    uv_loop_t loop;
    uv_timer_t turn;
    struct dns_transport *transport;
    int server;
    struct sockaddr_in address;
};

static void on_end(struct dns_exchange *exchange, enum dns_transport_end end, struct span answer)
{
    struct asking *a = (struct asking *)exchange;
    a->calls++;
    a->end = end;
    a->rcode = end == DNS_TRANSPORT_ANSWER ? dns_message_rcode(answer) : DNS_RCODE_NONE;
    cr_expect_eq(answer.at != NULL, end == DNS_TRANSPORT_ANSWER);
}

static void on_turn(uv_timer_t *timer)
{
    (void)timer;
}

static int loopback_socket(struct sockaddr_in *address)
{
    socklen_t len = sizeof(*address);
    int size = 8 * 1024 * 1024;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    *address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7F000001)};
    CHECK(fd >= 0 && bind(fd, (struct sockaddr *)address, len) == 0 &&
          getsockname(fd, (struct sockaddr *)address, &len) == 0);
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
    return fd;
}

static void stage_start(struct stage *s, uint32_t timeout_ms)
{
    struct net_addr address = net_addr_v4((uint8_t[]){127, 0, 0, 1});
    CHECK(uv_loop_init(&s->loop) == 0 && uv_timer_init(&s->loop, &s->turn) == 0);
    CHECK(uv_timer_start(&s->turn, on_turn, 1, 1) == 0);
    s->server = loopback_socket(&s->address);
    s->transport = dns_transport_new(&s->loop, timeout_ms, on_end);
    dns_transport_add_server(s->transport, &address, ntohs(s->address.sin_port));
}

static void on_transport_closed(void *arg)
{
    *(bool *)arg = true;
}

static void stage_stop(struct stage *s)
{
    bool closed = false;
    dns_transport_free(s->transport, on_transport_closed, &closed);
    uv_close((uv_handle_t *)&s->turn, NULL);
    (void)uv_run(&s->loop, UV_RUN_DEFAULT);
    cr_expect(closed);
    cr_expect_eq(uv_loop_close(&s->loop), 0, "a handle is left open");
    (void)close(s->server);
}

static void turn(struct stage *s)
{
    (void)uv_run(&s->loop, UV_RUN_ONCE);
    dns_transport_tick(s->transport);
}

static void run_for(struct stage *s, uint64_t ms)
{
    uint64_t end_ns = uv_hrtime() + ms * 1000000U;
    while (uv_hrtime() < end_ns) {
        turn(s);
    }
}

static void run_until_ended(struct stage *s, const struct asking *a)
{
    uint64_t give_up_ns = uv_hrtime() + PATIENCE_NS;
    while (a->calls == 0 && uv_hrtime() < give_up_ns) {
        turn(s);
    }
    cr_assert_eq(a->calls, 1);
}

static void run_until_passed_over(struct stage *s, uint64_t count)
{
    uint64_t give_up_ns = uv_hrtime() + PATIENCE_NS;
    while (dns_transport_passed_over(s->transport) < count && uv_hrtime() < give_up_ns) {
        turn(s);
    }
    cr_assert_eq(dns_transport_passed_over(s->transport), count);
}

static void queue_question(struct stage *s, const char *name, struct asking *a)
{
    struct dns_query_options options = {.edns = true, .payload = DNS_PAYLOAD_NETWORK};
    struct dns_name wire;
    uint8_t octets[DNS_QUERY_MAX];
    CHECK(dns_name_from_text(span_of(name), &wire));
    size_t len = dns_query_build(&wire, DNS_TYPE_MX, &options, octets);
    memset(a, 0, sizeof(*a));
    dns_transport_send(s->transport, 0, false, (struct span){octets, len}, &a->exchange);
}

static bool server_receives(const struct stage *s, struct came *c)
{
    socklen_t len = sizeof(c->from);
    ssize_t n =
        recvfrom(s->server, c->wire.at, sizeof(c->wire.at), 0, (struct sockaddr *)&c->from, &len);
    c->wire.len = n > 0 ? (size_t)n : 0;
    c->wire.at[2] |= 0x80U;
    return n > 0;
}

static void ask(struct stage *s, const char *name, struct asking *a, struct came *c)
{
    queue_question(s, name, a);
    dns_transport_flush(s->transport);
    struct pollfd wait = {.fd = s->server, .events = POLLIN};
    CHECK(poll(&wait, 1, 10000) == 1 && server_receives(s, c));
}

static void send_from(int fd, const struct came *to, const struct wire *w)
{
    CHECK(sendto(fd, w->at, w->len, 0, (const struct sockaddr *)&to->from, sizeof(to->from)) ==
          (ssize_t)w->len);
}

static void answer(const struct stage *s, const struct came *c)
{
    send_from(s->server, c, &c->wire);
}

/* RFC 5452 section 9.1: an answer has to fit in everything. */

struct forgery {
    const char *what;
    size_t at; /* the octet that is changed, */
    uint8_t by;
    size_t cut; /* or the octets that are kept */
};

/* The question is \4name\4test\0, type, class. */
static const struct forgery forgeries[] = {
    {"id", 1, 0x01, 0},
    {"id", 0, 0x80, 0},
    {"no answer", 2, 0x80, 0},
    {"opcode", 2, 0x10, 0},
    {"no question", 5, 0x01, 0},
    {"256 more questions", 4, 0x01, 0},
    {"two questions", 5, 0x02, 0},
    {"another name", 13, 0x01, 0},
    {"another name", 21, 0x01, 0},
    {"labels that end earlier", 12, 0x01, 0},
    {"labels that end later", 22, 0x01, 0},
    {"the type by a bit that makes a letter another case", 24, 0x20, 0},
    {"the type", 23, 0x01, 0},
    {"the class", 26, 0x02, 0},
    {"the class", 25, 0x01, 0},
    {"cut in the question", 0, 0, 26},
    {"a header", 0, 0, 12},
    {"less than a header", 0, 0, 11},
    {"one octet", 0, 0, 1},
};

Test(dns_udp, what_answers_no_question_is_passed_over)
{
    static struct came c;
    struct stage s;
    struct asking a;
    stage_start(&s, 10000);
    ask(&s, "name.test", &a, &c);
    for (size_t i = 0; i < sizeof(forgeries) / sizeof(forgeries[0]); i++) {
        static struct wire w;
        const struct forgery *f = &forgeries[i];
        w = c.wire;
        w.at[f->at] ^= f->by;
        w.len = f->cut > 0 ? f->cut : w.len;
        send_from(s.server, &c, &w);
        run_until_passed_over(&s, i + 1);
        cr_expect_eq(a.calls, 0, "%s", f->what);
    }
    answer(&s, &c);
    run_until_ended(&s, &a);
    cr_expect_eq(a.end, DNS_TRANSPORT_ANSWER);
    stage_stop(&s);
}

/* What Unbound says to those that its access-control keeps out. No answer without a question may say anything else. */
Test(dns_udp, an_error_may_be_a_header_alone)
{
    static struct came c;
    static struct wire w;
    struct stage s;
    struct asking a;
    stage_start(&s, 10000);
    ask(&s, "name.test", &a, &c);
    w = c.wire;
    memcpy(w.at + 2, "\x81\x05\0\0\0\0\0\0\0\0", 10);
    static const struct forgery no_answers[] = {
        {"an id", 1, 0x01, 12},     {"NOERROR", 3, 0x05, 12}, {"NXDOMAIN", 3, 0x06, 12},
        {"truncated", 2, 0x02, 12}, {"opcode", 2, 0x08, 12},  {"no answer", 2, 0x80, 12},
        {"with records", 7, 1, 12}, {"OPT said", 11, 1, 12},  {"octets behind", 6, 0, 13},
    };
    for (size_t i = 0; i < sizeof(no_answers) / sizeof(no_answers[0]); i++) {
        struct wire forged = w;
        forged.at[no_answers[i].at] ^= no_answers[i].by;
        forged.len = no_answers[i].cut;
        send_from(s.server, &c, &forged);
        run_until_passed_over(&s, i + 1);
        cr_expect_eq(a.calls, 0, "%s", no_answers[i].what);
    }
    w.len = 12;
    send_from(s.server, &c, &w);
    run_until_ended(&s, &a);
    cr_expect_eq(a.end, DNS_TRANSPORT_ANSWER);
    cr_expect_eq(a.rcode, DNS_RCODE_REFUSED);
    stage_stop(&s);
}

/* RFC 1035 section 2.3.3: servers may answer in another case. */
Test(dns_udp, the_case_of_letters_does_not_matter)
{
    static struct came c;
    struct stage s;
    struct asking a;
    stage_start(&s, 10000);
    ask(&s, "n-\\200a[.test", &a, &c);
    c.wire.at[13] ^= 0x20U; /* n */
    c.wire.at[16] ^= 0x20U; /* a */
    c.wire.at[17] ^= 0x20U; /* no letter */
    answer(&s, &c);
    run_until_passed_over(&s, 1);
    c.wire.at[17] ^= 0x20U;
    answer(&s, &c);
    run_until_ended(&s, &a);
    cr_expect_eq(a.end, DNS_TRANSPORT_ANSWER);
    stage_stop(&s);
}

/* The system keeps it from us: the port is connected. */
Test(dns_udp, the_right_octets_from_another_address_do_not_arrive)
{
    static struct came c;
    struct stage s;
    struct asking a;
    struct sockaddr_in elsewhere;
    int other = loopback_socket(&elsewhere);
    stage_start(&s, 60);
    ask(&s, "name.test", &a, &c);
    CHECK(sendto(other, c.wire.at, c.wire.len, 0, (struct sockaddr *)&c.from, sizeof(c.from)) > 0);
    elsewhere = (struct sockaddr_in){.sin_family = AF_INET,
                                     .sin_addr.s_addr = htonl(0x7F000002),
                                     .sin_port = s.address.sin_port};
    int alike = socket(AF_INET, SOCK_DGRAM, 0); /* its port, another address */
    CHECK(bind(alike, (struct sockaddr *)&elsewhere, sizeof(elsewhere)) == 0);
    CHECK(sendto(alike, c.wire.at, c.wire.len, 0, (struct sockaddr *)&c.from, sizeof(c.from)) > 0);
    run_until_ended(&s, &a);
    cr_expect_eq(a.end, DNS_TRANSPORT_TIMEOUT);
    cr_expect_eq(dns_transport_passed_over(s.transport), 0);
    (void)close(other);
    (void)close(alike);
    stage_stop(&s);
}

Test(dns_udp, an_answer_that_comes_twice_counts_once)
{
    static struct came c;
    struct stage s;
    struct asking a;
    stage_start(&s, 10000);
    ask(&s, "name.test", &a, &c);
    answer(&s, &c);
    answer(&s, &c);
    run_until_passed_over(&s, 1);
    cr_expect_eq(a.calls, 1);
    stage_stop(&s);
}

/* The id of a question that timed out is that of the next one. */
Test(dns_udp, a_late_answer_is_not_that_of_who_has_the_id_now)
{
    static struct came late;
    static struct came c;
    struct stage s;
    struct asking a;
    struct asking b;
    draw((uint16_t[]){0x1234, 0x1234}, 2);
    stage_start(&s, 60);
    ask(&s, "late.test", &a, &late);
    run_until_ended(&s, &a);
    cr_expect_eq(a.end, DNS_TRANSPORT_TIMEOUT);
    ask(&s, "next.test", &b, &c);
    cr_assert(memcmp(c.wire.at, "\x12\x34", 2) == 0 && memcmp(late.wire.at, "\x12\x34", 2) == 0);
    cr_assert_eq(c.from.sin_port, late.from.sin_port);
    answer(&s, &late);
    c.wire.at[3] |= DNS_RCODE_NXDOMAIN;
    answer(&s, &c);
    run_until_ended(&s, &b);
    cr_expect_eq(b.rcode, DNS_RCODE_NXDOMAIN);
    cr_expect_eq(dns_transport_passed_over(s.transport), 1);
    cr_expect_eq(a.calls, 1);
    stage_stop(&s);
}

Test(dns_udp, an_id_under_way_is_not_drawn_again)
{
    static struct came first;
    static struct came c;
    struct stage s;
    struct asking a;
    struct asking b;
    draw((uint16_t[]){7, 7, 7, 8}, 4);
    stage_start(&s, 10000);
    ask(&s, "same.test", &a, &first);
    ask(&s, "same.test", &b, &c);
    cr_expect_eq(first.wire.at[1], 7);
    cr_expect_eq(c.wire.at[1], 8);
    answer(&s, &c);
    run_until_ended(&s, &b);
    cr_expect_eq(a.calls, 0);
    answer(&s, &first);
    run_until_ended(&s, &a);
    stage_stop(&s);
}

/* RFC 5452 section 9.2: the id is that of a port. */
Test(dns_udp, an_answer_to_another_port_is_passed_over)
{
    static struct came first;
    static struct came c;
    static struct asking many[DNS_UDP_PORT_QUERIES];
    struct stage s;
    struct asking a;
    stage_start(&s, 60000);
    ask(&s, "first.test", &many[0], &first);
    for (unsigned i = 1; i < DNS_UDP_PORT_QUERIES; i++) {
        ask(&s, "name.test", &many[i], &c);
        cr_assert_eq(c.from.sin_port, first.from.sin_port);
        answer(&s, &c);
    }
    ask(&s, "name.test", &a, &c);
    cr_assert_neq(c.from.sin_port, first.from.sin_port);
    run_until_ended(&s, &many[DNS_UDP_PORT_QUERIES - 1]);
    send_from(s.server, &first, &c.wire);
    run_until_passed_over(&s, 1);
    cr_expect_eq(a.calls, 0);
    answer(&s, &c);
    run_until_ended(&s, &a);
    answer(&s, &first); /* its port is still open */
    run_until_ended(&s, &many[0]);
    cr_expect_eq(many[0].end, DNS_TRANSPORT_ANSWER);
    stage_stop(&s);
}

/* EAGAIN is no failure, and sooner or later there is room. */
Test(dns_udp, what_the_system_has_no_room_for_waits)
{
    static struct came c;
    static struct asking many[200];
    struct stage s;
    stage_start(&s, 10000);
    no_room = true;
    for (unsigned i = 0; i < 200; i++) {
        queue_question(&s, "name.test", &many[i]);
    }
    dns_transport_flush(s.transport);
    for (unsigned i = 0; i < 20; i++) {
        turn(&s);
        dns_transport_flush(s.transport);
    }
    cr_expect_not(server_receives(&s, &c));
    no_room = false;
    for (unsigned i = 0; i < 20; i++) {
        turn(&s); /* no flush: the port is writable */
    }
    for (unsigned i = 0; i < 200; i++) {
        cr_assert_eq(many[i].calls, 0);
        cr_assert(server_receives(&s, &c), "%u", i);
        answer(&s, &c);
    }
    for (unsigned i = 0; i < 200; i++) {
        run_until_ended(&s, &many[i]);
        cr_assert_eq(many[i].end, DNS_TRANSPORT_ANSWER);
    }
    stage_stop(&s);
}

/* And what never went out did not time out, nor can it be answered. */
Test(dns_udp, what_was_never_sent_is_a_fault_of_ours)
{
    static struct came c;
    struct stage s;
    struct asking first;
    struct asking a;
    struct asking b;
    draw((uint16_t[]){1, 2}, 2);
    stage_start(&s, 300);
    ask(&s, "name.test", &first, &c);
    answer(&s, &c);
    run_until_ended(&s, &first);
    no_room = true;
    queue_question(&s, "name.test", &a);
    dns_transport_flush(s.transport);
    c.wire.at[1] = 2; /* a lucky guess */
    answer(&s, &c);
    run_until_passed_over(&s, 1);
    run_until_ended(&s, &a);
    cr_expect_eq(a.end, DNS_TRANSPORT_LOCAL_FAULT);
    no_room = false;
    turn(&s);
    cr_expect_not(server_receives(&s, &c), "it is sent although it has ended");
    ask(&s, "name.test", &b, &c);
    answer(&s, &c);
    run_until_ended(&s, &b);
    cr_expect_eq(b.end, DNS_TRANSPORT_ANSWER);
    stage_stop(&s);
}

/* What takes long to go out may take as long as others to be answered. */
Test(dns_udp, the_wait_for_room_is_not_that_for_the_answer)
{
    static struct came c;
    struct stage s;
    struct asking a;
    stage_start(&s, 1500);
    no_room = true;
    queue_question(&s, "name.test", &a);
    dns_transport_flush(s.transport);
    run_for(&s, 1000);
    no_room = false;
    run_for(&s, 900);
    cr_assert_eq(a.calls, 0);
    cr_assert(server_receives(&s, &c));
    answer(&s, &c);
    run_until_ended(&s, &a);
    cr_expect_eq(a.end, DNS_TRANSPORT_ANSWER);
    stage_stop(&s);
}

/* A firewall of this machine, no route any more, an address that it had when the port was opened. */
Test(dns_udp, what_the_system_refuses_to_send_is_a_fault_of_ours)
{
    static const int errors[] = {EPERM, ENETUNREACH, EINVAL};
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        static struct came first;
        static struct came c;
        struct stage s;
        struct asking a[3];
        struct asking b;
        stage_start(&s, 10000);
        ask(&s, "name.test", &b, &first);
        for (unsigned k = 0; k < 3; k++) {
            queue_question(&s, "name.test", &a[k]);
        }
        send_error = errors[i];
        send_errors = 3; /* tries of one */
        dns_transport_flush(s.transport);
        cr_expect(a[0].calls == 1 && a[1].calls == 0 && a[2].calls == 0);
        cr_expect_eq(a[0].end, DNS_TRANSPORT_LOCAL_FAULT);
        for (unsigned k = 1; k < 3; k++) {
            cr_assert(server_receives(&s, &c), "the others are on their way");
            answer(&s, &c);
            run_until_ended(&s, &a[k]);
        }
        cr_expect_not(server_receives(&s, &c));
        ask(&s, "name.test", &a[0], &c);
        cr_expect_eq(c.from.sin_port == first.from.sin_port, errors[i] == EPERM);
        answer(&s, &first); /* its port is still open */
        run_until_ended(&s, &b);
        cr_expect_eq(b.end, DNS_TRANSPORT_ANSWER);
        stage_stop(&s);
    }
}

/* ICMP: the system tells it to whoever sends next, and does not send that. */
Test(dns_udp, an_error_of_an_earlier_datagram_loses_none)
{
    static struct came c;
    struct stage s;
    struct asking a;
    stage_start(&s, 10000);
    send_error = EHOSTUNREACH;
    send_errors = 2;
    ask(&s, "name.test", &a, &c);
    cr_expect_not(dns_transport_take_refusal(s.transport, 0));
    answer(&s, &c);
    run_until_ended(&s, &a);
    send_error = ECONNREFUSED;
    send_errors = 1;
    ask(&s, "name.test", &a, &c);
    cr_expect(dns_transport_take_refusal(s.transport, 0));
    stage_stop(&s);
}

/* An ICMP error is a hint, which anybody on the path can send: it ends nothing. */
Test(dns_udp, a_refused_port_is_told_and_ends_nothing)
{
    static struct came c;
    struct stage s;
    struct asking a;
    struct asking b;
    stage_start(&s, 3000);
    (void)close(s.server);
    cr_expect_not(dns_transport_take_refusal(s.transport, 0));
    queue_question(&s, "name.test", &a);
    dns_transport_flush(s.transport);
    bool refused = false;
    while (a.calls == 0 && !refused) {
        turn(&s);
        refused = dns_transport_take_refusal(s.transport, 0);
    }
    cr_expect_eq(a.calls, 0);
    cr_expect(refused);
    cr_expect_not(dns_transport_take_refusal(s.transport, 0));
    s.server = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    CHECK(bind(s.server, (struct sockaddr *)&s.address, sizeof(s.address)) == 0);
    ask(&s, "name.test", &b, &c);
    answer(&s, &c);
    run_until_ended(&s, &b);
    cr_expect_eq(b.end, DNS_TRANSPORT_ANSWER);
    cr_expect_eq(a.calls, 0, "the answer was read when the first question timed out only");
    run_until_ended(&s, &a);
    cr_expect_eq(a.end, DNS_TRANSPORT_TIMEOUT);
    stage_stop(&s);
}

/* A loop that was busy for longer than an answer may take. */
Test(dns_udp, an_answer_that_waits_in_the_kernel_is_no_timeout)
{
    static struct came c;
    static struct asking many[300];
    struct stage s;
    stage_start(&s, 100);
    for (unsigned i = 0; i < 300; i++) {
        ask(&s, "name.test", &many[i], &c);
        if (i != 7) {
            answer(&s, &c);
        }
    }
    uv_sleep(150);
    uv_update_time(&s.loop);
    receive_error = EHOSTUNREACH; /* ICMP: the answers stand behind it */
    dns_transport_tick(s.transport);
    for (unsigned i = 0; i < 300; i++) {
        cr_expect_eq(many[i].calls, 1);
        cr_expect_eq(many[i].end, i == 7 ? DNS_TRANSPORT_TIMEOUT : DNS_TRANSPORT_ANSWER, "%u", i);
    }
    stage_stop(&s);
}

Test(dns_udp, no_more_than_there_are_places_for)
{
    static struct came c;
    static struct asking many[DNS_UDP_UNDER_WAY];
    struct stage s;
    struct asking a;
    stage_start(&s, 10000);
    ask(&s, "name.test", &many[0], &c);
    for (unsigned i = 1; i < DNS_UDP_UNDER_WAY; i++) {
        queue_question(&s, "name.test", &many[i]);
        cr_assert_eq(many[i].calls, 0);
    }
    queue_question(&s, "name.test", &a);
    cr_expect_eq(a.calls, 1);
    cr_expect_eq(a.end, DNS_TRANSPORT_LOCAL_FAULT);
    answer(&s, &c);
    run_until_ended(&s, &many[0]);
    queue_question(&s, "name.test", &a);
    cr_expect_eq(a.calls, 0);
    queue_question(&s, "name.test", &many[0]);
    cr_expect_eq(many[0].end, DNS_TRANSPORT_LOCAL_FAULT);
    stage_stop(&s);
}

/* One question of each port is not answered: so many ports are kept, and no more. */
Test(dns_udp, ports_that_wait_are_bounded)
{
    enum {
        PORTS = DNS_UDP_PORTS_WAITING + 3,
        ROUND = DNS_UDP_PORT_QUERIES
    };
    static uint8_t seen[65536];
    static struct asking many[PORTS * ROUND];
    static struct came c;
    struct stage s;
    unsigned ports = 0;
    stage_start(&s, 600000);
    for (unsigned port = 0; port < PORTS; port++) {
        for (unsigned i = 0; i < ROUND; i++) {
            struct asking *a = &many[port * ROUND + i];
            ask(&s, "name.test", a, &c);
            ports += seen[c.from.sin_port] == 0;
            seen[c.from.sin_port] = 1;
            if (i > 0) {
                answer(&s, &c);
            }
            if (i % 256 == 255) {
                run_until_ended(&s, a);
            }
        }
    }
    cr_expect_eq(ports, DNS_UDP_PORTS_WAITING + 1, "%u", ports);
    stage_stop(&s);
}

Test(dns_udp, freed_with_questions_under_way_calls_nobody)
{
    static struct came c;
    struct stage s;
    struct asking a;
    struct asking b;
    stage_start(&s, 10000);
    ask(&s, "name.test", &a, &c);
    queue_question(&s, "name.test", &b);
    answer(&s, &c);
    stage_stop(&s);
    cr_expect(a.calls == 0 && b.calls == 0);
}
