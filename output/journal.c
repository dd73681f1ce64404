#include "output/journal.h"

#include <stdlib.h>
#include <string.h>

#include "scanner/base/codec.h"
#include "scanner/base/hash.h"
#include "scanner/base/memory.h"

#define RECORD_HEAD (4 + 8) /* octets: length, checksum */
#define ENTRY_HEAD  (1 + 8 + 8 + 8 + 1 + 8 + 4 + 4)
#define PAIR_LEN    16 /* octets of two numbers: a file, a range */

/* --- writing -------------------------------------------------------------------------------- */

static int cmp_lines(const void *a, const void *b)
{
    const uint64_t *x = a;
    const uint64_t *y = b;
    return (*x > *y) - (*x < *y);
}

size_t journal_ranges_of(uint64_t *lines, size_t count, struct journal_range *ranges)
{
    size_t made = 0;
    if (count > 0) {
        qsort(lines, count, sizeof(*lines), cmp_lines);
    }
    for (size_t i = 0; i < count; i++) {
        if (made > 0 && lines[i] <= ranges[made - 1].last + 1) {
            ranges[made - 1].last = lines[i];
        } else {
            ranges[made++] = (struct journal_range){lines[i], lines[i]};
        }
    }
    return made;
}

/* The same on every machine, as a draw is. */
static uint64_t checksum(uint64_t before, struct span body)
{
    return hash_draw(before, body, (struct span){0});
}

static void journal_put_record(struct buf *out, const struct buf *body, uint64_t *sum)
{
    *sum = checksum(*sum, buf_span(body));
    codec_put_u32(out, (uint32_t)body->len);
    codec_put_u64(out, *sum);
    buf_put(out, buf_span(body));
}

void journal_put_names(struct buf *out, const char *const *names, size_t count, uint64_t *sum)
{
    struct buf body = BUF_INIT(BUF_NO_LIMIT);
    CHECK(count <= JOURNAL_FILES_MAX);
    for (size_t i = 0; i < count; i++) {
        CHECK(strlen(names[i]) < JOURNAL_NAME_MAX);
        buf_put_text(&body, names[i]);
        buf_put_char(&body, '\n');
    }
    buf_put_text(out, JOURNAL_MAGIC);
    journal_put_record(out, &body, sum);
    buf_deinit(&body);
}

void journal_put_entry(struct buf *out, const struct journal_entry *e, uint64_t *sum)
{
    const struct journal_progress *p = &e->progress;
    struct buf body = BUF_INIT(BUF_NO_LIMIT);
    codec_put_flag(&body, e->durable);
    codec_put_u64(&body, e->boot);
    codec_put_u64(&body, p->lines_read);
    codec_put_u64(&body, p->octets_read);
    codec_put_flag(&body, p->input_ended);
    codec_put_i64(&body, p->unix_ms);
    codec_put_count(&body, e->file_count);
    codec_put_count(&body, p->finished_count);
    for (size_t i = 0; i < e->file_count; i++) {
        codec_put_u64(&body, e->files[i].octets);
        codec_put_u64(&body, e->files[i].rows);
    }
    for (size_t i = 0; i < p->finished_count; i++) {
        codec_put_u64(&body, p->finished[i].first);
        codec_put_u64(&body, p->finished[i].last);
    }
    CHECK(body.len <= JOURNAL_BODY_MAX);
    journal_put_record(out, &body, sum);
    buf_deinit(&body);
}

/* --- reading: octets that anything may have happened to ------------------------------------- */

enum record_read {
    RECORD_GOOD,
    RECORD_CUT, /* the octets end inside of it */
    RECORD_DAMAGED,
};

static bool all_zero(struct span octets)
{
    for (size_t i = 0; i < octets.len; i++) {
        if (octets.at[i] != 0) {
            return false;
        }
    }
    return true;
}

/* Takes one off the front of `octets`, if it is good. */
static enum record_read next_record(struct span *octets, uint64_t *sum, struct span *body)
{
    struct span rest = *octets;
    if (rest.len < RECORD_HEAD ||
        all_zero(rest)) { /* a disk may know the length and not the octets */
        return RECORD_CUT;
    }
    uint32_t len = codec_get_u32(&rest);
    uint64_t written = codec_get_u64(&rest);
    if (len > JOURNAL_BODY_MAX) {
        return RECORD_DAMAGED;
    }
    if (len > rest.len) {
        return RECORD_CUT;
    }
    *body = span_take(rest, len);
    rest = span_drop(rest, len);
    if (checksum(*sum, *body) != written) {
        return rest.len == 0 ? RECORD_CUT : RECORD_DAMAGED;
    }
    *sum = written;
    *octets = rest;
    return RECORD_GOOD;
}

static bool journal_read_names(struct journal *j, struct span body)
{
    while (body.len > 0) {
        const uint8_t *end = memchr(body.at, '\n', body.len);
        size_t len = end != NULL ? (size_t)(end - body.at) : body.len;
        if (end == NULL || len == 0 || len >= JOURNAL_NAME_MAX ||
            j->file_count == JOURNAL_FILES_MAX || memchr(body.at, '/', len) != NULL ||
            memchr(body.at, '\0', len) != NULL) {
            return false;
        }
        memcpy(j->names[j->file_count], body.at, len);
        j->names[j->file_count++][len] = '\0';
        body = span_drop(body, len + 1);
    }
    return j->file_count > 0;
}

/* @param ranges those of the entry, as octets */
static bool journal_read_entry(const struct journal *j, struct span body, struct journal_entry *e,
                               struct span *ranges)
{
    if (body.len < ENTRY_HEAD) {
        return false;
    }
    struct journal_progress *p = &e->progress;
    *e = (struct journal_entry){.durable = codec_get_u8(&body) != 0};
    e->boot = codec_get_u64(&body);
    p->lines_read = codec_get_u64(&body);
    p->octets_read = codec_get_u64(&body);
    p->input_ended = codec_get_u8(&body) != 0;
    p->unix_ms = codec_get_i64(&body);
    e->file_count = codec_get_count(&body);
    p->finished_count = codec_get_count(&body);
    if (e->file_count != j->file_count || p->finished_count > body.len / PAIR_LEN ||
        body.len != (e->file_count + p->finished_count) * PAIR_LEN) {
        return false;
    }
    for (size_t i = 0; i < e->file_count; i++) {
        e->files[i].octets = codec_get_u64(&body);
        e->files[i].rows = codec_get_u64(&body);
    }
    *ranges = body;
    return true;
}

static bool keep_ranges(struct journal *j, size_t *capacity, struct span octets)
{
    while (octets.len > 0) {
        struct journal_range r = {.first = codec_get_u64(&octets)};
        r.last = codec_get_u64(&octets);
        if (r.first == 0 || r.last < r.first) {
            return false;
        }
        if (j->finished_count == *capacity) {
            *capacity = *capacity > 0 ? 2 * *capacity : 64;
            j->finished = memory_resize(j->finished, *capacity, sizeof(*j->finished));
        }
        j->finished[j->finished_count++] = r;
    }
    return true;
}

static bool journal_refuse(struct buf *why, struct span all, struct span rest)
{
    buf_putf(why, "damaged at octet %zu", all.len - rest.len);
    return false;
}

/* What is behind the names. */
static bool journal_read_entries(struct journal *j, struct span all, struct span rest,
                                 bool (*fits)(void *arg, const struct journal *j,
                                              const struct journal_entry *e),
                                 void *arg, struct buf *why)
{
    size_t capacity = 0;
    size_t kept = 0; /* of `finished`, up to the last entry that fits */
    uint64_t sum = j->sum;
    for (;;) {
        struct span before = rest;
        struct span body;
        struct span ranges;
        struct journal_entry e;
        enum record_read got = next_record(&rest, &sum, &body);
        if (got == RECORD_CUT) {
            break;
        }
        if (got == RECORD_DAMAGED || !journal_read_entry(j, body, &e, &ranges) ||
            !keep_ranges(j, &capacity, ranges)) {
            return journal_refuse(why, all, before);
        }
        if (fits(arg, j, &e)) {
            kept = j->finished_count;
            j->first = j->entries == 0 ? e : j->first;
            j->last = e;
            j->entries++;
            j->octets = all.len - rest.len;
            j->sum = sum;
        }
    }
    j->finished_count = kept;
    j->last.progress.finished = j->finished;
    j->last.progress.finished_count = kept;
    j->octets_cut = all.len - j->octets;
    return true;
}

bool journal_read(struct journal *j, struct span octets,
                  bool (*fits)(void *arg, const struct journal *j, const struct journal_entry *e),
                  void *arg, struct buf *why)
{
    *j = (struct journal){0};
    struct span magic = SPAN_LIT(JOURNAL_MAGIC);
    if (!span_eq(span_take(octets, magic.len), magic)) {
        buf_put_text(why, "not a journal of this version");
        return false;
    }
    struct span rest = span_drop(octets, magic.len);
    struct span body;
    if (next_record(&rest, &j->sum, &body) != RECORD_GOOD || !journal_read_names(j, body)) {
        return journal_refuse(why, octets, span_drop(octets, magic.len));
    }
    j->octets = octets.len - rest.len;
    if (!journal_read_entries(j, octets, rest, fits, arg, why)) {
        return false;
    }
    if (j->entries == 0) {
        buf_put_text(why, "has no entry that fits the files, as after a power cut in the first "
                          "seconds: scan anew, "
                          "into another directory");
        return false;
    }
    return true;
}

void journal_deinit(struct journal *j)
{
    free(j->finished);
}
