#include "scanner/compare/change_store.h"

#include <string.h>

#include "scanner/base/codec.h"
#include "scanner/base/hash.h"
#include "scanner/observation/verdict.h"

/* Which comes first in the output; the direction counts before. */
static unsigned change_rank_of(const struct change *c)
{
    if (c->kind == CHANGE_OUTCOME_WORSE || c->kind == CHANGE_OUTCOME_BETTER) {
        struct span bad = c->kind == CHANGE_OUTCOME_WORSE ? c->after : c->before;
        bool lost = span_eq(bad, span_of(delivery_word(DELIVERY_UNDELIVERABLE))) ||
                    span_eq(bad, span_of(delivery_word(DELIVERY_DEFERRED)));
        return lost ? 0 : span_eq(bad, span_of(delivery_word(DELIVERY_PLAINTEXT))) ? 1 : 3;
    }
    if (c->kind == CHANGE_SERVER_DOWN || c->kind == CHANGE_HOST_GONE) {
        return 1; /* what becomes of the mail is not known where no session came about */
    }
    if (c->code.len == 0) {
        return 4;
    }
    return c->severity == SEVERITY_ERROR ? 2 : c->severity == SEVERITY_WARNING ? 3 : 5;
}

/* What is of one cause: all about a server, a host or a policy. A domain is a cause of its own, and a renewed certificate
 * is news only in sum: these are grouped by kind. */
static void put_change_cause(struct buf *out, const struct change *c, bool *of_place)
{
    enum change_direction direction = change_kind_direction(c->kind);
    *of_place = c->place != PLACE_DOMAIN && direction != CHANGE_NEUTRAL;
    if (*of_place) {
        codec_put_word(out, c->place);
        codec_put_span(out, c->key);
    } else {
        codec_put_word(out, PLACE_COUNT + c->kind);
        codec_put_span(out, c->code);
        if (c->kind == CHANGE_OUTCOME_WORSE || c->kind == CHANGE_OUTCOME_BETTER ||
            c->kind == CHANGE_MX_KIND_CHANGED) {
            codec_put_span(out, c->before);
            codec_put_span(out, c->after);
        }
    }
}

static void put_change_identity(struct buf *out, const struct change *c)
{
    codec_put_word(out, c->kind);
    codec_put_word(out, c->place);
    codec_put_word(out, c->severity);
    codec_put_span(out, c->key);
    codec_put_span(out, c->code);
    codec_put_span(out, c->before);
    codec_put_span(out, c->after);
    codec_put_span(out, c->senders);
}

#define COLUMNS "c.kind, c.place, c.key, c.code, c.severity, c.was, c.is_, c.senders"
#define ORDER   "c.direction, c.rank, n DESC, c.place, c.key, c.kind, c.code, c.was, c.is_, c.senders"

void change_store_init(struct change_store *s, struct scratch_database *d)
{
    *s = (struct change_store){.database = d};
    scratch_database_run(d, "CREATE TABLE change (id INTEGER PRIMARY KEY, digest BLOB UNIQUE, kind "
                            "INTEGER, place INTEGER, key BLOB,"
                            " code BLOB, severity INTEGER, was BLOB, is_ BLOB, senders BLOB, "
                            "direction INTEGER, rank INTEGER,"
                            " of_place INTEGER, cause BLOB, grp INTEGER);"
                            "CREATE TABLE seen (change INTEGER, domain BLOB, PRIMARY KEY (change, "
                            "domain)) WITHOUT ROWID;"
                            "CREATE TABLE grp (id INTEGER PRIMARY KEY, direction INTEGER, rank "
                            "INTEGER, cause BLOB, changes INTEGER,"
                            " first INTEGER, n INTEGER)");
    s->put = scratch_statement_new(
        d, "INSERT OR IGNORE INTO change (digest, kind, place, key, code, severity, was, is_, "
           "senders, direction, rank,"
           " of_place, cause) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    s->find = scratch_statement_new(d, "SELECT id FROM change WHERE digest = ?");
    s->see = scratch_statement_new(d, "INSERT OR IGNORE INTO seen VALUES (?, ?)");
}

void change_store_put(struct change_store *s, const struct change *c, struct span domain)
{
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    bool of_place = false;
    put_change_identity(&text, c);
    struct hash_key hash = hash_key_of(buf_span(&text));
    struct span digest = {(const uint8_t *)&hash, sizeof(hash)};
    buf_reset(&text);
    put_change_cause(&text, c, &of_place);
    scratch_put_blob(s->put, digest);
    scratch_put_uint(s->put, c->kind);
    scratch_put_uint(s->put, c->place);
    scratch_put_blob(s->put, c->key);
    scratch_put_blob(s->put, c->code);
    scratch_put_uint(s->put, c->severity);
    scratch_put_blob(s->put, c->before);
    scratch_put_blob(s->put, c->after);
    scratch_put_blob(s->put, c->senders);
    scratch_put_uint(s->put, change_kind_direction(c->kind));
    scratch_put_uint(s->put, change_rank_of(c));
    scratch_put_uint(s->put, of_place);
    scratch_put_blob(s->put, buf_span(&text));
    scratch_do(s->put);
    scratch_put_blob(s->find, digest);
    if (scratch_next_row(s->find)) {
        uint64_t id = scratch_uint(s->find, 0);
        scratch_leave(s->find);
        scratch_put_uint(s->see, id);
        scratch_put_blob(s->see, domain);
        scratch_do(s->see);
    }
    buf_deinit(&text);
}

static void count_changes(struct change_store *s, struct comparison_counts *counts)
{
    struct scratch_statement *all = scratch_statement_new(
        s->database, "SELECT kind, severity, count(*) FROM change GROUP BY kind, severity");
    while (scratch_next_row(all)) {
        enum change_kind kind = (enum change_kind)scratch_uint(all, 0);
        uint64_t severity = scratch_uint(all, 1);
        uint64_t n = scratch_uint(all, 2);
        counts->changes += n;
        counts->by_direction[change_kind_direction(kind)] += n;
        if ((kind == CHANGE_FINDING_NEW || kind == CHANGE_FINDING_WORSE) &&
            severity < SEVERITY_COUNT) {
            counts->new_findings[severity] += n;
        }
    }
}

void change_store_finish(struct change_store *s, struct comparison_counts *counts)
{
    struct scratch_database *d = s->database;
    scratch_database_run(d, "INSERT INTO grp (direction, rank, cause, changes) SELECT direction, "
                            "min(rank), cause, count(*) FROM change"
                            " GROUP BY direction, cause;"
                            "CREATE INDEX grp_cause ON grp (direction, cause);"
                            "UPDATE change SET grp = (SELECT g.id FROM grp g WHERE g.direction = "
                            "change.direction AND g.cause = change.cause);"
                            "CREATE INDEX change_grp ON change (grp);"
                            "UPDATE grp SET n = (SELECT count(DISTINCT domain) FROM change c JOIN "
                            "seen ON seen.change = c.id WHERE c.grp = grp.id),"
                            " first = (SELECT c.id FROM change c WHERE c.grp = grp.id ORDER BY "
                            "c.rank, c.place, c.key, c.kind, c.code LIMIT 1)");
    count_changes(s, counts);
    s->changes = scratch_statement_new(d, "SELECT " COLUMNS
                                          ", (SELECT count(*) FROM seen WHERE change = c.id) AS n, "
                                          "c.id FROM change c ORDER BY " ORDER);
    s->groups = scratch_statement_new(
        d, "SELECT " COLUMNS
           ", g.n AS n, g.id, g.changes, c.of_place FROM grp g JOIN change c ON c.id = g.first"
           " ORDER BY g.direction, g.rank, g.n DESC, c.place, c.key, c.kind, c.code, c.was, c.is_");
    s->of_group = scratch_statement_new(
        d,
        "SELECT " COLUMNS
        ", (SELECT count(*) FROM seen WHERE change = c.id) AS n, c.id FROM change c WHERE c.grp = ?"
        " ORDER BY " ORDER);
    s->domains =
        scratch_statement_new(d, "SELECT domain FROM seen WHERE change = ? ORDER BY domain");
    s->domains_of_group =
        scratch_statement_new(d, "SELECT DISTINCT domain FROM change c JOIN seen ON seen.change = "
                                 "c.id WHERE c.grp = ? ORDER BY domain");
}
