#include "tests/lab/counters.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scanner/base/hash.h"
#include "scanner/base/memory.h"
#include "tests/lab/draw.h"

#define COUNTERS_MAGIC 0x6d786c6162633034ULL /* "mxlabc04": changes with the layout */
#define CASES_THINGS   5000                  /* the hand-made domains have hundreds of hosts */
#define PROBES_MAX     64                    /* places looked at before a table counts as full */
#define OFFENDERS_MAX  2000                  /* lines written */

struct visit_slot {
    _Atomic uint64_t key;
    _Atomic uint32_t count;
};

/* An address, or a network under a key of its own. */
struct place_slot {
    _Atomic uint64_t key;
    struct net_addr address;
    char kind; /* see place_kinds */
    _Atomic uint32_t open;
    _Atomic uint32_t open_max;
    _Atomic uint32_t starts;
    _Atomic uint32_t gap_min_ms;
    _Atomic uint64_t last_ms;
};

struct counters {
    uint64_t magic;
    uint64_t size; /* of the file */
    uint64_t visit_mask;
    uint64_t place_mask;
    uint64_t question_mask;
    int offenders; /* descriptor of DIR/offenders; inherited by the processes */
    _Atomic uint32_t ready;
    _Atomic uint32_t offender_lines;
    _Atomic uint64_t total[TOTAL_COUNT];
    uint8_t tables[]; /* visits, places, questions */
};

static uint64_t power_of_two(uint64_t at_least)
{
    uint64_t n = 1024;
    while (n < at_least) {
        n *= 2;
    }
    return n;
}

static struct visit_slot *visits(const struct counters *c)
{
    return (struct visit_slot *)(void *)(uintptr_t)c->tables;
}

static struct place_slot *places(const struct counters *c)
{
    return (struct place_slot *)(void *)(visits(c) + c->visit_mask + 1);
}

/* 56 bits of key, 8 bits of count. */
static _Atomic uint64_t *questions(const struct counters *c)
{
    return (_Atomic uint64_t *)(void *)(places(c) + c->place_mask + 1);
}

static void path_of(const char *dir, const char *file, char out[1024])
{
    (void)snprintf(out, 1024, "%s/%s", dir, file);
}

static struct counters *map_file(int fd, size_t size)
{
    void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    return at == MAP_FAILED ? NULL : at;
}

struct counters *counters_create(const char *dir, uint64_t domains)
{
    char path[1024];
    uint64_t things = domains + CASES_THINGS;
    uint64_t visit_count = power_of_two(things * 6);
    uint64_t place_count = power_of_two(things * 3);
    uint64_t question_count = power_of_two(things * 32);
    size_t size = sizeof(struct counters) + visit_count * sizeof(struct visit_slot) +
                  place_count * sizeof(struct place_slot) + question_count * sizeof(uint64_t);
    path_of(dir, "offenders", path);
    int offenders = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0666);
    path_of(dir, "counters", path);
    (void)unlink(path);
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0666);
    if (fd < 0 || offenders < 0 || ftruncate(fd, (off_t)size) != 0) {
        return NULL;
    }
    struct counters *c = map_file(fd, size);
    (void)close(fd);
    if (c != NULL) {
        c->magic = COUNTERS_MAGIC;
        c->size = size;
        c->visit_mask = visit_count - 1;
        c->place_mask = place_count - 1;
        c->question_mask = question_count - 1;
        c->offenders = offenders;
    }
    return c;
}

struct counters *counters_open(const char *dir)
{
    char path[1024];
    struct stat st;
    path_of(dir, "counters", path);
    int fd = open(path, O_RDWR);
    if (fd < 0) {
        return NULL;
    }
    struct counters *c = NULL;
    if (fstat(fd, &st) == 0 && (size_t)st.st_size >= sizeof(struct counters)) {
        c = map_file(fd, (size_t)st.st_size);
    }
    (void)close(fd);
    if (c != NULL && (c->magic != COUNTERS_MAGIC || c->size != (uint64_t)st.st_size)) {
        (void)munmap(c, (size_t)st.st_size);
        c = NULL;
    }
    if (c == NULL) {
        errno = EINVAL;
    }
    return c;
}

void counters_close(struct counters *c)
{
    if (c != NULL) {
        (void)munmap(c, c->size);
    }
}

void counters_add(struct counters *c, enum counter_total which)
{
    atomic_fetch_add_explicit(&c->total[which], 1, memory_order_relaxed);
}

uint64_t counters_total(const struct counters *c, enum counter_total which)
{
    return atomic_load(&c->total[which]);
}

unsigned counters_ready(struct counters *c)
{
    return atomic_fetch_add(&c->ready, 1) + 1;
}

unsigned counters_ready_count(const struct counters *c)
{
    return atomic_load(&c->ready);
}

static uint64_t key_of(struct span a, struct span b)
{
    uint64_t key = hash_draw(0x1ab, a, b);
    return key != 0 ? key : 1;
}

/* Finds or claims the place of `key`. @return false when the table is full there. */
static bool claim(_Atomic uint64_t *slot, uint64_t key)
{
    uint64_t there = 0;
    return atomic_compare_exchange_strong(slot, &there, key) || there == key;
}

static struct visit_slot *visit_place(struct counters *c, uint64_t key)
{
    struct visit_slot *table = visits(c);
    for (uint64_t i = 0; i < PROBES_MAX; i++) {
        struct visit_slot *s = &table[(key + i) & c->visit_mask];
        if (claim(&s->key, key)) {
            return s;
        }
    }
    counters_add(c, TOTAL_overflow);
    return NULL;
}

/* An address, and a network. */
static const char place_kinds[][2] = {[SIDE_MAIL] = {'a', 'n'}, [SIDE_POLICY] = {'A', 'N'}};
static const struct {
    enum counter_total connections;
    enum counter_total open;
    enum counter_total open_max;
} side_totals[] = {
    [SIDE_MAIL] = {TOTAL_connections, TOTAL_open, TOTAL_open_max},
    [SIDE_POLICY] = {TOTAL_policy_connections, TOTAL_policy_open, TOTAL_policy_open_max},
};

static struct place_slot *place_of(struct counters *c, const struct net_addr *a, char kind)
{
    uint64_t key =
        key_of((struct span){(const uint8_t *)a, sizeof(*a)}, (struct span){(uint8_t *)&kind, 1});
    struct place_slot *table = places(c);
    for (uint64_t i = 0; i < PROBES_MAX; i++) {
        struct place_slot *s = &table[(key + i) & c->place_mask];
        if (claim(&s->key, key)) {
            s->address = *a; /* the same octets whoever writes them */
            s->kind = kind;
            return s;
        }
    }
    counters_add(c, TOTAL_overflow);
    return NULL;
}

static void raise_to(_Atomic uint32_t *max, uint32_t value)
{
    uint32_t seen = atomic_load_explicit(max, memory_order_relaxed);
    while (seen < value && !atomic_compare_exchange_weak(max, &seen, value)) {
    }
}

static void opened(struct place_slot *s)
{
    if (s != NULL) {
        raise_to(&s->open_max, atomic_fetch_add(&s->open, 1) + 1);
    }
}

static uint32_t started(struct place_slot *s, uint64_t now_ms)
{
    uint64_t last = atomic_exchange(&s->last_ms, now_ms);
    uint32_t before = atomic_fetch_add(&s->starts, 1);
    if (before == 0) {
        return 0;
    }
    uint64_t gap = now_ms > last ? now_ms - last : 0;
    uint32_t value = gap < UINT32_MAX ? (uint32_t)gap : UINT32_MAX;
    uint32_t seen = atomic_load(&s->gap_min_ms); /* kept plus one, so that 0 means none */
    while ((seen == 0 || seen > value + 1) &&
           !atomic_compare_exchange_weak(&s->gap_min_ms, &seen, value + 1)) {
    }
    return before;
}

static bool is_peak(const struct place_slot *s)
{
    uint32_t open = s != NULL ? atomic_load(&s->open) : 0;
    return open > 0 && open >= atomic_load(&s->open_max);
}

bool counters_at_peak(struct counters *c, enum counter_side side, const struct net_addr *address)
{
    struct net_addr network = net_addr_network(address);
    const char *kinds = place_kinds[side];
    return is_peak(place_of(c, address, kinds[0])) || is_peak(place_of(c, &network, kinds[1]));
}

uint32_t counters_begin(struct counters *c, enum counter_side side, const struct net_addr *address,
                        uint64_t start_ms)
{
    _Atomic uint64_t *most = &c->total[side_totals[side].open_max];
    counters_add(c, side_totals[side].connections);
    uint64_t open = atomic_fetch_add(&c->total[side_totals[side].open], 1) + 1;
    uint64_t max = atomic_load(most);
    while (max < open && !atomic_compare_exchange_weak(most, &max, open)) {
    }
    struct net_addr network = net_addr_network(address);
    struct place_slot *s = place_of(c, address, place_kinds[side][0]);
    opened(s);
    opened(place_of(c, &network, place_kinds[side][1]));
    return s != NULL ? started(s, start_ms) : 0;
}

void counters_end(struct counters *c, enum counter_side side, const struct net_addr *address)
{
    struct net_addr network = net_addr_network(address);
    struct place_slot *both[] = {place_of(c, address, place_kinds[side][0]),
                                 place_of(c, &network, place_kinds[side][1])};
    for (size_t i = 0; i < 2; i++) {
        if (both[i] != NULL) {
            atomic_fetch_sub(&both[i]->open, 1);
        }
    }
    atomic_fetch_sub(&c->total[side_totals[side].open], 1);
}

static void offend(struct counters *c, const struct net_addr *address, uint16_t port,
                   const char *what, struct span sni, unsigned count, unsigned expected)
{
    char line[512];
    char text[NET_ADDR_TEXT_MAX];
    if (atomic_fetch_add(&c->offender_lines, 1) >= OFFENDERS_MAX) {
        return;
    }
    net_addr_format(address, text);
    int len = snprintf(line, sizeof(line),
                       "{\"service\":\"%s|%u\",\"kind\":\"%s\",\"sni\":\"%.*s\",\"visits\":%u,"
                       "\"expected\":%u}\n",
                       text, port, what, (int)sni.len, sni.len ? (const char *)sni.at : "", count,
                       expected);
    (void)!write(c->offenders, line, (size_t)len);
}

/* @return false: it was one too many. */
static bool visit(struct counters *c, const struct net_addr *address, uint16_t port,
                  const char *what, struct span sni, unsigned expected)
{
    uint8_t first[sizeof(*address) + 3];
    memcpy(first, address, sizeof(*address));
    first[sizeof(*address)] = (uint8_t)(port >> 8);
    first[sizeof(*address) + 1] = (uint8_t)port;
    first[sizeof(*address) + 2] = (uint8_t)what[0];
    struct visit_slot *s = visit_place(c, key_of((struct span){first, sizeof(first)}, sni));
    if (s != NULL) {
        uint32_t count = atomic_fetch_add(&s->count, 1) + 1;
        if (count > expected) {
            offend(c, address, port, what, sni, count, expected);
            return false;
        }
    }
    return true;
}

void counters_visit(struct counters *c, const struct net_addr *address, uint16_t port,
                    struct span sni, unsigned expected)
{
    counters_add(c, sni.len > 0 ? TOTAL_with_sni : TOTAL_without_sni);
    if (!visit(c, address, port, sni.len > 0 ? "sni" : "no_sni", sni, expected)) {
        counters_add(c, TOTAL_repeated_visits);
    }
}

void counters_policy_visit(struct counters *c, struct span name)
{
    static const struct net_addr any = {.family = 4}; /* at whatever address */
    if (!visit(c, &any, 443, "policy", name, 1)) {
        counters_add(c, TOTAL_policy_repeated);
    }
}

void counters_visit_without_tls(struct counters *c, const struct net_addr *address, uint16_t port,
                                unsigned expected)
{
    counters_add(c, TOTAL_without_tls);
    if (!visit(c, address, port, "before_tls", (struct span){0}, expected)) {
        counters_add(c, TOTAL_repeated_visits);
    }
}

void counters_question(struct counters *c, struct span name, uint16_t type, bool cd, bool tcp,
                       bool answered)
{
    counters_add(c, tcp ? TOTAL_questions_tcp : TOTAL_questions_udp);
    uint8_t tail[3] = {(uint8_t)(type >> 8), (uint8_t)type,
                       (uint8_t)((cd ? 1 : 0) | (tcp ? 2 : 0))};
    uint64_t key = key_of(name, (struct span){tail, sizeof(tail)}) << 8;
    if (!answered) {
        return; /* asking again is what a resolver does then */
    }
    key = key != 0 ? key : 1U << 8;
    _Atomic uint64_t *table = questions(c);
    for (uint64_t i = 0; i < PROBES_MAX; i++) {
        _Atomic uint64_t *slot = &table[((key >> 8) + i) & c->question_mask];
        uint64_t there = 0;
        if (atomic_compare_exchange_strong(slot, &there, key | 1)) {
            return;
        }
        if ((there & ~0xffULL) == key) {
            counters_add(c, TOTAL_questions_repeated);
            if ((there & 0xff) < 0xff) {
                atomic_fetch_add(slot, 1);
            }
            return;
        }
    }
    counters_add(c, TOTAL_overflow);
}

/* ---- printing ---- */

struct extreme {
    uint32_t value;
    struct net_addr address;
};

static void print_place(const char *key, const struct extreme *e, FILE *out)
{
    char text[NET_ADDR_TEXT_MAX] = "";
    if (e->address.family != 0) {
        net_addr_format(&e->address, text);
    }
    (void)fprintf(out, "\"%s\":{\"value\":%" PRIu32 ",\"at\":\"%s\"}", key, e->value, text);
}

static void print_places(const struct counters *c, enum counter_side side,
                         const struct counter_limits *limits, FILE *out)
{
    struct extreme address = {0};
    struct extreme network = {0};
    struct extreme gap = {.value = UINT32_MAX};
    uint64_t addresses = 0;
    uint64_t over[3] = {0};
    for (uint64_t i = 0; i <= c->place_mask; i++) {
        const struct place_slot *s = &places(c)[i];
        bool net = s->kind == place_kinds[side][1];
        if (s->key == 0 || (!net && s->kind != place_kinds[side][0])) {
            continue;
        }
        uint32_t max = atomic_load(&s->open_max);
        struct extreme *e = net ? &network : &address;
        if (max > e->value) {
            *e = (struct extreme){max, s->address};
        }
        addresses += !net;
        over[net ? 1 : 0] += max > (net ? limits->network : limits->address);
        uint32_t kept = atomic_load(&s->gap_min_ms);
        if (kept != 0) {
            over[2] += kept - 1 < limits->gap_ms;
            if (kept - 1 < gap.value) {
                gap = (struct extreme){kept - 1, s->address};
            }
        }
    }
    (void)fprintf(out, "\"addresses\":%" PRIu64 ",", addresses);
    print_place("most_open_at_an_address", &address, out);
    (void)fputc(',', out);
    print_place("most_open_in_a_network", &network, out);
    (void)fputc(',', out);
    if (gap.value == UINT32_MAX) {
        (void)fprintf(out, "\"smallest_gap_ms\":null");
    } else {
        print_place("smallest_gap_ms", &gap, out);
    }
    (void)fprintf(out,
                  ",\"addresses_over_limit\":%" PRIu64 ",\"networks_over_limit\":%" PRIu64
                  ",\"addresses_under_gap\":%" PRIu64,
                  over[0], over[1], over[2]);
}

static void print_visits(const struct counters *c, FILE *out)
{
    uint64_t by_count[4] = {0}; /* 1, 2, 3, more */
    for (uint64_t i = 0; i <= c->visit_mask; i++) {
        uint32_t n = atomic_load(&visits(c)[i].count);
        if (n > 0) {
            by_count[n < 4 ? n - 1 : 3]++;
        }
    }
    (void)fprintf(out,
                  "\"visited\":{\"once\":%" PRIu64 ",\"twice\":%" PRIu64 ",\"three_times\":%" PRIu64
                  ",\"more\":%" PRIu64 "}",
                  by_count[0], by_count[1], by_count[2], by_count[3]);
}

static void print_offenders(const char *dir, size_t max, FILE *out)
{
    char line[1024];
    path_of(dir, "offenders", line);
    FILE *file = fopen(line, "r");
    (void)fprintf(out, "\"offenders\":[");
    for (size_t n = 0; file != NULL && n < max && fgets(line, sizeof(line), file) != NULL; n++) {
        line[strcspn(line, "\n")] = '\0';
        (void)fprintf(out, "%s%s", n > 0 ? "," : "", line);
    }
    (void)fprintf(out, "]");
    if (file != NULL) {
        (void)fclose(file);
    }
}

void counters_print(const struct counters *c, const char *dir, const struct counter_limits *limits,
                    FILE *out)
{
    static const char *const names[] = {
#define X(name) #name,
        COUNTER_TOTALS(X)
#undef X
    };
    (void)fprintf(out, "{");
    for (int i = 0; i < TOTAL_COUNT; i++) {
        (void)fprintf(out, "\"%s\":%" PRIu64 ",", names[i], atomic_load(&c->total[i]));
    }
    print_visits(c, out);
    (void)fprintf(out, ",");
    print_places(c, SIDE_MAIL, limits, out);
    (void)fprintf(out, ",\"policy_hosts\":{");
    print_places(c, SIDE_POLICY, limits, out);
    (void)fprintf(out, "},");
    print_offenders(dir, limits->list_max, out);
    (void)fprintf(out, "}\n");
}
