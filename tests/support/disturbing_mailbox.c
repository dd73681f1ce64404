/**
 * A mailbox that disturbs: the product is linked a second time with these in front of its own (ld --wrap).
 * Messages between owners, those of a worker to itself too, are doubled, delayed and put in another order, as
 * a broker might; rows must be the same (e2e/determinism.py). What may not be disturbed is not:
 *
 *   - messages about one key keep their order; but a copy may also come late, behind what followed
 *   - a BLOCK_FENCE passes nothing but late copies (admission.h), STOP not even these
 *   - what is no message between owners: lines, rows, commands of the coordinator
 *
 * And every domain and host that waits is parked, and every service that begins, though few do.
 *
 * DISTURB_SEED chooses; DISTURB_COUNTS names the file that says how often, "KIND seen delayed doubled late".
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "scanner/base/check.h"
#include "scanner/base/map.h"
#include "scanner/base/memory.h"
#include "scanner/flow/message.h"
#include "scanner/pipeline/mailbox.h"

#define SHORT_DELAY 8 /* takes */
#define LONG_DELAY  100
#define LATE        3000 /* the same of a late copy; a scan of a few hundred domains has many thousands */
#define IDLE_NS     500000
#define AT_FENCE    (UINT64_MAX / 2)

enum {
    PATH_POSTED,
    PATH_OWN,
    PATH_COUNT
};

#define KIND(NAME, name) MESSAGE_KIND_##NAME,
enum {
    MESSAGE_KINDS(KIND) MESSAGE_KIND_COUNT
};
#undef KIND

static struct kind_counts {
    atomic_uint_fast64_t seen;
    atomic_uint_fast64_t delayed;
    atomic_uint_fast64_t doubled; /* of these in order */
    atomic_uint_fast64_t late;    /* and behind what followed */
} counts[MESSAGE_KIND_COUNT];

struct held {
    uint64_t due;        /* the take that brings it */
    uint64_t number;     /* as it came */
    struct hash_key key; /* what it is about */
    bool late;           /* a late copy: nothing waits behind it */
    uint8_t *octets;     /* malloc */
    size_t len;
};

/** Of one thread: what was posted to it, or what it says to itself. */
struct disturbed_path {
    struct held *held; /* malloc */
    size_t count;
    uint64_t next_due;   /* the first of them */
    struct map last_due; /* key → when the last of it is due, late copies left aside */
    uint64_t takes;
    uint64_t messages;
    struct buf out;
};

struct disturber {
    uint64_t random;
    struct disturbed_path path[PATH_COUNT];
};

static pthread_key_t disturber_key;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static atomic_uint_fast64_t disturbers;

/* --- one for each thread -------------------------------------------------------------------- */

static void disturber_free(void *arg)
{
    struct disturber *d = arg;
    for (int i = 0; i < PATH_COUNT; i++) {
        for (size_t k = 0; k < d->path[i].count; k++) {
            free(d->path[i].held[k].octets);
        }
        free(d->path[i].held);
        map_deinit(&d->path[i].last_due);
        buf_deinit(&d->path[i].out);
    }
    free(d);
}

static void write_counts(void)
{
    static const char *const words[] = {
#define X(NAME, name) #NAME,
        MESSAGE_KINDS(X)
#undef X
    };
    const char *path = getenv("DISTURB_COUNTS");
    FILE *file = path == NULL ? NULL : fopen(path, "w");
    for (int i = 0; file != NULL && i < MESSAGE_KIND_COUNT; i++) {
        (void)fprintf(file, "%s %lu %lu %lu %lu\n", words[i], counts[i].seen, counts[i].delayed,
                      counts[i].doubled, counts[i].late);
    }
    CHECK(file == NULL || fclose(file) == 0);
}

static void begin(void)
{
    CHECK(pthread_key_create(&disturber_key, disturber_free) == 0);
    CHECK(atexit(write_counts) == 0);
}

static struct disturber *disturber_of_thread(void)
{
    (void)pthread_once(&once, begin);
    struct disturber *d = pthread_getspecific(disturber_key);
    if (d == NULL) {
        const char *seed = getenv("DISTURB_SEED");
        d = memory_new(1, sizeof(*d));
        d->random =
            (seed == NULL ? 1 : strtoull(seed, NULL, 10)) * 1000 + atomic_fetch_add(&disturbers, 1);
        for (int i = 0; i < PATH_COUNT; i++) {
            d->path[i].out = BUF_INIT(BUF_NO_LIMIT);
        }
        CHECK(pthread_setspecific(disturber_key, d) == 0);
    }
    return d;
}

/* splitmix64; @return 0 to below - 1 */
static uint64_t draw(struct disturber *d, uint64_t below)
{
    uint64_t z = d->random += 0x9e3779b97f4a7c15U;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9U;
    z = (z ^ z >> 27) * 0x94d049bb133111ebU;
    return (z ^ z >> 31) % below;
}

/* --- keys ----------------------------------------------------------------------------------- */

static void put_name(struct buf *key, struct span name)
{
    codec_put_span(key, name);
}

static void put_place(struct buf *key, struct net_addr address, uint16_t port)
{
    codec_put_addr(key, address);
    codec_put_u16(key, port);
}

/* What a message is about. @return false: it is not between owners */
static bool put_key(struct buf *key, enum message_kind kind, struct span body)
{
#define CASE(NAME, name, ...)                               \
    case MESSAGE_##NAME: {                                  \
        struct message_##name m = message_get_##name(body); \
        __VA_ARGS__;                                        \
        return true;                                        \
    }
    switch (kind) {
        CASE(HOST_WANT, host_want, put_name(key, m.domain), put_name(key, m.host))
        CASE(HOST_LATE, host_late, put_name(key, m.domain), put_name(key, m.host))
        CASE(HOST_RESOLVED, host_resolved, put_name(key, m.domain), put_name(key, m.host))
        CASE(HOST_DONE, host_done, put_name(key, m.domain), put_name(key, m.host))
        CASE(ADDRESS_WANT, address_want, put_place(key, m.address, m.port), put_name(key, m.host))
        CASE(ADDRESS_PERHAPS, address_perhaps, put_place(key, m.address, m.port),
             put_name(key, m.host))
        CASE(ENDPOINT_DONE, endpoint_done, put_place(key, m.brief.address, m.brief.port),
             put_name(key, m.host))
        CASE(NAME_CHECK, name_check, put_place(key, m.address, 0), put_name(key, m.name))
        CASE(NAME_CHECKED, name_checked, put_place(key, m.address, 0), put_name(key, m.name))
        CASE(LEASE_WANT, lease_want, codec_put_lease(key, m.lease))
        CASE(LEASE_QUEUED, lease_queued, codec_put_lease(key, m.lease))
        CASE(LEASE_GRANT, lease_grant, codec_put_lease(key, m.lease))
        CASE(LEASE_RETURN, lease_return, codec_put_lease(key, m.lease))
        CASE(PERMIT_WANT, permit_want, codec_put_u64(key, m.fetch))
        CASE(PERMIT_GRANT, permit_grant, codec_put_u64(key, m.fetch))
        CASE(PERMIT_RETURN, permit_return, codec_put_u64(key, m.fetch))
        CASE(POLICY_WANT, policy_want, put_name(key, m.domain))
        CASE(POLICY_DONE, policy_done, put_name(key, m.domain))
        CASE(CHAIN_NEW, chain_new, put_name(key, m.chain_id))
        CASE(CHAIN_KNOWN, chain_known, put_name(key, m.chain_id))
        CASE(CERT_NEW, cert_new, put_name(key, m.chain_id), put_name(key, m.sha256))
        CASE(CERT_KNOWN, cert_known, put_name(key, m.chain_id), put_name(key, m.sha256))
    case MESSAGE_DOMAIN:
    case MESSAGE_KNOWN_DOMAIN:
    case MESSAGE_KNOWN_HOST:
    case MESSAGE_KNOWN_RESOLVED:
    case MESSAGE_ROWS_HELD:
    case MESSAGE_ROWS_AHEAD:
    case MESSAGE_ROWS_RELEASE:
    case MESSAGE_KNOWN_SERVICE:
    case MESSAGE_KNOWN_SPEAKER:
    case MESSAGE_KNOWN_NAME:
    case MESSAGE_KNOWN_CHAIN:
    case MESSAGE_KNOWN_CERT:
    case MESSAGE_KNOWN_BODY:
    case MESSAGE_BLOCK_CLOSE:
    case MESSAGE_BLOCK_FENCE:
    case MESSAGE_ROWS:
    case MESSAGE_LINES_DONE:
    case MESSAGE_OUTWARD: /* of a fleet, as the next ones */
    case MESSAGE_BLOCK_END:
    case MESSAGE_FLEET_FILE:
    case MESSAGE_FLEET_JOIN:
    case MESSAGE_FLEET_SETTLED:
    case MESSAGE_FLEET_SENT:
    case MESSAGE_FLEET_LAST:
    case MESSAGE_FLEET_DONE:
    case MESSAGE_FLEET_LEFT:
    case MESSAGE_FLEET_TAKE:
    case MESSAGE_FLEET_AWAY:
    case MESSAGE_FLEET_BEAT:
    case MESSAGE_STOP:
    case MESSAGE_GIVE_UP:
        return false;
    }
#undef CASE
    UNREACHABLE("no such message");
}

/* @return false: it has none */
static bool find_key(enum message_kind kind, struct span body, struct hash_key *key)
{
    struct buf octets = BUF_INIT(BUF_NO_LIMIT);
    bool found = put_key(&octets, kind, body);
    *key = hash_key_of(buf_span(&octets));
    buf_deinit(&octets);
    return found;
}

/* --- holding back --------------------------------------------------------------------------- */

static void hold(struct disturbed_path *p, struct held h, struct span message)
{
    p->held = memory_grow_list(p->held, p->count, sizeof(*p->held));
    h.number = p->messages++;
    h.len = message.len;
    h.octets = memory_new(message.len, 1);
    memcpy(h.octets, message.at, message.len);
    p->held[p->count++] = h;
    p->next_due = h.due < p->next_due ? h.due : p->next_due;
}

static int by_due(const void *a, const void *b)
{
    const struct held *x = a;
    const struct held *y = b;
    if (x->due != y->due) {
        return x->due < y->due ? -1 : 1;
    }
    return x->number < y->number ? -1 : x->number > y->number;
}

/* What is due goes out, in this order. @param late their time has come for late copies as well */
static void release(struct disturbed_path *p, uint64_t until, bool late)
{
    size_t kept = 0;
    if (p->count == 0 || p->next_due > until) {
        return;
    }
    qsort(p->held, p->count, sizeof(*p->held), by_due);
    p->next_due = UINT64_MAX;
    for (size_t i = 0; i < p->count; i++) {
        struct held *h = &p->held[i];
        if (h->due > until || (h->late && !late)) {
            p->next_due = h->due < p->next_due ? h->due : p->next_due;
            p->held[kept++] = *h;
            continue;
        }
        if (!h->late && *map_find(&p->last_due, h->key) <= until) {
            *map_find(&p->last_due, h->key) = 0;
        }
        buf_put(&p->out, (struct span){h->octets, h->len});
        free(h->octets);
    }
    p->count = kept;
}

static void pass_on(struct disturbed_path *p, struct hash_key key, uint64_t due,
                    struct span message)
{
    bool added = false;
    *map_add(&p->last_due, key, due, &added) = due;
    if (due > p->takes) {
        hold(p, (struct held){.due = due, .key = key}, message);
    } else {
        buf_put(&p->out, message);
    }
}

/* A block is settled without its ADDRESS_WANTs: these may be held up to its fence. */
static uint64_t delay(struct disturber *d, enum message_kind kind)
{
    uint64_t how = draw(d, 8);
    if (how == 0 && kind == MESSAGE_ADDRESS_WANT) {
        return AT_FENCE;
    }
    return 1 + draw(d, how <= 1 ? LONG_DELAY : SHORT_DELAY);
}

static void disturb(struct disturber *d, struct disturbed_path *p, enum message_kind kind,
                    struct hash_key key, struct span message)
{
    struct kind_counts *c = &counts[kind];
    const uint64_t *last = map_find(&p->last_due, key);
    uint64_t due = last != NULL && *last > p->takes ? *last : p->takes;
    if (draw(d, 4) == 0 && due < AT_FENCE) {
        due += delay(d, kind);
        c->delayed++;
    }
    pass_on(p, key, due, message);
    switch (draw(d, 8)) {
    case 0:
        pass_on(p, key, due + draw(d, SHORT_DELAY), message);
        c->doubled++;
        break;
    case 1:
        due = (due < AT_FENCE ? due : p->takes) + 1 + draw(d, LATE);
        hold(p, (struct held){.due = due, .late = true}, message);
        c->late++;
        break;
    default:
        break;
    }
}

static struct span disturb_all(struct disturber *d, int path, struct span messages)
{
    struct disturbed_path *p = &d->path[path];
    enum message_kind kind;
    struct span body;
    p->takes++;
    buf_reset(&p->out);
    release(p, p->takes, true);
    for (struct span rest = messages; message_next(&rest, &kind, &body);) {
        struct span message = {messages.at, messages.len - rest.len};
        struct hash_key key;
        messages = rest;
        counts[kind].seen++;
        if (find_key(kind, body, &key)) {
            disturb(d, p, kind, key, message);
            continue;
        }
        if (kind == MESSAGE_BLOCK_FENCE || kind == MESSAGE_STOP) {
            release(p, UINT64_MAX, kind == MESSAGE_STOP);
        }
        buf_put(&p->out, message);
    }
    return buf_span(&p->out);
}

/* Something is held: there must be a next take. */
static void wake_again(struct mailbox *m, const struct disturber *d)
{
    if (d->path[PATH_POSTED].count + d->path[PATH_OWN].count == 0) {
        return;
    }
    (void)pthread_mutex_lock(&m->lock);
    if (m->async != NULL) {
        (void)uv_async_send(m->async);
    }
    if (m->wake != NULL) {
        m->wake(m->wake_arg);
    }
    (void)pthread_mutex_unlock(&m->lock);
}

static void pause_a_little(void)
{
    (void)nanosleep(&(struct timespec){.tv_nsec = IDLE_NS}, NULL);
}

/* --- in place of the mailbox's own ---------------------------------------------------------- */

struct span __real_mailbox_take(struct mailbox *m);
struct span __real_mailbox_take_own(struct mailbox *m, struct buf *own);
struct span __real_mailbox_wait(struct mailbox *m);
struct span __wrap_mailbox_take(struct mailbox *m);
struct span __wrap_mailbox_take_own(struct mailbox *m, struct buf *own);
struct span __wrap_mailbox_wait(struct mailbox *m);

struct span __wrap_mailbox_take(struct mailbox *m)
{
    struct disturber *d = disturber_of_thread();
    struct span taken = __real_mailbox_take(m);
    if (taken.len == 0) {
        pause_a_little();
    }
    struct span out = disturb_all(d, PATH_POSTED, taken);
    wake_again(m, d);
    return out;
}

struct span __wrap_mailbox_take_own(struct mailbox *m, struct buf *own)
{
    struct disturber *d = disturber_of_thread();
    struct span out = disturb_all(d, PATH_OWN, __real_mailbox_take_own(m, own));
    wake_again(m, d);
    return out;
}

struct span __wrap_mailbox_wait(struct mailbox *m)
{
    struct disturber *d = disturber_of_thread();
    for (struct span out; d->path[PATH_POSTED].count > 0;) {
        out = disturb_all(d, PATH_POSTED, __real_mailbox_take(m));
        if (out.len > 0) {
            return out;
        }
        pause_a_little();
    }
    return disturb_all(d, PATH_POSTED, __real_mailbox_wait(m));
}

/* --- nothing but the spool for those that wait --------------------------------------------------- */

uint32_t __wrap_admission_works_max(uint32_t workers);

uint32_t __wrap_admission_works_max(uint32_t workers)
{
    (void)workers;
    return 0;
}
