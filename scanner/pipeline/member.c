#include "scanner/pipeline/member.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "scanner/base/check.h"
#include "scanner/base/clock.h"
#include "scanner/base/file.h"
#include "scanner/base/memory.h"
#include "scanner/fleet/control_files.h"
#include "scanner/pipeline/member_private.h"
#include "scanner/pipeline/thread_join.h"

#define JOIN_SAY_MS 10000  /* waiting for others is told */
#define AWAY_MS     5000   /* for the word that it does not stay */
#define LEAVE_MS    120000 /* for the last records */
#define BEAT_MS     1000

/* --- the coordinator's ------------------------------------------------------------------------ */

static void say_settled(struct member *m, uint32_t blocks)
{
    struct buf out = BUF_INIT(BUF_NO_LIMIT);
    for (uint32_t i = 0; i < m->division.count; i++) {
        struct message_fleet_settled s = {.part = (uint16_t)(m->division.first + i),
                                          .blocks = blocks};
        message_put_fleet_settled(&out, &s);
    }
    member_post_outward(m, m->division.first, 0, &out);
    buf_deinit(&out);
}

static void say_done(struct member *m)
{
    struct buf out = BUF_INIT(BUF_NO_LIMIT);
    for (uint32_t i = 0; i < m->division.count; i++) {
        struct message_fleet_done d = {.part = (uint16_t)(m->division.first + i)};
        message_put_fleet_done(&out, &d);
    }
    member_post_outward(m, m->division.first, 0, &out);
    buf_deinit(&out);
}

static void beat(struct member *m, uint64_t progress)
{
    int64_t now = clock_boot_ms();
    if (now < m->beat_ms + BEAT_MS) {
        return;
    }
    m->beat_ms = now;
    const struct message_fleet_beat b = {.progress = progress, .sent_ms = (uint64_t)now};
    struct buf message = BUF_INIT(BUF_NO_LIMIT);
    message_put_fleet_beat(&message, &b);
    (void)kafka_send(m->kafka, member_topic(m, FLEET_BEATS), 0, span_of(m->name),
                     buf_span(&message), NULL);
    buf_deinit(&message);
}

void member_look(struct member *m, bool lines_read, uint64_t progress)
{
    struct admission *a = &m->scan->admission;
    beat(m, progress);
    if (admission_is_stopped(a)) { /* there may be lines that it did not take */
        return;
    }
    uint32_t settled = admission_settled_blocks(a);
    if (settled > m->settled) {
        m->settled = settled;
        say_settled(m, settled);
    }
    if (!m->done && settled == UINT32_MAX && lines_read && admission_is_empty(a)) {
        m->done = true;
        say_done(m);
    }
}

uint64_t member_progress_of_others(struct member *m)
{
    (void)pthread_mutex_lock(&m->watching);
    uint64_t progress = roster_progress_of_others(&m->roster, m->number);
    (void)pthread_mutex_unlock(&m->watching);
    return progress;
}

bool member_is_fed(struct member *m)
{
    (void)pthread_mutex_lock(&m->watching);
    bool fed = m->watch.last > 0;
    (void)pthread_mutex_unlock(&m->watching);
    return fed;
}

static bool is_busy(const struct member *m, uint32_t number)
{
    uint32_t part = member_first_part(m, number);
    while (part < member_first_part(m, number + 1) && m->watch.done[part]) {
        part++;
    }
    return part < member_first_part(m, number + 1);
}

uint32_t member_count_busy(struct member *m)
{
    uint32_t count = 0;
    (void)pthread_mutex_lock(&m->watching);
    for (uint32_t i = 0; i < m->p->terms->members; i++) {
        count += i != m->number && is_busy(m, i);
    }
    (void)pthread_mutex_unlock(&m->watching);
    return count;
}

bool member_is_over(struct member *m)
{
    (void)pthread_mutex_lock(&m->watching);
    bool over = block_watch_is_over(&m->watch);
    (void)pthread_mutex_unlock(&m->watching);
    return over;
}

bool member_is_lost(struct member *m, struct buf *why)
{
    if (kafka_is_lost(m->kafka, why) || kafka_reader_is_lost(m->control, why) ||
        kafka_reader_is_lost(m->inlet, why) || kafka_reader_is_lost(m->domains, why)) {
        return true;
    }
    (void)pthread_mutex_lock(&m->watching);
    uint32_t lost = block_watch_is_over(&m->watch)
                        ? ROSTER_NOBODY
                        : roster_find_free(&m->roster, m->number, m->p->terms->silent_after);
    if (lost != ROSTER_NOBODY) {
        buf_putf(why, "--scan %s: member %u of %u ", m->p->scan, lost + 1, m->p->terms->members);
        if (m->roster.members[lost].unfinished) {
            buf_put_text(why, "has left before its work was done");
        } else {
            buf_putf(why, "is silent for %u s", m->roster.members[lost].silent);
        }
        buf_put_text(why, ": a member that is lost cannot be replaced, so the scan cannot be "
                          "finished; feed the list under another name");
    }
    (void)pthread_mutex_unlock(&m->watching);
    return why->len > 0;
}

/* --- beginning and end ------------------------------------------------------------------------ */

static bool open_reader(struct member *m, struct kafka_reader **r, struct buf *why)
{
    *r = kafka_reader_new(&m->p->kafka, m->p->scan, why);
    return *r != NULL;
}

struct member *member_alloc(struct scan *scan, const struct fleet_params *p)
{
    struct member *m = memory_new(1, sizeof(*m));
    m->scan = scan;
    m->p = p;
    m->topics = p->topics;
    m->notices = BUF_INIT(BUF_NO_LIMIT);
    m->division = (struct division){.parts = p->terms->parts, .runs = true};
    CHECK(pthread_mutex_init(&m->sending, NULL) == 0);
    CHECK(pthread_mutex_init(&m->watching, NULL) == 0);
    CHECK(pthread_mutex_init(&m->noticing, NULL) == 0);
    CHECK(pthread_cond_init(&m->acknowledged, NULL) == 0);
    outbox_init(&m->outbox, member_send_item, m);
    block_watch_init(&m->watch, p->terms->parts);
    roster_init(&m->roster, p->terms->members);
    for (uint32_t i = 0; i < FLEET_PARTS_MAX; i++) {
        m->sent[i] = m->served[i] = -1;
    }
    uuid7_make(clock_unix_ms(), m->name);
    return m;
}

struct member *member_new(struct scan *scan, const struct fleet_params *p, struct buf *why)
{
    struct member *m = member_alloc(scan, p);
    m->kafka = kafka_new(&p->kafka, member_on_delivered, m, why);
    bool ok = m->kafka != NULL && kafka_connect(m->kafka, KAFKA_CONNECT_MS, why) &&
              open_reader(m, &m->control, why) && open_reader(m, &m->inlet, why) &&
              open_reader(m, &m->domains, why);
    if (ok) {
        kafka_reader_add(m->control, member_topic(m, FLEET_CONTROL), 0);
        kafka_reader_add(m->control, member_topic(m, FLEET_BEATS), 0);
        ok = kafka_reader_begin(m->control, why);
    }
    if (!ok) {
        member_free(m);
        return NULL;
    }
    return m;
}

/* Of no thread's yet, or of none's any more. */
static void say_in_control(struct member *m, const struct buf *message)
{
    (void)kafka_send(m->kafka, member_topic(m, FLEET_CONTROL), 0, (struct span){0},
                     buf_span(message), NULL);
}

static struct roster_place own_place(const struct member *m)
{
    const struct scan_params *p = m->scan->params;
    return (struct roster_place){
        .ipv4 = p->use_ipv4, .ipv6 = p->use_ipv6, .trust_ad = p->terms.trust_ad};
}

static void say_join(struct member *m)
{
    struct roster_place place = own_place(m);
    struct message_fleet_join j = {.member = span_of(m->name),
                                   .ipv4 = place.ipv4,
                                   .ipv6 = place.ipv6,
                                   .trust_ad = place.trust_ad};
    struct buf message = BUF_INIT(BUF_NO_LIMIT);
    message_put_fleet_join(&message, &j);
    say_in_control(m, &message);
    buf_deinit(&message);
    m->said_join = true;
}

/* Its place is free again, or it is known to be lost. */
static void take_join_back(struct member *m)
{
    const struct message_fleet_away a = {.member = span_of(m->name)};
    struct buf message = BUF_INIT(BUF_NO_LIMIT);
    message_put_fleet_away(&message, &a);
    say_in_control(m, &message);
    buf_deinit(&message);
    (void)kafka_flush(m->kafka, AWAY_MS);
}

static const char *families_text(const struct roster_place *place)
{
    return place->ipv4 && place->ipv6 ? "IPv4 and IPv6" : place->ipv4 ? "IPv4" : "IPv6";
}

/* @return false with one line in `why` */
static bool may_be_member(const struct member *m, struct buf *why)
{
    const struct roster *r = &m->roster;
    struct roster_place own = own_place(m);
    if (r->complete) {
        buf_putf(why,
                 "--scan %s: it has its %u member%s (feed --members); one that was lost cannot be "
                 "replaced: feed the list under another name",
                 m->p->scan, r->wanted, r->wanted == 1 ? "" : "s");
    } else if (!roster_agrees(r, &own) &&
               (r->place.ipv4 != own.ipv4 || r->place.ipv6 != own.ipv6)) {
        buf_putf(why,
                 "--scan %s: its other members connect over %s, this machine over %s: rows would "
                 "depend on who has a domain; feed the list with --ipv4-only or --ipv6-only, or "
                 "end those that wait and begin with this one",
                 m->p->scan, families_text(&r->place), families_text(&own));
    } else if (!roster_agrees(r, &own)) {
        buf_putf(why,
                 "--scan %s: its other members %s the AD bit of their resolvers, this machine does "
                 "%s: feed the list with --trust-ad yes or no, or end those that wait and begin "
                 "with this one",
                 m->p->scan, r->place.trust_ad ? "trust" : "do not trust",
                 r->place.trust_ad ? "not" : "so");
    }
    return why->len == 0;
}

static void say_who_is_missing(const struct member *m, const struct member_wait *wait)
{
    char line[200];
    (void)snprintf(line, sizeof(line),
                   "--scan %s: %u of %u members are here; waiting for the others", m->p->scan,
                   m->roster.count, m->roster.wanted);
    wait->say(wait->say_arg, line);
}

static bool has_read_control(const struct member *m)
{
    return kafka_reader_is_at_end(m->control);
}

/* Or we know that we are none. */
static bool all_are_there(const struct member *m)
{
    return m->heard_join &&
           (m->roster.complete || roster_find(&m->roster, span_of(m->name)) == ROSTER_NOBODY);
}

/* @return false with one line in `why`, but where `go_on` said so */
static bool read_control_until(struct member *m, bool (*is_enough)(const struct member *m),
                               const struct member_wait *wait, struct buf *why)
{
    uint64_t said = 0;
    int64_t began = clock_boot_ms();
    while (!is_enough(m)) {
        if (!wait->go_on(wait->arg)) {
            return false;
        }
        kafka_poll(m->kafka, 0);
        if (kafka_is_lost(m->kafka, why) || kafka_reader_is_lost(m->control, why)) {
            return false;
        }
        (void)member_read_control(m, POLL_MS);
        if ((uint64_t)(clock_boot_ms() - began) / JOIN_SAY_MS > said) {
            said++;
            say_who_is_missing(m, wait);
        }
    }
    return true;
}

static void take_division(struct member *m, uint32_t number)
{
    m->number = (uint16_t)number;
    m->division.first = member_first_part(m, number);
    m->division.count = member_first_part(m, number + 1) - m->division.first;
    m->lines = memory_new(m->division.count, sizeof(*m->lines));
    for (uint32_t i = 0; i < m->division.count; i++) {
        uint32_t part = m->division.first + i;
        m->lines[i].ahead = BUF_INIT(BUF_NO_LIMIT);
        kafka_reader_add(m->domains, member_topic(m, FLEET_DOMAINS), part);
        kafka_reader_add(m->inlet, member_topic(m, FLEET_HOSTS), part);
        kafka_reader_add(m->inlet, member_topic(m, FLEET_SERVICES), part);
        kafka_reader_add(m->inlet, member_topic(m, FLEET_ANSWERS), part);
    }
}

/* Who cannot be a member says nothing to the others. */
static bool join_others(struct member *m, const struct member_wait *wait, enum scan_end *end,
                        struct buf *why)
{
    if (!read_control_until(m, has_read_control, wait, why)) {
        return false;
    }
    *end = SCAN_END_USAGE;
    if (!may_be_member(m, why)) {
        return false;
    }
    *end = SCAN_END_FATAL;
    say_join(m);
    if (!read_control_until(m, all_are_there, wait, why)) {
        return false;
    }
    uint32_t number = roster_find(&m->roster, span_of(m->name));
    if (number == ROSTER_NOBODY) { /* others were faster */
        *end = SCAN_END_USAGE;
        if (may_be_member(m, why)) {
            buf_putf(why, "--scan %s: what joins was taken back by somebody else", m->p->scan);
        }
        return false;
    }
    take_division(m, number);
    return kafka_reader_begin(m->inlet, why) && kafka_reader_begin(m->domains, why);
}

bool member_join(struct member *m, const struct member_wait *wait, enum scan_end *end,
                 struct buf *why)
{
    *end = SCAN_END_FATAL;
    bool joined = join_others(m, wait, end, why);
    if (!joined && m->said_join) {
        take_join_back(m);
    }
    return joined;
}

struct division member_division(const struct member *m)
{
    return m->division;
}

void member_start(struct member *m, struct mailbox *policies)
{
    m->policies = policies;
    m->started = true;
    thread_start(&m->ack_thread, member_ack_run, m);
    thread_start(&m->control_thread, member_control_run, m);
    thread_start(&m->inlet_thread, member_inlet_run, m);
}

struct leaving {
    struct member *m;
    bool ok;
};

static void leave_message(void *arg, struct span message)
{
    struct leaving *l = arg;
    l->ok = l->ok && !kafka_is_lost(l->m->kafka, NULL);
    for (int tries = 0; l->ok; tries++) {
        if (kafka_send(l->m->kafka, member_topic(l->m, FLEET_CONTROL), 0, (struct span){0}, message,
                       NULL)) {
            return;
        }
        kafka_poll(l->m->kafka, POLL_MS);
        l->ok = tries < LEAVE_MS / POLL_MS;
    }
}

/* Rows are in topics; what remains says how the scan was made, and what it was judged with. */
static bool is_left(const char *name)
{
    const char *dot = strrchr(name, '.');
    return name[0] != '.' && strstr(name, ".part") == NULL &&
           (dot == NULL || strcmp(dot, ".ndjson") != 0);
}

static void leave_files(struct leaving *l, const char *directory)
{
    DIR *dir = opendir(directory);
    const struct dirent *entry;
    l->ok = dir != NULL;
    while (l->ok && (entry = readdir(dir)) != NULL) {
        struct buf path = BUF_INIT(BUF_NO_LIMIT);
        struct buf octets = BUF_INIT(BUF_NO_LIMIT);
        buf_putf(&path, "%s/%s%c", directory, entry->d_name, '\0');
        if (is_left(entry->d_name)) {
            l->ok = file_read((const char *)path.at, &octets) == FILE_COMPLETE;
            if (l->ok) {
                control_file_put(l->m->number, entry->d_name, buf_span(&octets), leave_message, l);
            }
        }
        buf_deinit(&path);
        buf_deinit(&octets);
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
}

static void stop_member_threads(struct member *m)
{
    if (m->started) {
        atomic_store(&m->stopping, true);
        CHECK(pthread_join(m->control_thread, NULL) == 0);
        CHECK(pthread_join(m->inlet_thread, NULL) == 0);
        m->started = false;
    }
}

static bool all_is_taken(struct member *m)
{
    return kafka_flush(m->kafka, LEAVE_MS) && !kafka_is_lost(m->kafka, NULL);
}

bool member_leave(struct member *m, const char *directory, enum scan_end end)
{
    struct leaving l = {.m = m, .ok = true};
    bool whole = end == SCAN_END_COMPLETE || end == SCAN_END_SAYS_NOTHING || end == SCAN_END_OUTAGE;
    stop_member_threads(m);
    leave_files(&l, directory);
    l.ok = all_is_taken(m) && l.ok; /* also the last rows: else it has not done its work */
    struct message_fleet_left left = {
        .member = m->number, .epoch = ROSTER_FIRST_EPOCH, .whole = whole && l.ok};
    struct leaving last = {.m = m, .ok = true};
    struct buf message = BUF_INIT(BUF_NO_LIMIT);
    message_put_fleet_left(&message, &left);
    leave_message(&last, buf_span(&message));
    buf_deinit(&message);
    last.ok = all_is_taken(m) && last.ok;
    atomic_store(&m->ack_stopping, true);
    CHECK(pthread_join(m->ack_thread, NULL) == 0);
    return l.ok && last.ok;
}

void member_free(struct member *m)
{
    if (m == NULL) {
        return;
    }
    kafka_reader_free(m->control);
    kafka_reader_free(m->inlet);
    kafka_reader_free(m->domains);
    kafka_free(m->kafka);
    outbox_deinit(&m->outbox);
    for (uint32_t i = 0; m->lines != NULL && i < m->division.count; i++) {
        buf_deinit(&m->lines[i].ahead);
    }
    free(m->lines);
    buf_deinit(&m->notices);
    (void)pthread_mutex_destroy(&m->sending);
    (void)pthread_mutex_destroy(&m->watching);
    (void)pthread_mutex_destroy(&m->noticing);
    (void)pthread_cond_destroy(&m->acknowledged);
    free(m);
}
