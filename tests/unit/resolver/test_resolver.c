#include <errno.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "resolver/dns_transport.h"
#include "resolver/resolver.h"
#include "tests/unit/resolver/describe.h"
#include "tests/unit/resolver/peer.h"

#define PEERS 3

/* The system says so of this port, as if there were no route. */
static uint16_t no_way_to;

int connect(int fd, __CONST_SOCKADDR_ARG to, socklen_t len)
{
    const struct sockaddr_in *in = to.__sockaddr_in__;
    if (no_way_to != 0 && in->sin_family == AF_INET && in->sin_port == htons(no_way_to)) {
        errno = ENETUNREACH;
        return -1;
    }
    return (int)syscall(SYS_connect, fd, in, len);
}

/* A loop with some peers and a resolver that knows them. */
struct scene {
    uv_loop_t loop;
    struct peer peers[PEERS];
    size_t peer_count;
    struct resolver *resolver;
    struct buf got; /* the last answer as text */
    unsigned asked; /* of the last answer */
    bool tcp;
    unsigned calls;
    unsigned timeouts; /* of them */
    bool asking;       /* inside resolver_ask() */
};

static void scene_start(struct scene *s, size_t peers, const struct resolver_params *params)
{
    struct net_endpoint servers[PEERS];
    struct resolver_params p = *params;
    memset(s, 0, sizeof(*s));
    s->got = BUF_INIT(BUF_NO_LIMIT);
    s->peer_count = peers;
    CHECK(uv_loop_init(&s->loop) == 0);
    for (size_t i = 0; i < peers; i++) {
        CHECK(peer_start(&s->peers[i], &s->loop, "127.0.0.1"));
        servers[i].address = s->peers[i].address;
        servers[i].port = s->peers[i].port;
    }
    p.servers = servers;
    p.server_count = peers;
    s->resolver = resolver_new(&s->loop, &p);
}

static void scene_stop(struct scene *s)
{
    resolver_free(s->resolver);
    for (size_t i = 0; i < s->peer_count; i++) {
        peer_stop(&s->peers[i]);
    }
    (void)uv_run(&s->loop, UV_RUN_DEFAULT);
    cr_expect_eq(uv_loop_close(&s->loop), 0, "a handle is left open");
    buf_deinit(&s->got);
}

static void on_done(void *arg, uint64_t tag, const struct dns_answer *answer)
{
    struct scene *s = arg;
    (void)tag;
    cr_expect_not(s->asking, "called from inside resolver_ask()");
    s->calls++;
    s->timeouts += answer->seen.state == DNS_TIMEOUT;
    s->asked = answer->asked;
    s->tcp = answer->seen.tcp;
    describe(answer, &s->got);
}

static void ask(struct scene *s, const char *name, uint16_t type)
{
    s->asking = true;
    resolver_ask(s->resolver, span_of(name), type, on_done, s, 7);
    s->asking = false;
}

/* Runs until nothing is pending. */
static void run(struct scene *s)
{
    (void)uv_run(&s->loop, UV_RUN_DEFAULT);
    cr_expect_eq(resolver_pending(s->resolver), 0);
}

struct question_case {
    const char *why;
    const char *name;
    const char *want;
    unsigned asked;
    bool tcp;
};

static const struct question_case cases[] = {
    {"an answer", "data.test", "data 0 ttl=60 ede=-1: 192.0.2.1", 1, false},
    {"RFC 2308 2.1", "nx.test", "nxdomain 3 ttl=0 ede=-1:", 1, false},
    {"RFC 2308 2.2", "nodata.test", "nodata 0 ttl=0 ede=-1:", 1, false},
    {"RFC 2308 2.2, referral", "referral.test", "refused 0 ttl=0 ede=-1:", 1, false},
    {"RFC 1035 4.1.1", "refused.test", "refused 5 ttl=0 ede=-1:", 1, false},
    {"RFC 1035 4.1.1", "notimp.test", "other_rcode 4 ttl=0 ede=-1:", 1, false},
    {"SERVFAIL, and again with CD", "servfail.test", "servfail 2 ttl=0 ede=-1:", 2, false},
    {"RFC 4035 5.5: data with CD", "bogus.test", "bogus 0 ttl=60 ede=6: 192.0.2.1", 2, false},
    {"no data with CD", "bogusnx.test", "servfail 2 ttl=0 ede=6:", 2, false},
    {"record of a wrong length", "malformed.test", "malformed 0 ttl=0 ede=-1:", 1, false},
    {"RFC 6891 7: FORMERR, then without EDNS", "formerr.test", "data 0 ttl=60 ede=-1: 192.0.2.1", 2,
     false},
    {"REFUSED in a header alone, as of Unbound", "barerefused.test", "refused 5 ttl=0 ede=-1:", 1,
     false},
    {"FORMERR in one, then without EDNS", "bareformerr.test", "data 0 ttl=60 ede=-1: 192.0.2.1", 2,
     false},
    {"a datagram got lost", "once.test", "data 0 ttl=60 ede=-1: 192.0.2.1", 2, false},
    {"nobody answers", "silent.test", "timeout 255 ttl=0 ede=-1:", 2, false},
    {"RFC 5452 9.1: what does not match is ignored", "noise.test",
     "data 0 ttl=60 ede=-1: 192.0.2.1", 1, false},
    {"RFC 7766 5, but TCP only closes", "tc.close.test", "timeout 255 ttl=0 ede=-1:", 4, true},
    {"no name (RFC 1035 2.3.4)", "a..test", "name_invalid 255 ttl=0 ede=-1:", 0, false},
};

Test(resolver, one_server)
{
    struct scene s;
    scene_start(&s, 1, &(struct resolver_params){.timeout_ms = 400, .tries = 2});
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct question_case *c = &cases[i];
        s.calls = 0;
        ask(&s, c->name, DNS_TYPE_A);
        run(&s);
        cr_expect_eq(s.calls, 1, "%s: %u calls", c->name, s.calls);
        cr_assert(s.got.len > 0);
        cr_expect_str_eq((const char *)s.got.at, c->want, "%s, %s: %s", c->name, c->why,
                         (const char *)s.got.at);
        cr_expect_eq(s.asked, c->asked, "%s, %s: asked %u", c->name, c->why, s.asked);
        cr_expect_eq(s.tcp, c->tcp, "%s, %s: tcp", c->name, c->why);
    }
    /* Of all these questions two only were to be without EDNS. */
    cr_expect_eq(s.peers[0].plain_questions, 2, "%u", s.peers[0].plain_questions);
    scene_stop(&s);
}

/* RFC 7766 section 5: TC means to ask again over TCP. 400 records and a TXT of 64 KiB come whole. */
Test(resolver, long_answers_over_tcp)
{
    struct scene s;
    scene_start(&s, 1, &(struct resolver_params){.timeout_ms = 2000, .tries = 2});
    ask(&s, "tc.test", DNS_TYPE_MX);
    run(&s);
    cr_assert(s.got.len > 0);
    cr_expect(s.tcp && s.asked == 2 && s.calls == 1);
    cr_expect_not_null(strstr((const char *)s.got.at, " 0/mx.test "));
    cr_expect_not_null(strstr((const char *)s.got.at, " 399/mx.test"));
    ask(&s, "tctxt.test", DNS_TYPE_TXT);
    run(&s);
    cr_expect(s.tcp && s.asked == 2 && s.calls == 2);
    cr_expect_eq(s.got.len, strlen("data 0 ttl=60 ede=-1: ") + 260 * 249 + 1, "%zu", s.got.len);
    ask(&s, "large.test", DNS_TYPE_MX); /* longer than we offered to take: cut, so asked over TCP */
    run(&s);
    cr_expect(s.tcp && s.asked == 2 && s.calls == 3);
    cr_expect_not_null(strstr((const char *)s.got.at, " 399/mx.test"));
    cr_expect_eq(s.peers[0].connections, 1);
    scene_stop(&s);
}

/* An idle TCP connection that the server ends must not touch a question under way over UDP. */
Test(resolver, tcp_closing_leaves_udp_alone)
{
    struct scene s;
    scene_start(&s, 1, &(struct resolver_params){.timeout_ms = 3000, .tries = 1});
    ask(&s, "held.test", DNS_TYPE_A);
    ask(&s, "tc.close.test", DNS_TYPE_A);
    while (s.calls == 0) {
        (void)uv_run(&s.loop, UV_RUN_ONCE);
    }
    cr_expect_eq(s.asked, 2);
    cr_expect_eq(s.peers[0].connections, 1);
    ask(&s, "release.test", DNS_TYPE_A);
    run(&s);
    cr_expect_eq(s.calls, 3);
    cr_expect_eq(s.asked, 1);
    cr_expect_eq(s.peers[0].udp_questions, 3, "%u", s.peers[0].udp_questions);
    scene_stop(&s);
}

/* A server may work on a connection's queries in turn (RFC 7766 section 6.2.1.1). */
Test(resolver, an_answer_that_never_comes_holds_up_no_other)
{
    struct scene s;
    scene_start(&s, 1, &(struct resolver_params){.timeout_ms = 600, .tries = 3});
    ask(&s, "tc.stuck.test", DNS_TYPE_MX);
    for (unsigned i = 0; i < 20; i++) {
        ask(&s, "tc.test", DNS_TYPE_MX);
    }
    run(&s);
    cr_expect_eq(s.calls, 21);
    cr_expect_eq(s.timeouts, 1, "%u", s.timeouts);
    cr_expect_gt(s.peers[0].connections, 1);
    scene_stop(&s);
}

static void on_release(uv_timer_t *timer)
{
    ask(timer->data, "release.test", DNS_TYPE_A);
}

/* Quick answers before do not make the wait for a slow one shorter (c-ares 1.32 and later adapt). */
Test(resolver, a_slow_answer_is_waited_for)
{
    struct scene s;
    uv_timer_t timer;
    scene_start(&s, 1, &(struct resolver_params){.timeout_ms = 2000, .tries = 2});
    for (int i = 0; i < 50; i++) {
        ask(&s, "data.test", DNS_TYPE_A);
    }
    run(&s);
    CHECK(uv_timer_init(&s.loop, &timer) == 0);
    timer.data = &s;
    CHECK(uv_timer_start(&timer, on_release, 700, 0) == 0);
    ask(&s, "held.test", DNS_TYPE_A);
    run(&s);
    cr_expect_eq(s.calls, 52);
    cr_expect_eq(s.peers[0].udp_questions, 52, "%u", s.peers[0].udp_questions);
    uv_close((uv_handle_t *)&timer, NULL);
    scene_stop(&s);
}

struct servers_case {
    const char *why;
    const char *name;
    bool silent[2];
    bool servfails[2];
    bool refuses[2];
    const char *want;
    unsigned asked_most;
    unsigned cd;
};

static const struct servers_case servers_cases[] = {
    {"first silent", "data.test", {true}, {false}, {false}, "data 0", 2, 0},
    {"second silent", "data.test", {false, true}, {false}, {false}, "data 0", 2, 0},
    {"one fails", "data.test", {false}, {true}, {false}, "data 0", 2, 0},
    {"the other fails", "data.test", {false}, {false, true}, {false}, "data 0", 2, 0},
    {"one refuses", "data.test", {false}, {false}, {true}, "data 0", 2, 0},
    {"both refuse", "data.test", {false}, {false}, {true, true}, "refused 5", 2, 0},
    {"both fail", "data.test", {false}, {true, true}, {false}, "servfail 2", 3, 1},
    {"fails and refuses: the worse",
     "data.test",
     {false},
     {true},
     {false, true},
     "servfail 2",
     3,
     1},
    {"fails and silent", "data.test", {false, true}, {true}, {false}, "servfail 2", 4, 1},
    {"both bogus", "bogus.test", {false}, {false}, {false}, "bogus 0", 3, 1},
    {"both silent", "data.test", {true, true}, {false}, {false}, "timeout 255", 4, 0},
};

Test(resolver, two_servers)
{
    for (size_t i = 0; i < sizeof(servers_cases) / sizeof(servers_cases[0]); i++) {
        const struct servers_case *c = &servers_cases[i];
        struct scene s;
        scene_start(&s, 2, &(struct resolver_params){.timeout_ms = 250, .tries = 2});
        for (size_t k = 0; k < 2; k++) {
            s.peers[k].silent = c->silent[k];
            s.peers[k].servfails = c->servfails[k];
            s.peers[k].refuses = c->refuses[k];
        }
        ask(&s, c->name, DNS_TYPE_A);
        run(&s);
        cr_assert(s.got.len > 0);
        cr_expect_eq(strncmp((const char *)s.got.at, c->want, strlen(c->want)), 0, "%s: %s", c->why,
                     (const char *)s.got.at);
        cr_expect(s.asked >= 1 && s.asked <= c->asked_most, "%s: asked %u", c->why, s.asked);
        cr_expect_eq(s.peers[0].cd_questions + s.peers[1].cd_questions, c->cd, "%s: CD", c->why);
        scene_stop(&s);
    }
}

Test(resolver, server_over_ipv6)
{
    struct scene s;
    struct peer six;
    scene_start(&s, 0, &(struct resolver_params){0});
    resolver_free(s.resolver);
    bool has_ipv6 = peer_start(&six, &s.loop, "::1");
    struct net_endpoint server = {six.address, six.port};
    s.resolver = resolver_new(
        &s.loop,
        &(struct resolver_params){.servers = &server, .server_count = 1, .timeout_ms = 2000});
    if (has_ipv6) {
        ask(&s, "data.test", DNS_TYPE_A);
        run(&s);
        cr_expect_str_eq((const char *)s.got.at, "data 0 ttl=60 ede=-1: 192.0.2.1");
        ask(&s, "tc.test", DNS_TYPE_MX);
        run(&s);
        cr_expect(s.tcp && s.asked == 2 && s.calls == 2);
    }
    peer_stop(&six);
    scene_stop(&s);
    if (!has_ipv6) {
        cr_skip_test("no IPv6 loopback address");
    }
}

#define MANY 20000

struct many {
    uint8_t calls[MANY];
    unsigned data;
    unsigned repeats;
};

static void on_one_of_many(void *arg, uint64_t tag, const struct dns_answer *answer)
{
    struct many *m = arg;
    m->calls[tag]++;
    m->data += answer->seen.state == DNS_DATA && answer->rr_count == 1;
    m->repeats += answer->asked - 1;
}

Test(resolver, many_questions_each_answered_once)
{
    static struct many m;
    struct scene s;
    scene_start(&s, 2, &(struct resolver_params){.timeout_ms = 2000, .tries = 5});
    for (unsigned i = 0; i < MANY; i++) {
        char name[32];
        (void)snprintf(name, sizeof(name), "n%u.test", i);
        resolver_ask(s.resolver, span_of(name), DNS_TYPE_A, on_one_of_many, &m, i);
    }
    cr_expect_eq(resolver_pending(s.resolver), MANY);
    run(&s);
    for (unsigned i = 0; i < MANY; i++) {
        cr_assert_eq(m.calls[i], 1, "question %u: %u calls", i, m.calls[i]);
    }
    cr_expect_eq(m.data, MANY);
    /* Both servers took their share, and every question sent was seen. */
    cr_expect(s.peers[0].udp_questions >= MANY / 2 && s.peers[1].udp_questions >= MANY / 2);
    cr_expect_leq(s.peers[0].udp_questions + s.peers[1].udp_questions, MANY + m.repeats);
    scene_stop(&s);
}

#define MORE_THAN_IDS 70000

struct held_up {
    uint8_t calls[MORE_THAN_IDS];
    unsigned data;
};

static void on_one_held_up(void *arg, uint64_t tag, const struct dns_answer *answer)
{
    struct held_up *h = arg;
    h->calls[tag]++;
    h->data += answer->seen.state == DNS_DATA && answer->rr_count == 1;
}

/* Nobody answers at first, so all that may be under way is: the others wait. */
Test(resolver, more_questions_than_there_are_ids)
{
    static struct held_up h;
    struct scene s;
    scene_start(&s, 1, &(struct resolver_params){.timeout_ms = 2000, .tries = 10});
    s.peers[0].silent = true;
    for (unsigned i = 0; i < MORE_THAN_IDS; i++) {
        resolver_ask(s.resolver, SPAN_LIT("data.test"), DNS_TYPE_A, on_one_held_up, &h, i);
    }
    while (s.peers[0].udp_questions < DNS_UDP_UNDER_WAY) {
        (void)uv_run(&s.loop, UV_RUN_ONCE);
    }
    for (int i = 0; i < 5; i++) {
        (void)uv_run(&s.loop, UV_RUN_ONCE);
    }
    cr_expect_eq(resolver_pending(s.resolver), MORE_THAN_IDS);
    cr_expect_eq(s.peers[0].udp_questions, DNS_UDP_UNDER_WAY, "%u", s.peers[0].udp_questions);
    s.peers[0].silent = false;
    run(&s);
    for (unsigned i = 0; i < MORE_THAN_IDS; i++) {
        cr_assert_eq(h.calls[i], 1, "question %u: %u calls", i, h.calls[i]);
    }
    cr_expect_eq(h.data, MORE_THAN_IDS);
    scene_stop(&s);
}

/* RFC 5452 section 9.2: who has learnt a port has not learnt the next one. */
Test(resolver, a_port_does_not_last)
{
    static struct many m;
    struct scene s;
    scene_start(&s, 1, &(struct resolver_params){.timeout_ms = 2000, .tries = 5});
    for (unsigned i = 0; i < MANY; i++) {
        resolver_ask(s.resolver, SPAN_LIT("data.test"), DNS_TYPE_A, on_one_of_many, &m, i);
    }
    run(&s);
    cr_expect_eq(m.data, MANY);
    unsigned ports = s.peers[0].ports;
    cr_expect_geq(ports, MANY / DNS_UDP_PORT_QUERIES, "%u", ports);
    cr_expect_leq(ports, 2 * (s.peers[0].udp_questions / DNS_UDP_PORT_QUERIES + 1), "%u", ports);
    scene_stop(&s);
}

/* A server whose port is closed is passed over after the first refusals. */
Test(resolver, dead_server_beside_a_good_one)
{
    static struct many m;
    struct scene s;
    struct peer dead;
    scene_start(&s, 1, &(struct resolver_params){.timeout_ms = 1500, .tries = 3});
    resolver_free(s.resolver);
    CHECK(peer_start(&dead, &s.loop, "127.0.0.1"));
    struct net_endpoint servers[2] = {{dead.address, dead.port},
                                      {s.peers[0].address, s.peers[0].port}};
    peer_stop(&dead);
    (void)uv_run(&s.loop, UV_RUN_DEFAULT);
    s.resolver = resolver_new(
        &s.loop, &(struct resolver_params){
                     .servers = servers, .server_count = 2, .timeout_ms = 1500, .tries = 3});
    for (unsigned i = 0; i < 4000; i++) {
        resolver_ask(s.resolver, SPAN_LIT("data.test"), DNS_TYPE_A, on_one_of_many, &m, i);
    }
    run(&s);
    cr_expect_eq(m.data, 4000);
    cr_expect_geq(s.peers[0].udp_questions, 4000);
    /* Half would have to be repeated if the refusals of the first 256 sent told nothing. */
    cr_expect_leq(m.repeats, 600, "%u repeats", m.repeats);
    scene_stop(&s);
}

struct paced {
    struct scene *scene;
    uint64_t start_ns;
    unsigned answered;
    bool too_fast;
};

#define PACED_RATE  1000
#define PACED_FIRST (PACED_RATE / 20) /* half a burst, RATE_BURST_MS */

static void on_paced(void *arg, uint64_t tag, const struct dns_answer *answer)
{
    struct paced *p = arg;
    (void)tag;
    (void)answer;
    p->answered++;
    /* What the peer has seen can never be more than the time allows, however slow we run. One
     * token for the rounding of each clock. */
    uint64_t ms = (uv_hrtime() - p->start_ns) / 1000000U;
    if (p->scene->peers[0].udp_questions > PACED_FIRST + ms * PACED_RATE / 1000 + 2) {
        p->too_fast = true;
    }
}

Test(resolver, rate_is_kept)
{
    struct scene s;
    struct paced p = {.scene = &s, .start_ns = uv_hrtime()}; /* before the loop reads its clock */
    scene_start(&s, 1, &(struct resolver_params){.rate_per_s = PACED_RATE, .timeout_ms = 2000});
    for (int i = 0; i < 250; i++) {
        resolver_ask(s.resolver, SPAN_LIT("data.test"), DNS_TYPE_A, on_paced, &p, 0);
    }
    run(&s);
    cr_expect_eq(p.answered, 250);
    cr_expect_not(p.too_fast);
    cr_expect_geq((uv_hrtime() - p.start_ns) / 1000000U, 200 - 2);
    scene_stop(&s);
}

static void on_first(void *arg, uint64_t tag, const struct dns_answer *answer)
{
    struct paced *p = arg;
    (void)tag;
    cr_expect_eq(answer->seen.state, DNS_DATA);
    cr_expect_lt(p->answered, PACED_FIRST, "it waited for the rate");
    p->answered++;
}

Test(resolver, the_first_passes_all_that_wait_for_the_rate)
{
    struct scene s;
    struct paced p = {.scene = &s, .start_ns = uv_hrtime()};
    scene_start(&s, 1, &(struct resolver_params){.rate_per_s = PACED_RATE, .timeout_ms = 2000});
    for (int i = 0; i < 250; i++) {
        resolver_ask(s.resolver, SPAN_LIT("data.test"), DNS_TYPE_A, on_paced, &p, 0);
    }
    resolver_ask_first(s.resolver, SPAN_LIT("data.test"), DNS_TYPE_A, on_first, &p, 0);
    run(&s);
    cr_expect_eq(p.answered, 251);
    scene_stop(&s);
}

static void on_last(void *arg, uint64_t tag, const struct dns_answer *answer)
{
    struct paced *p = arg;
    (void)tag;
    cr_expect_eq(answer->seen.state, DNS_DATA);
    cr_expect_geq(p->answered, 100, "it went before others");
    p->answered++;
}

Test(resolver, the_last_is_behind_what_was_asked_later)
{
    struct scene s;
    struct paced p = {.scene = &s, .start_ns = uv_hrtime()};
    scene_start(&s, 1, &(struct resolver_params){.rate_per_s = PACED_RATE, .timeout_ms = 2000});
    resolver_ask_last(s.resolver, SPAN_LIT("data.test"), DNS_TYPE_A, on_last, &p, 0);
    for (int i = 0; i < 100; i++) {
        resolver_ask(s.resolver, SPAN_LIT("data.test"), DNS_TYPE_A, on_paced, &p, 0);
    }
    run(&s);
    cr_expect_eq(p.answered, 101);
    scene_stop(&s);
}

struct chained {
    struct scene *scene;
    unsigned left;
};

static void on_chained(void *arg, uint64_t tag, const struct dns_answer *answer)
{
    struct chained *c = arg;
    cr_expect_eq(tag, c->left);
    cr_expect_eq(answer->seen.state, DNS_DATA);
    if (--c->left > 0) {
        resolver_ask(c->scene->resolver, SPAN_LIT("data.test"), DNS_TYPE_A, on_chained, c, c->left);
    }
}

Test(resolver, an_answer_may_lead_to_a_question)
{
    struct scene s;
    scene_start(&s, 1, &(struct resolver_params){.timeout_ms = 1000});
    struct chained c = {&s, 100};
    resolver_ask(s.resolver, SPAN_LIT("data.test"), DNS_TYPE_A, on_chained, &c, 100);
    run(&s);
    cr_expect_eq(c.left, 0);
    scene_stop(&s);
}

Test(resolver, freed_while_asking_calls_nobody)
{
    struct scene s;
    scene_start(&s, 1, &(struct resolver_params){.timeout_ms = 1000});
    ask(&s, "silent.test", DNS_TYPE_A);
    ask(&s, "tc.test", DNS_TYPE_MX);
    for (int i = 0; i < 20 && s.peers[0].connections == 0; i++) {
        (void)uv_run(&s.loop, UV_RUN_ONCE);
    }
    cr_expect_eq(s.peers[0].connections, 1);
    for (int i = 0; i < 1000; i++) {
        ask(&s, "data.test", DNS_TYPE_A);
    }
    ask(&s, "..", DNS_TYPE_A);
    unsigned before = s.calls;
    scene_stop(&s);
    cr_expect_eq(s.calls, before);
}

Test(resolver, without_a_server)
{
    struct scene s;
    scene_start(&s, 0, &(struct resolver_params){0});
    ask(&s, "data.test", DNS_TYPE_A);
    run(&s);
    cr_expect_eq(s.calls, 1);
    cr_expect_str_eq((const char *)s.got.at, "local_fault 255 ttl=0 ede=-1:");
    scene_stop(&s);
}

/* No network: ours, never that nobody answers. */
Test(resolver, without_a_way_to_the_server)
{
    struct scene s;
    scene_start(&s, 1, &(struct resolver_params){.timeout_ms = 1000, .tries = 1});
    no_way_to = s.peers[0].port;
    ask(&s, "data.test", DNS_TYPE_A);
    run(&s);
    cr_expect_str_eq((const char *)s.got.at, "local_fault 255 ttl=0 ede=-1:");
    no_way_to = 0;
    ask(&s, "data.test", DNS_TYPE_A);
    run(&s);
    cr_expect_str_eq((const char *)s.got.at, "data 0 ttl=60 ede=-1: 192.0.2.1");
    scene_stop(&s);
}

/* One of two resolvers has an IPv6 address, and this machine has none: soon nobody waits for it. */
Test(resolver, without_a_way_to_one_of_two)
{
    static struct many m;
    struct scene s;
    scene_start(&s, 2, &(struct resolver_params){.timeout_ms = 2000, .tries = 3});
    no_way_to = s.peers[0].port;
    for (unsigned i = 0; i < 4000; i++) {
        resolver_ask(s.resolver, SPAN_LIT("data.test"), DNS_TYPE_A, on_one_of_many, &m, i);
    }
    run(&s);
    cr_expect_eq(m.data, 4000);
    cr_expect_eq(s.peers[0].udp_questions, 0);
    cr_expect_leq(m.repeats, 100, "%u repeats", m.repeats);
    scene_stop(&s);
}

/* No descriptor left: ours, never the fault of a server. Once there is one again, answers come. */
Test(resolver, without_a_descriptor)
{
    struct scene s;
    struct rlimit before;
    scene_start(&s, 1, &(struct resolver_params){.timeout_ms = 1000, .tries = 1});
    int next = dup(0);
    CHECK(next >= 0 && close(next) == 0 && getrlimit(RLIMIT_NOFILE, &before) == 0);
    struct rlimit none = {(rlim_t)next, before.rlim_max};
    CHECK(setrlimit(RLIMIT_NOFILE, &none) == 0);
    ask(&s, "data.test", DNS_TYPE_A);
    run(&s);
    CHECK(setrlimit(RLIMIT_NOFILE, &before) == 0);
    cr_expect_eq(s.calls, 1);
    cr_expect_str_eq((const char *)s.got.at, "local_fault 255 ttl=0 ede=-1:");
    ask(&s, "data.test", DNS_TYPE_A);
    run(&s);
    cr_expect_str_eq((const char *)s.got.at, "data 0 ttl=60 ede=-1: 192.0.2.1");
    scene_stop(&s);
}
