#include "scanner/merge/collect.h"

#include <stdlib.h>
#include <string.h>

#include "scanner/fleet/control.h"
#include "scanner/fleet/terms.h"
#include "scanner/fleet/topic_reading.h"
#include "scanner/index/scratch_database.h"
#include "scanner/merge/chosen_folder.h"
#include "scanner/merge/collected_manifest.h"

#define CACHE_OCTETS (64U << 20)

struct collecting {
    const struct collect_params *p;
    struct fleet_topics topics;
    struct control_state control;
    struct fleet_terms terms;
    struct chosen_folder folder;
    struct kafka_reader *rows; /* of one partition after the other */
    uint64_t lines;            /* rows of domains */
    struct buf *why;
};

/* --- rows ------------------------------------------------------------------------------------- */

/* Of a table: which record of each key is the last. */
struct last_rows {
    struct scratch_database *database;
    struct scratch_statement *put;
    struct scratch_statement *find;
};

static void last_rows_open(struct last_rows *l)
{
    l->database = scratch_database_open(CACHE_OCTETS);
    scratch_database_run(l->database, "CREATE TABLE last (key TEXT PRIMARY KEY, place INTEGER)"
                                      " WITHOUT ROWID");
    l->put = scratch_statement_new(l->database, "INSERT OR REPLACE INTO last VALUES (?, ?)");
    l->find = scratch_statement_new(l->database, "SELECT place FROM last WHERE key = ?");
}

static bool is_last(struct last_rows *l, const struct kafka_record *r)
{
    scratch_put_text(l->find, r->key);
    bool last = scratch_next_row(l->find) && scratch_uint(l->find, 0) == (uint64_t)r->offset;
    scratch_leave(l->find);
    return last;
}

/* A partition of a table, read twice. */
struct reading {
    struct collecting *c;
    enum table_id table;
    struct last_rows last; /* a key is in one partition */
    bool written;
};

static bool note_row(void *arg, const struct kafka_record *r)
{
    struct reading *p = arg;
    scratch_put_text(p->last.put, r->key);
    scratch_put_uint(p->last.put, (uint64_t)r->offset);
    scratch_do(p->last.put);
    return true;
}

static bool write_row(void *arg, const struct kafka_record *r)
{
    struct reading *p = arg;
    if (r->value.len == 0 || !is_last(&p->last, r)) {
        return true;
    }
    struct buf line = BUF_INIT(BUF_NO_LIMIT);
    buf_put(&line, r->value);
    buf_put_char(&line, '\n');
    p->written =
        result_dir_append(p->c->folder.dir, p->table, ROW_FORMAT_NDJSON, buf_span(&line), 1);
    p->c->lines += p->table == TABLE_DOMAINS;
    buf_deinit(&line);
    return p->written;
}

/* @return COMPLETE, or with one line in `why` */
static enum analyze_end collect_partition(struct collecting *c, enum table_id t, uint32_t partition)
{
    const char *topic = c->topics.name[FLEET_ROWS + (unsigned)t];
    struct reading p = {.c = c, .table = t, .written = true};
    last_rows_open(&p.last);
    bool ok = topic_read(c->rows, topic, partition, note_row, &p, c->why) &&
              topic_read(c->rows, topic, partition, write_row, &p, c->why);
    enum analyze_end end = !ok         ? ANALYZE_FATAL
                           : p.written ? ANALYZE_COMPLETE
                                       : chosen_folder_fail(&c->folder, ANALYZE_ROWS_LOST, c->why);
    if (scratch_database_error(p.last.database) != NULL) {
        buf_reset(c->why);
        buf_put_text(c->why, scratch_database_error(p.last.database));
        end = ANALYZE_FATAL;
    }
    scratch_database_close(p.last.database);
    return end;
}

static enum analyze_end collect_table(struct collecting *c, enum table_id t)
{
    enum analyze_end end = ANALYZE_COMPLETE;
    for (uint32_t p = 0; p < FLEET_ROWS_PARTS && end == ANALYZE_COMPLETE; p++) {
        end = collect_partition(c, t, p);
    }
    return end;
}

static enum analyze_end collect_rows(struct collecting *c)
{
    c->rows = kafka_reader_new(&c->p->kafka, c->p->scan, c->why);
    enum analyze_end end = c->rows != NULL ? ANALYZE_COMPLETE : ANALYZE_FATAL;
    for (unsigned t = 0; t < TABLE_COUNT && end == ANALYZE_COMPLETE; t++) {
        if (c->topics.name[FLEET_ROWS + t][0] != '\0') {
            end = collect_table(c, (enum table_id)t);
        }
    }
    kafka_reader_free(c->rows);
    return end;
}

/* --- what stands beside them ------------------------------------------------------------------ */

static bool is_made_anew(const char *name)
{
    return strcmp(name, "manifest.json") == 0 || strcmp(name, "summary.json") == 0 ||
           strcmp(name, "state.json") == 0 || strcmp(name, "started.json") == 0;
}

static bool has_left(const struct collecting *c, unsigned member, const char *name)
{
    return c->control.members[member].left &&
           control_files_find(&c->control.files, (uint16_t)member, name) != NULL;
}

/* The lowest member that ended its work, or else of those that were interrupted; -1: neither. */
static int base_member(const struct collecting *c)
{
    static const char *const names[] = {"manifest.json", "started.json"};
    for (unsigned n = 0; n < 2; n++) {
        for (unsigned i = 0; i < FLEET_PARTS_LIMIT; i++) {
            if (has_left(c, i, names[n])) {
                return (int)i;
            }
        }
    }
    return -1;
}

static struct collected_facts collected_facts_of(const struct collecting *c)
{
    return (struct collected_facts){.control = &c->control,
                                    .terms = &c->terms,
                                    .base = (uint16_t)base_member(c),
                                    .dir = c->folder.dir,
                                    .lines = c->lines};
}

static enum analyze_end write_files(struct collecting *c)
{
    const struct control_files *files = &c->control.files;
    const struct collected_facts facts = collected_facts_of(c);
    struct buf json = BUF_INIT(BUF_NO_LIMIT);
    bool ok = result_dir_finish(c->folder.dir);
    for (size_t i = 0; i < files->count && ok; i++) {
        const struct control_file *f = &files->at[i];
        if (f->member == facts.base && f->whole && !is_made_anew(f->name)) {
            ok = result_dir_write_file(c->folder.dir, f->name, buf_span(&f->octets));
        }
    }
    bool sound = collected_manifest_put(&facts, &json, c->why);
    ok = ok && sound && result_dir_write_file(c->folder.dir, "manifest.json", buf_span(&json));
    buf_deinit(&json);
    if (!sound) {
        return ANALYZE_UNUSABLE;
    }
    return ok ? ANALYZE_COMPLETE : chosen_folder_fail(&c->folder, ANALYZE_ROWS_LOST, c->why);
}

static void tell_what_is_missing(const struct collecting *c, struct buf *not_whole)
{
    const struct collected_facts facts = collected_facts_of(c);
    if (collected_is_whole(&facts)) {
        return;
    }
    buf_putf(not_whole, "--scan %s: ", c->p->scan);
    if (c->control.blocks == 0) {
        buf_put_text(not_whole, "its list is not fed to the end; ");
    } else if (c->lines != c->control.lines) {
        buf_putf(not_whole, "%lld of %llu lines have no row; ",
                 (long long)(c->control.lines - c->lines), (unsigned long long)c->control.lines);
    }
    buf_putf(not_whole, "%u of %u members have not ended their work",
             collected_members_missing(&facts), c->terms.members);
}

/* --- the whole -------------------------------------------------------------------------------- */

/* @return NULL with one line in `why` */
static struct kafka *reach_scan(const struct collect_params *p, const struct fleet_topics *t,
                                enum analyze_end *end, struct buf *why)
{
    struct kafka *k = kafka_new(&p->kafka, NULL, NULL, why);
    *end = ANALYZE_UNUSABLE;
    if (k == NULL) {
        return NULL;
    }
    *end = ANALYZE_FATAL;
    int there = kafka_connect(k, KAFKA_CONNECT_MS, why)
                    ? kafka_partitions(k, t->name[FLEET_CONTROL], why)
                    : -1;
    if (there == 0) {
        buf_putf(why, "--scan %s: there is no scan of this name at %s", p->scan, p->kafka.brokers);
        *end = ANALYZE_UNUSABLE;
    }
    if (there <= 0) {
        kafka_free(k);
        return NULL;
    }
    return k;
}

static enum analyze_end read_state(struct collecting *c)
{
    if (!control_read(&c->control, &c->p->kafka, &c->topics, c->why)) {
        return ANALYZE_FATAL;
    }
    const struct control_file *terms =
        control_files_find(&c->control.files, FLEET_FEED, TERMS_FILE);
    if (terms == NULL) {
        buf_putf(c->why, "--scan %s: it has no terms yet: mxcensus feed writes them", c->p->scan);
        return ANALYZE_UNUSABLE;
    }
    size_t at = c->why->len;
    buf_putf(c->why, "--scan %s: its terms ", c->p->scan);
    if (!fleet_terms_read(&c->terms, buf_span(&terms->octets), c->why)) {
        return ANALYZE_UNUSABLE;
    }
    c->why->len = at;
    if (base_member(c) < 0) {
        buf_putf(c->why,
                 "--scan %s: no member has ended its work yet, which leaves what rows are judged "
                 "with: collect it then",
                 c->p->scan);
        return ANALYZE_UNUSABLE;
    }
    return ANALYZE_COMPLETE;
}

enum analyze_end collect_run(const struct collect_params *p, struct buf *not_whole, struct buf *why)
{
    struct collecting c = {.p = p, .why = why};
    enum analyze_end end = ANALYZE_UNUSABLE;
    if (!fleet_topics_init(&c.topics, p->scan, why)) {
        return end;
    }
    fleet_terms_init(&c.terms);
    struct kafka *k = reach_scan(p, &c.topics, &end, why);
    if (k == NULL) {
        return end;
    }
    end = read_state(&c);
    if (end == ANALYZE_COMPLETE) {
        end = chosen_folder_open(&c.folder, &p->analyze, why);
        end = end == ANALYZE_COMPLETE ? collect_rows(&c) : end;
        end = end == ANALYZE_COMPLETE ? write_files(&c) : end;
        end = end == ANALYZE_COMPLETE ? chosen_folder_judge(&c.folder, why) : end;
        chosen_folder_close(&c.folder);
    }
    if (end == ANALYZE_COMPLETE) {
        tell_what_is_missing(&c, not_whole);
    }
    control_state_deinit(&c.control);
    fleet_terms_deinit(&c.terms);
    kafka_free(k);
    return end;
}

enum analyze_end collect_drop(const struct collect_params *p, struct buf *why)
{
    struct fleet_topics topics;
    enum analyze_end end = ANALYZE_UNUSABLE;
    if (!fleet_topics_init(&topics, p->scan, why)) {
        return end;
    }
    struct kafka *k = reach_scan(p, &topics, &end, why);
    if (k != NULL) {
        end = fleet_topics_drop(&topics, k, why) ? ANALYZE_COMPLETE : ANALYZE_FATAL;
        kafka_free(k);
    }
    return end;
}
