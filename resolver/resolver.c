#include "resolver/resolver.h"

#include <stdlib.h>
#include <sys/queue.h>

#include "resolver/ask_window.h"
#include "resolver/dns_query.h"
#include "resolver/dns_transport.h"
#include "resolver/rate_bucket.h"
#include "resolver/upstreams.h"
#include "scanner/base/memory.h"
#include "scanner/base/wheel.h"

#define TICK_MS            50 /* how exact timeouts and pauses are */
#define WAITING_TICK_MS    5 /* the same while questions wait for the rate, or for the next burst */
#define TIMEOUT_DEFAULT_MS 5000 /* a cold recursion takes seconds */
#define TRIES_DEFAULT      3
#define TIMEOUT_MAX_MS     600000
#define CHUNK              256 /* questions allocated at once */
#define NAME_SHORT \
    48 /* octets of a name in wire form, with the length of struct dns_name; nearly all are */
#define PAUSE_MS 500 /* before a try again after a failure that took no time */
#define CD_TRIES 2   /* of the question with CD=1 */

/* Where a question is. One list or table holds it at any time. */
enum place {
    FREE,
    QUEUED,    /* waits for the rate and the window */
    UNDER_WAY, /* with the transport */
    PAUSED,    /* in the wheel */
    ENDED,     /* answered without a server; its call waits for the loop */
};

struct question {
    struct dns_exchange exchange;
    struct wheel_timer timer;
    STAILQ_ENTRY(question) next;
    struct resolver *resolver;
    resolver_done_fn done;
    void *arg;
    uint64_t tag;
    uint64_t begun_ms; /* sent first */
    uint64_t sent_ms;
    uint32_t asked;        /* questions sent */
    uint32_t failures;     /* of them, those that no answer came to */
    uint32_t local_faults; /* of the failures, those that are ours */
    uint32_t cd_failures;
    uint32_t spent;  /* bit per server: answered, but with an error; or had its try after one */
    uint32_t server; /* asked last, or to be asked when `stay` */
    uint16_t type;
    uint8_t place;
    bool stay; /* the same server again: TCP, no EDNS, CD */
    bool tcp;
    bool plain; /* without EDNS */
    bool cd;
    bool timed_out; /* some time: what comes later, comes to a repeat */
    bool has_error;
    bool name_is_long;
    uint8_t error_server;
    struct seen_dns error; /* the worst error a server answered with; SERVFAIL before others */
    struct dns_name
        name; /* the last: there is room for NAME_SHORT octets of it unless it is long */
};

STAILQ_HEAD(question_list, question);

struct resolver {
    uv_loop_t *loop;
    uv_timer_t tick;
    uv_check_t after_reading; /* where a tick is worked on */
    uint64_t ticked_ms;
    uv_prepare_t prepare;
    struct dns_transport *transport;
    struct dns_reader *reader;
    struct rate_bucket rate;
    struct ask_window window;
    struct wheel wheel; /* paused questions */
    struct question_list fresh;
    struct question_list again; /* begun earlier: before the fresh ones */
    struct question_list last;  /* behind the fresh ones */
    struct question_list ended;
    struct question_list free
        [2]; /* of short names and of long ones: some hundred thousand may wait for their turn */
    uint8_t **chunks;
    size_t chunk_count;
    struct upstreams upstreams;
    uint32_t next_server; /* questions go round */
    uint32_t tries;
    size_t pending;
    size_t under_way;
    int open_parts; /* handles and the transport; 0 frees the resolver */
    bool calling;
    bool closing;
    uint8_t name_text[DNS_NAME_TEXT_LIMIT]; /* of a question that failed */
};

/* The first of a list; NULL: it is empty. */
static struct question *question_take(struct question_list *list)
{
    struct question *q = STAILQ_FIRST(list);
    if (q != NULL) {
        STAILQ_REMOVE_HEAD(list, next);
    }
    return q;
}

static void add_questions(struct resolver *r, bool long_names)
{
    size_t short_len = offsetof(struct question, name) + NAME_SHORT;
    size_t align = _Alignof(struct question);
    size_t size = long_names ? sizeof(struct question) : (short_len + align - 1) / align * align;
    uint8_t *chunk = memory_new(CHUNK, size);
    r->chunks = memory_grow_list(r->chunks, r->chunk_count, sizeof(uint8_t *));
    r->chunks[r->chunk_count++] = chunk;
    for (size_t i = 0; i < CHUNK; i++) {
        struct question *q = (struct question *)(void *)(chunk + i * size);
        STAILQ_INSERT_HEAD(&r->free[long_names], q, next);
    }
}

static struct question *question_new(struct resolver *r, const struct dns_name *name)
{
    bool is_long = 1U + name->len > NAME_SHORT;
    if (STAILQ_EMPTY(&r->free[is_long])) {
        add_questions(r, is_long);
    }
    struct question *q = question_take(&r->free[is_long]);
    memset(q, 0, offsetof(struct question, name));
    q->resolver = r;
    q->name_is_long = is_long;
    dns_name_copy(&q->name, name);
    return q;
}

/* The one way out of a question. */
static void resolver_finish(struct question *q, struct dns_answer *answer)
{
    struct resolver *r = q->resolver;
    resolver_done_fn done = q->done;
    void *arg = q->arg;
    uint64_t tag = q->tag;
    answer->asked = q->asked;
    answer->seen.tcp = q->tcp;
    if (dns_state_is_failure((enum dns_state)answer->seen.state)) {
        answer->name = (struct span){r->name_text, dns_name_to_text(&q->name, r->name_text)};
        answer->type = q->type;
        answer->begun_ms = q->begun_ms != 0 ? q->begun_ms : uv_now(r->loop);
    }
    q->place = FREE;
    STAILQ_INSERT_HEAD(&r->free[q->name_is_long], q, next);
    CHECK(r->pending > 0);
    if (--r->pending == 0) {
        (void)uv_timer_stop(&r->tick);
    }
    r->calling = true;
    done(arg, tag, answer);
    r->calling = false;
}

static void finish_without_answer(struct question *q, enum dns_state state)
{
    struct dns_answer none = {
        .seen = {.state = (uint8_t)state, .rcode = DNS_RCODE_NONE, .ede = -1},
    };
    resolver_finish(q, &none);
}

static void finish_with_error(struct question *q)
{
    struct dns_answer none = {.seen = q->error};
    resolver_finish(q, &none);
}

/* Nobody is left to ask for a second opinion. */
static bool is_exhausted(const struct question *q)
{
    return upstreams_are_exhausted(&q->resolver->upstreams, q->spent, uv_now(q->resolver->loop));
}

static void note_refusals(struct resolver *r)
{
    for (uint32_t s = 0; s < r->upstreams.count; s++) {
        if (dns_transport_take_refusal(r->transport, s)) {
            upstreams_note_refusal(&r->upstreams, s, uv_now(r->loop));
        }
    }
}

/* Where a question goes next. */

static void ask_again(struct question *q)
{
    q->place = QUEUED;
    STAILQ_INSERT_TAIL(&q->resolver->again, q, next);
}

static void ask_same_server(struct question *q)
{
    q->stay = true;
    ask_again(q);
}

static void ask_next_server(struct question *q)
{
    q->tcp = false;
    q->plain = false;
    ask_again(q);
}

static void pause_question(struct question *q)
{
    struct resolver *r = q->resolver;
    q->place = PAUSED;
    wheel_set(&r->wheel, &q->timer, uv_now(r->loop) + PAUSE_MS);
}

/* Every server that could have known better was asked. */
static void judge_error(struct question *q)
{
    if (q->error.state == DNS_SERVFAIL && !q->cd) {
        q->cd = true;
        q->server = q->error_server;
        q->tcp = false;
        q->plain = false;
        ask_same_server(q);
    } else {
        finish_with_error(q);
    }
}

static bool is_worse(enum dns_state a, enum dns_state b)
{
    return a == DNS_SERVFAIL && b != DNS_SERVFAIL;
}

/* A server answered with an error: another may know better (a broken or lame one is no proof). */
static void on_error_answer(struct question *q, const struct dns_answer *answer)
{
    if (q->cd) {
        finish_with_error(q);
        return;
    }
    q->spent |= 1U << q->server;
    if (!q->has_error || is_worse(answer->seen.state, q->error.state)) {
        q->has_error = true;
        q->error = answer->seen;
        q->error_server = (uint8_t)q->server;
    }
    if (is_exhausted(q)) {
        judge_error(q);
    } else {
        ask_next_server(q);
    }
}

/* Data for a question with CD=1 after SERVFAIL: the validation is what failed (RFC 4035 section
 * 5.5). The error reported is that of the validating answer. */
static void finish_repeat(struct question *q, struct dns_answer *answer)
{
    if (answer->seen.state == DNS_DATA) {
        answer->seen.state = DNS_BOGUS;
        answer->seen.ede = q->error.ede >= 0 ? q->error.ede : answer->seen.ede;
        resolver_finish(q, answer);
    } else {
        finish_with_error(q);
    }
}

static void resolver_on_answer(struct question *q, struct span message)
{
    struct resolver *r = q->resolver;
    upstreams_note_answer(&r->upstreams, q->server);
    if (!q->tcp && !q->cd && !q->has_error) {
        ask_window_note(&r->window, q->timed_out);
    }
    if (dns_message_is_truncated(message) && !q->tcp) {
        q->tcp = true;
        ask_same_server(q);
        return;
    }
    if (dns_message_rcode(message) == DNS_RCODE_FORMERR && !q->plain) {
        q->plain = true;
        ask_same_server(q);
        return;
    }
    struct dns_answer answer;
    dns_message_read(r->reader, message, &q->name, q->type, &answer);
    answer.seen.truncated = answer.seen.truncated || dns_message_is_truncated(message);
    answer.rtt_ms = (uint32_t)(uv_now(r->loop) - q->sent_ms);
    switch ((enum dns_state)answer.seen.state) {
    case DNS_DATA:
    case DNS_NODATA:
    case DNS_NXDOMAIN:
    case DNS_CNAME_LOOP:
    case DNS_CNAME_LIMIT:
    case DNS_NAME_INVALID:
        if (q->cd) {
            finish_repeat(q, &answer);
        } else {
            resolver_finish(q, &answer);
        }
        return;
    case DNS_SERVFAIL:
    case DNS_REFUSED:
    case DNS_OTHER_RCODE:
    case DNS_MALFORMED:
        on_error_answer(q, &answer);
        return;
    case DNS_NOT_ASKED:
    case DNS_BOGUS:
    case DNS_TIMEOUT:
    case DNS_LOCAL_FAULT:
    case DNS_STATE_COUNT:
        break;
    }
    UNREACHABLE("state of a message");
}

/* Whether a question that got no answer is at its end; then it is finished. */
static bool gave_up(struct question *q)
{
    struct resolver *r = q->resolver;
    if (q->cd) {
        if (q->cd_failures < CD_TRIES) {
            return false;
        }
        finish_with_error(q);
        return true;
    }
    if (q->has_error) { /* the others get one try each after an error */
        if (!is_exhausted(q)) {
            return false;
        }
        judge_error(q);
        return true;
    }
    if (q->failures < r->tries * r->upstreams.count) {
        return false;
    }
    finish_without_answer(q, q->local_faults == q->failures ? DNS_LOCAL_FAULT : DNS_TIMEOUT);
    return true;
}

static void resolver_go_on(struct question *q)
{
    if (gave_up(q)) {
        return;
    }
    if (q->cd) {
        ask_same_server(q);
    } else {
        ask_next_server(q);
    }
}

static void on_failure(struct question *q, enum dns_transport_end end)
{
    q->failures++;
    if (q->cd) {
        q->cd_failures++;
    } else if (q->has_error) {
        q->spent |= 1U << q->server;
    }
    q->local_faults += end == DNS_TRANSPORT_LOCAL_FAULT;
    /* Of ours as well: there may be no way to this server (no IPv6), but one to another. */
    upstreams_note_failure(&q->resolver->upstreams, q->server, uv_now(q->resolver->loop));
    if (end == DNS_TRANSPORT_TIMEOUT) {
        q->timed_out = true;
        resolver_go_on(q);
    } else {
        pause_question(q); /* at once would only fail again */
    }
}

static void on_exchange_end(struct dns_exchange *exchange, enum dns_transport_end end,
                            struct span message)
{
    struct question *q = (struct question *)exchange; /* its first member */
    struct resolver *r = q->resolver;
    CHECK(q->place == UNDER_WAY && r->under_way > 0);
    r->under_way--;
    if (end == DNS_TRANSPORT_ANSWER) {
        resolver_on_answer(q, message);
    } else {
        on_failure(q, end);
    }
}

static void send_question(struct resolver *r, struct question *q)
{
    uint8_t octets[DNS_QUERY_MAX];
    if (!q->stay) {
        q->server = upstreams_choose(&r->upstreams, q->server, q->spent, uv_now(r->loop));
    }
    q->stay = false;
    struct dns_query_options options = {
        .checking_disabled = q->cd,
        .edns = !q->plain,
        .payload = r->upstreams.server[q->server].payload,
    };
    size_t len = dns_query_build(&q->name, q->type, &options, octets);
    q->place = UNDER_WAY;
    q->sent_ms = uv_now(r->loop);
    q->begun_ms = q->begun_ms != 0 ? q->begun_ms : q->sent_ms;
    q->asked++;
    r->under_way++;
    dns_transport_send(r->transport, q->server, q->tcp, (struct span){octets, len}, &q->exchange);
}

static struct question_list *first_in_line(struct resolver *r)
{
    if (!STAILQ_EMPTY(&r->again)) {
        return &r->again;
    }
    return STAILQ_EMPTY(&r->fresh) ? &r->last : &r->fresh;
}

static void on_tick(uv_timer_t *handle)
{
    (void)handle; /* the loop turns, that is all */
}

static void tick_each(struct resolver *r, uint64_t ms)
{
    CHECK(uv_timer_start(&r->tick, on_tick, ms, ms) == 0);
}

/* Sends as many as rate, window and burst allow, those begun earlier first. Each turn with answers
 * goes on; without any the tick does. */
static void pump(struct resolver *r)
{
    rate_bucket_fill(&r->rate, uv_now(r->loop));
    for (unsigned sent = 0; sent < r->window.burst && r->under_way < r->window.limit; sent++) {
        struct question_list *from = first_in_line(r);
        if (STAILQ_EMPTY(from) || !rate_bucket_take(&r->rate)) {
            break;
        }
        send_question(r, question_take(from));
    }
    dns_transport_flush(r->transport);
    uint64_t ms = STAILQ_EMPTY(first_in_line(r)) ? TICK_MS : WAITING_TICK_MS;
    if (uv_is_active((const uv_handle_t *)&r->tick) && uv_timer_get_repeat(&r->tick) != ms) {
        tick_each(r, ms);
    }
}

static void end_questions(struct resolver *r)
{
    struct question_list ended = STAILQ_HEAD_INITIALIZER(ended);
    struct question *q;
    STAILQ_CONCAT(&ended, &r->ended);
    while ((q = question_take(&ended)) != NULL) {
        finish_without_answer(q, r->upstreams.count == 0 ? DNS_LOCAL_FAULT : DNS_NAME_INVALID);
    }
}

static void on_prepare(uv_prepare_t *handle)
{
    struct resolver *r = handle->data;
    end_questions(r);
    note_refusals(r);
    pump(r);
}

static struct question *question_of(struct wheel_timer *t)
{
    return (struct question *)((char *)t - offsetof(struct question, timer));
}

/* The loop looks at timers before it reads: answers that wait in the kernel are no timeouts. */
static void resolver_on_after_reading(uv_check_t *handle)
{
    struct resolver *r = handle->data;
    struct wheel_timer *due;
    if (uv_now(r->loop) < r->ticked_ms + TICK_MS / 2) {
        return;
    }
    r->ticked_ms = uv_now(r->loop);
    dns_transport_tick(r->transport);
    while ((due = wheel_turn(&r->wheel, uv_now(r->loop))) != NULL) {
        resolver_go_on(question_of(due));
    }
}

static void part_closed(struct resolver *r)
{
    CHECK(r->open_parts > 0);
    if (--r->open_parts > 0) {
        return;
    }
    for (size_t i = 0; i < r->chunk_count; i++) {
        free(r->chunks[i]);
    }
    free(r->chunks);
    dns_reader_free(r->reader);
    free(r);
}

static void on_handle_closed(uv_handle_t *handle)
{
    part_closed(handle->data);
}

static void on_transport_closed(void *arg)
{
    part_closed(arg);
}

static bool resolver_is_loopback(const struct net_addr *a)
{
    static const struct net_addr v6 = {.family = 6, .octets = {[15] = 1}};
    return (a->family == 4 && a->octets[0] == 127) || net_addr_eq(a, &v6);
}

_Static_assert(RESOLVER_SERVERS_MAX == UPSTREAMS_MAX, "each server has its place");
_Static_assert(RESOLVER_SERVER_SOCKETS == 2 * DNS_TCP_CONNECTIONS + 1 + DNS_UDP_PORTS_WAITING,
               "descriptors are set aside for all");
_Static_assert(WINDOW_MAX <= DNS_UDP_UNDER_WAY, "and each question under way");

static void add_servers(struct resolver *r, const struct resolver_params *params)
{
    for (size_t i = 0; i < params->server_count && r->upstreams.count < RESOLVER_SERVERS_MAX; i++) {
        const struct net_endpoint *s = &params->servers[i];
        dns_transport_add_server(r->transport, &s->address, s->port);
        r->upstreams.server[r->upstreams.count++].payload =
            resolver_is_loopback(&s->address) ? DNS_PAYLOAD_LOOPBACK : DNS_PAYLOAD_NETWORK;
    }
}

struct resolver *resolver_new(uv_loop_t *loop, const struct resolver_params *params)
{
    struct resolver *r = memory_new(1, sizeof(*r));
    uint32_t timeout_ms = params->timeout_ms > 0 ? params->timeout_ms : TIMEOUT_DEFAULT_MS;
    r->loop = loop;
    STAILQ_INIT(&r->fresh);
    STAILQ_INIT(&r->again);
    STAILQ_INIT(&r->last);
    STAILQ_INIT(&r->ended);
    STAILQ_INIT(&r->free[0]);
    STAILQ_INIT(&r->free[1]);
    r->tries = params->tries > 0 ? params->tries : TRIES_DEFAULT;
    r->reader = dns_reader_new();
    r->transport = dns_transport_new(
        loop, timeout_ms < TIMEOUT_MAX_MS ? timeout_ms : TIMEOUT_MAX_MS, on_exchange_end);
    add_servers(r, params);
    ask_window_init(&r->window);
    rate_bucket_init(&r->rate, params->rate_per_s, uv_now(loop));
    wheel_init(&r->wheel, uv_now(loop), TICK_MS);
    CHECK(uv_timer_init(loop, &r->tick) == 0 && uv_prepare_init(loop, &r->prepare) == 0 &&
          uv_check_init(loop, &r->after_reading) == 0);
    r->tick.data = r->prepare.data = r->after_reading.data = r;
    CHECK(uv_prepare_start(&r->prepare, on_prepare) == 0 &&
          uv_check_start(&r->after_reading, resolver_on_after_reading) == 0);
    uv_unref((uv_handle_t *)&r->prepare);
    uv_unref((uv_handle_t *)&r->after_reading);
    r->open_parts = 4;
    return r;
}

/* @return NULL: it ends at once */
static struct question *ask(struct resolver *r, struct span name, uint16_t type,
                            resolver_done_fn done, void *arg, uint64_t tag)
{
    struct dns_name wire = {0};
    bool is_name = dns_name_from_text(name, &wire);
    wire.len = is_name ? wire.len : 0;
    struct question *q = question_new(r, &wire);
    q->type = type;
    q->done = done;
    q->arg = arg;
    q->tag = tag;
    if (r->pending++ == 0) {
        tick_each(r, TICK_MS);
    }
    if (r->upstreams.count == 0 || !is_name) {
        q->place = ENDED;
        STAILQ_INSERT_TAIL(&r->ended, q, next);
        return NULL;
    }
    q->server = r->next_server++ % r->upstreams.count;
    q->place = QUEUED;
    return q;
}

void resolver_ask(struct resolver *r, struct span name, uint16_t type, resolver_done_fn done,
                  void *arg, uint64_t tag)
{
    struct question *q = ask(r, name, type, done, arg, tag);
    if (q != NULL) {
        STAILQ_INSERT_TAIL(&r->fresh, q, next);
    }
}

void resolver_ask_last(struct resolver *r, struct span name, uint16_t type, resolver_done_fn done,
                       void *arg, uint64_t tag)
{
    struct question *q = ask(r, name, type, done, arg, tag);
    if (q != NULL) {
        STAILQ_INSERT_TAIL(&r->last, q, next);
    }
}

void resolver_ask_first(struct resolver *r, struct span name, uint16_t type, resolver_done_fn done,
                        void *arg, uint64_t tag)
{
    struct question *q = ask(r, name, type, done, arg, tag);
    if (q != NULL) {
        STAILQ_INSERT_HEAD(&r->again, q, next);
    }
}

void resolver_flush(struct resolver *r)
{
    if (!r->calling) { /* the transport must not be called back into */
        pump(r);
    }
}

size_t resolver_pending(const struct resolver *r)
{
    return r->pending;
}

void resolver_free(struct resolver *r)
{
    CHECK(!r->calling && !r->closing);
    r->closing = true;
    uv_close((uv_handle_t *)&r->tick, on_handle_closed);
    uv_close((uv_handle_t *)&r->prepare, on_handle_closed);
    uv_close((uv_handle_t *)&r->after_reading, on_handle_closed);
    dns_transport_free(r->transport, on_transport_closed, r);
}

const char *resolver_library_version(void)
{
    return dns_transport_library_version();
}
