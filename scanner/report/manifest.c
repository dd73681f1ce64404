#include "scanner/report/manifest.h"

#include <stdio.h>

#include "output/json_writer.h"
#include "scanner/analysis/smtp_reach.h"
#include "scanner/cert/digest.h"
#include "scanner/domain/operator_list.h"
#include "scanner/report/summary.h"

#define MANIFEST_SCHEMA 1

static void key_word(struct json_writer *w, const char *key, const char *word)
{
    json_key(w, key);
    json_word(w, word);
}

static void put_command_line(struct json_writer *w, int argc, const char *const *argv)
{
    json_key(w, "command_line");
    json_array_begin(w);
    for (int i = 0; i < argc; i++) {
        json_word(w, argv[i]);
    }
    json_array_end(w);
}

static void put_named_texts(struct json_writer *w, const char *key, const struct named_text *texts,
                            size_t count)
{
    json_key(w, key);
    json_object_begin(w);
    for (size_t i = 0; i < count; i++) {
        key_word(w, texts[i].name, texts[i].value);
    }
    json_object_end(w);
}

static size_t count_of_name(const struct named_text *texts, size_t count, const char *name)
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        found += strcmp(texts[i].name, name) == 0;
    }
    return found;
}

/** A text; of an option that was given several times and counts each time, a list of them. */
static void put_options(struct json_writer *w, const struct scan_manifest *m)
{
    json_key(w, "options");
    json_object_begin(w);
    for (size_t i = 0; i < m->option_count; i++) {
        const char *name = m->options[i].name;
        if (count_of_name(m->repeated, m->repeated_count, name) < 2) {
            key_word(w, name, m->options[i].value);
            continue;
        }
        json_key(w, name);
        json_array_begin(w);
        for (size_t k = 0; k < m->repeated_count; k++) {
            if (strcmp(m->repeated[k].name, name) == 0) {
                json_word(w, m->repeated[k].value);
            }
        }
        json_array_end(w);
    }
    json_object_end(w);
}

static void manifest_put_address(struct json_writer *w, const struct net_addr *address)
{
    char text[NET_ADDR_TEXT_MAX];
    (void)net_addr_format(address, text);
    json_word(w, text);
}

static void put_self_test(struct json_writer *w, const struct scan_manifest *m)
{
    json_key(w, "self_test");
    json_array_begin(w);
    for (size_t i = 0; i < m->self_test_count; i++) {
        const struct manifest_check *c = &m->self_test[i];
        json_object_begin(w);
        key_word(w, "check", c->check);
        key_word(w, "subject", c->subject[0] != '\0' ? c->subject : NULL);
        key_word(w, "result", c->result);
        json_key(w, "text");
        (void)json_text(w, span_of(c->text));
        json_object_end(w);
    }
    json_array_end(w);
}

static void put_smtp_facts(struct json_writer *w, const struct scan_manifest *m)
{
    struct smtp_reach reach = smtp_reach_of(m->counts);
    json_key(w, "port_25_is_open");
    if (m->port_25_is_open || reach.conclusive > 0) {
        json_bool(w, true);
    } else {
        json_null_value(w); /* no host showed it, which does not show that it is closed */
    }
    json_key(w, "says_nothing");
    json_bool(w, smtp_reach_says_nothing(&reach, m->port_25_is_open));
}

static void put_vantage(struct json_writer *w, const struct scan_manifest *m)
{
    json_key(w, "vantage");
    json_object_begin(w);
    key_word(w, "ehlo_domain", m->ehlo_domain);
    json_key(w, "source_addresses");
    json_array_begin(w);
    for (size_t i = 0; i < m->source_count; i++) {
        manifest_put_address(w, &m->sources[i]);
    }
    json_array_end(w);
    json_key(w, "resolvers");
    json_array_begin(w);
    for (size_t i = 0; i < m->resolver_count; i++) {
        json_object_begin(w);
        json_key(w, "address");
        manifest_put_address(w, &m->resolvers[i].address);
        json_key_uint(w, "port", m->resolvers[i].port);
        json_object_end(w);
    }
    json_array_end(w);
    put_self_test(w, m);
    put_smtp_facts(w, m);
    json_key(w, "clock_jump_ms");
    json_int(w, m->clock_jump_ms);
    json_object_end(w);
}

static void manifest_put_file(struct json_writer *w, const struct manifest_file *file)
{
    const struct result_file_info *info = file->info;
    json_object_begin(w);
    key_word(w, "name", info->name);
    key_word(w, "table", file->table);
    key_word(w, "format", row_format_word(file->format));
    json_key_uint(w, "rows", info->rows);
    json_key_uint(w, "rows_lost", info->rows_lost);
    json_key_uint(w, "octets", info->octets);
    json_key(w, "sha256");
    if (info->has_sha256) {
        json_hex(w, (struct span){info->sha256, sizeof(info->sha256)});
    } else {
        json_null_value(w);
    }
    json_object_end(w);
}

size_t manifest_list_files(const struct result_dir *dir, struct manifest_file files[])
{
    size_t count = 0;
    for (int t = 0; t < TABLE_COUNT; t++) {
        for (int f = 0; f < ROW_FORMAT_COUNT; f++) {
            const struct result_file_info *info =
                result_dir_file_of(dir, (enum table_id)t, (enum row_format)f);
            if (info != NULL) {
                files[count++] = (struct manifest_file){.table = table_name((enum table_id)t),
                                                        .format = (enum row_format)f,
                                                        .info = info};
            }
        }
    }
    return count;
}

void manifest_store_file(const struct trust_store_octets *store, char name[MANIFEST_STORE_FILE_MAX])
{
    (void)snprintf(name, MANIFEST_STORE_FILE_MAX, "root-cas-%s.pem", store->name);
}

bool manifest_copy_stores(struct result_dir *dir, const struct trust_store_octets *stores,
                          size_t count)
{
    bool ok = true;
    for (size_t i = 0; i < count; i++) {
        char name[MANIFEST_STORE_FILE_MAX];
        manifest_store_file(&stores[i], name);
        ok = result_dir_write_file(dir, name, buf_span(&stores[i].pem)) && ok;
    }
    return ok;
}

bool manifest_copy_intermediates(struct result_dir *dir, const struct intermediates_file *files,
                                 size_t count)
{
    bool ok = true;
    for (size_t i = 0; i < count; i++) {
        char name[INTERMEDIATES_FILE_NAME_MAX];
        intermediates_file_name(&files[i], i, name);
        ok = result_dir_write_file(dir, name, buf_span(&files[i].octets)) && ok;
    }
    return ok;
}

void manifest_put_files(struct json_writer *w, const struct manifest_file *files, size_t count)
{
    json_array_begin(w);
    for (size_t i = 0; i < count; i++) {
        manifest_put_file(w, &files[i]);
    }
    json_array_end(w);
}

void manifest_put_trust_ad(struct json_writer *w, const struct manifest_trust_ad *t)
{
    if (t->setting == NULL) {
        json_null_value(w);
        return;
    }
    json_object_begin(w);
    key_word(w, "setting", t->setting);
    json_key(w, "trusted");
    json_bool(w, t->trusted);
    key_word(w, "reason", t->reason);
    json_object_end(w);
}

struct manifest_list manifest_list_of(const char *file, struct span octets, uint64_t count)
{
    struct manifest_list l = {.file = file, .count = count};
    digest_sha256(octets, l.sha256);
    return l;
}

struct manifest_list manifest_operators_of(const struct operator_list *list)
{
    return list == NULL ? (struct manifest_list){0}
                        : manifest_list_of(MANIFEST_OPERATORS_FILE, operator_list_text(list),
                                           operator_list_count(list));
}

void manifest_put_list(struct json_writer *w, const struct manifest_list *l)
{
    if (l->file == NULL) {
        json_null_value(w);
        return;
    }
    json_object_begin(w);
    key_word(w, "file", l->file);
    json_key(w, "sha256");
    json_hex(w, (struct span){l->sha256, sizeof(l->sha256)});
    json_key_uint(w, "count", l->count);
    json_object_end(w);
}

static void put_intermediates_file(struct json_writer *w, const struct intermediates_file *f,
                                   size_t index)
{
    char name[INTERMEDIATES_FILE_NAME_MAX];
    intermediates_file_name(f, index, name);
    json_object_begin(w);
    json_key(w, "path");
    (void)json_text(w, span_of(f->path));
    key_word(w, "file", name);
    json_key(w, "sha256");
    json_hex(w, (struct span){f->sha256, sizeof(f->sha256)});
    json_key_uint(w, "count", f->count);
    json_object_end(w);
}

void manifest_put_intermediates(struct json_writer *w, const struct manifest_intermediates *i)
{
    json_object_begin(w);
    key_word(w, "bundled", i->shipped);
    json_key(w, "files");
    json_array_begin(w);
    for (size_t n = 0; n < i->file_count; n++) {
        put_intermediates_file(w, &i->files[n], n);
    }
    json_array_end(w);
    json_key_uint(w, "known", i->known);
    json_key(w, "truncated");
    json_bool(w, i->truncated);
    json_key(w, "whole");
    json_bool(w, i->whole);
    json_object_end(w);
}

void manifest_put_trust_store(struct json_writer *w, const struct manifest_trust_store *store)
{
    json_object_begin(w);
    key_word(w, "name", store->name);
    key_word(w, "file", store->file);
    json_key(w, "sha256");
    json_hex(w, (struct span){store->sha256, 32});
    json_key_uint(w, "anchors", store->anchors);
    json_object_end(w);
}

/* It has no copy beside the results: who asked not to be asked is not for whoever reads these. */
static void put_blocklist(struct json_writer *w, const struct scan_manifest *m)
{
    json_key(w, "blocklist");
    if (m->blocklist_sha256 == NULL) {
        json_null_value(w);
        return;
    }
    json_object_begin(w);
    json_key(w, "sha256");
    json_hex(w, (struct span){m->blocklist_sha256, 32});
    json_key_uint(w, "count", m->blocklist_count);
    json_object_end(w);
}

static void put_judging(struct json_writer *w, const struct scan_manifest *m)
{
    json_key(w, "judged_at");
    json_time_s(w, m->judged_at);
    json_key(w, "trust_stores");
    json_array_begin(w);
    for (size_t i = 0; i < m->trust_store_count; i++) {
        manifest_put_trust_store(w, &m->trust_stores[i]);
    }
    json_array_end(w);
    json_key(w, "trust_ad");
    manifest_put_trust_ad(w, &m->trust_ad);
    json_key(w, "sender_profiles");
    manifest_put_list(w, &m->sender_profiles);
    json_key(w, "operators");
    manifest_put_list(w, &m->operators);
    json_key(w, "shared_operators");
    manifest_put_list(w, &m->shared_operators);
    json_key(w, "intermediates");
    manifest_put_intermediates(w, &m->intermediates);
    json_key(w, "judging");
    json_object_begin(w);
    json_key_uint(w, "lists", m->judging.lists);
    json_key_uint(w, "certificates_parsed", m->judging.certificates_parsed);
    json_key_uint(w, "signatures_verified", m->judging.signatures_verified);
    json_key_uint(w, "signatures_known", m->judging.signatures_known);
    json_key_uint(w, "cpu_ms", m->judging.cpu_ms);
    json_key_uint(w, "signature_ms", m->judging.signature_ms);
    json_object_end(w);
}

/* `arg` is the writer. */
static void manifest_put_volatile(const char *table, const char *path, void *arg)
{
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    buf_putf(&text, "%s.%s", table, path);
    (void)json_text(arg, buf_span(&text));
    buf_deinit(&text);
}

void manifest_put_account(struct json_writer *w, const struct scan_counts *counts)
{
    struct buf account = BUF_INIT(BUF_NO_LIMIT);
    report_account(&account, counts);
    json_fragment(w, buf_span(&account));
    buf_deinit(&account);
}

/* As text: many readers of JSON keep only 53 bits of a number (RFC 8259 section 6). */
static void put_seed(struct json_writer *w, uint64_t seed)
{
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    buf_put_u64(&text, seed);
    json_key(w, "seed");
    (void)json_text(w, buf_span(&text));
    buf_deinit(&text);
}

static void put_head(struct json_writer *w, const char *version, const char *scan_id)
{
    json_key_uint(w, "schema", MANIFEST_SCHEMA);
    key_word(w, "program", "mxcensus");
    key_word(w, "version", version);
    key_word(w, "scan_id", scan_id);
}

/* Only where there is something: in a scan without a fault of ours there never is. */
static void put_given_up(struct json_writer *w, const struct manifest_given_up *g)
{
    if (g->total == 0) {
        return;
    }
    json_key(w, "given_up");
    json_object_begin(w);
    json_key_uint(w, "total", g->total);
    json_key(w, "names");
    json_array_begin(w);
    for (size_t i = 0; i < g->count; i++) {
        json_word(w, g->name(g->arg, i));
    }
    json_array_end(w);
    json_object_end(w);
}

/* In most scans there are none; the list is there all the same. */
static void put_outages(struct json_writer *w, const struct manifest_outage *list, size_t count)
{
    json_array_begin(w);
    for (size_t i = 0; i < count; i++) {
        const struct manifest_outage *o = &list[i];
        json_object_begin(w);
        key_word(w, "what", o->what);
        json_key(w, "from");
        json_time_ms(w, o->from_unix_ms);
        json_key(w, "to");
        if (o->to_unix_ms != 0) {
            json_time_ms(w, o->to_unix_ms);
        } else {
            json_null_value(w);
        }
        json_key_uint(w, "asked_again", o->asked_again);
        json_object_end(w);
    }
    json_array_end(w);
}

static void put_remembered(struct json_writer *w, const char *key, const struct manifest_keys *k)
{
    json_key(w, key);
    json_object_begin(w);
    json_key_uint(w, "addresses", k->addresses);
    json_key_uint(w, "operators", k->operators);
    json_object_end(w);
}

static void put_memory(struct json_writer *w, const struct manifest_memory *m)
{
    if (m->file == NULL) {
        return;
    }
    json_key(w, "memory");
    json_object_begin(w);
    json_key(w, "file");
    (void)json_text(w, span_of(m->file));
    put_remembered(w, "used", &m->used);
    json_key_uint(w, "dropped", m->dropped);
    if (m->ended) {
        put_remembered(w, "turned_away", &m->turned_away);
        json_key_uint(w, "added", m->added);
        json_key_uint(w, "left", m->left);
        json_key_uint(w, "aged", m->aged);
        json_key_uint(w, "entries", m->entries);
        json_key(w, "written");
        json_bool(w, m->written);
    }
    json_object_end(w);
}

static void put_outage_probes(struct json_writer *w, const struct scan_manifest *m)
{
    json_key(w, "outage_probes");
    json_object_begin(w);
    json_key_uint(w, "sessions", m->probed_sessions);
    json_key_uint(w, "questions", m->probed_questions);
    json_object_end(w);
}

static void put_list_columns(struct json_writer *w, const struct source_columns *c)
{
    json_key(w, "delimiter");
    if (c->column > 0) {
        (void)json_text(w, (struct span){&c->delimiter, 1});
        json_key_uint(w, "column", c->column);
    } else {
        json_null_value(w);
        json_key(w, "column");
        json_null_value(w);
    }
    json_key(w, "header");
    json_bool(w, c->is_header);
}

static void put_input(struct json_writer *w, const struct manifest_input *input)
{
    json_object_begin(w);
    json_key(w, "path");
    (void)json_text(w, span_of(input->path));
    json_key(w, "octets");
    if (input->is_file) {
        json_uint(w, input->octets);
        json_key(w, "sha256");
        json_hex(w, (struct span){input->sha256, sizeof(input->sha256)});
    } else {
        json_null_value(w);
        json_key(w, "sha256");
        json_null_value(w);
    }
    key_word(w, "compression", input->compression);
    put_list_columns(w, &input->columns);
    json_key(w, "changed_while_read");
    json_bool(w, input->changed);
    json_key(w, "first_line");
    if (input->first_line > 0) {
        json_uint(w, input->first_line);
    } else {
        json_null_value(w);
    }
    json_object_end(w);
}

void report_inputs(struct buf *json, const struct manifest_input *inputs, size_t count)
{
    struct json_writer w = json_writer(json);
    json_array_begin(&w);
    for (size_t i = 0; i < count; i++) {
        put_input(&w, &inputs[i]);
    }
    json_array_end(&w);
}

static void put_inputs(struct json_writer *w, const struct scan_manifest *m)
{
    json_key(w, "inputs");
    json_array_begin(w);
    for (size_t i = 0; i < m->input_count; i++) {
        put_input(w, &m->inputs[i]);
    }
    json_array_end(w);
    if (m->working_directory != NULL) {
        json_key(w, "working_directory");
        (void)json_text(w, span_of(m->working_directory));
    }
}

void manifest_put_detail(struct json_writer *w, const struct row_shape *shape)
{
    enum row_detail detail = shape != NULL ? shape->detail : ROW_DETAIL_FULL;
    json_object_begin(w);
    json_key(w, "level");
    json_word(w, row_detail_word(detail));
    json_key(w, "partial");
    json_bool(w, shape != NULL && shape->partial);
    if (shape != NULL && shape->less) {
        json_key(w, "less");
        json_bool(w, true);
    }
    json_object_end(w);
}

static void put_shard(struct json_writer *w, const struct scan_manifest *m)
{
    json_key(w, "shard");
    if (m->shards <= 1) {
        json_null_value(w);
        return;
    }
    json_object_begin(w);
    json_key_uint(w, "shards", m->shards);
    json_key_uint(w, "shard", m->shard);
    json_key_uint(w, "lines_of_others", m->lines_of_others);
    json_object_end(w);
}

void report_manifest(struct buf *json, const struct scan_manifest *m)
{
    struct json_writer w = json_writer_indented(json);
    json_object_begin(&w);
    put_head(&w, m->version, m->scan_id);
    put_command_line(&w, m->argc, m->argv);
    put_options(&w, m);
    put_inputs(&w, m);
    put_seed(&w, m->seed);
    put_shard(&w, m);
    json_key(&w, "started");
    json_time_ms(&w, m->started_unix_ms);
    json_key(&w, "ended");
    json_time_ms(&w, m->ended_unix_ms);
    if (m->last_rows_unix_ms != 0) {
        json_key(&w, "last_rows_at");
        json_time_ms(&w, m->last_rows_unix_ms);
    }
    put_vantage(&w, m);
    put_named_texts(&w, "libraries", m->libraries, m->library_count);
    put_named_texts(&w, "datasets", m->datasets, m->dataset_count);
    put_blocklist(&w, m);
    put_judging(&w, m);
    json_key(&w, "account");
    manifest_put_account(&w, m->counts);
    json_key_uint(&w, "rows_lost", m->rows_lost);
    json_key_uint(&w, "stray_messages", m->stray_messages);
    put_given_up(&w, &m->given_up);
    json_key(&w, "outages");
    put_outages(&w, m->outages, m->outage_count);
    put_outage_probes(&w, m);
    put_memory(&w, &m->memory);
    json_key(&w, "detail");
    manifest_put_detail(&w, m->shape);
    json_key(&w, "files");
    manifest_put_files(&w, m->files, m->file_count);
    json_key(&w, "volatile_columns");
    json_array_begin(&w);
    columns_each_volatile(manifest_put_volatile, &w);
    json_array_end(&w);
    json_object_end(&w);
    buf_put_char(json, '\n');
}

void report_outages(struct buf *json, const struct manifest_outage *list, size_t count)
{
    struct json_writer w = json_writer(json);
    put_outages(&w, list, count);
}

void report_state(struct buf *json, const struct scan_state *state)
{
    struct json_writer w = json_writer_indented(json);
    json_object_begin(&w);
    put_head(&w, state->version, state->scan_id);
    key_word(&w, "reason", state->reason);
    put_command_line(&w, state->argc, state->argv);
    json_key(&w, "started");
    json_time_ms(&w, state->started_unix_ms);
    json_key(&w, "stopped");
    json_time_ms(&w, state->stopped_unix_ms);
    json_key_uint(&w, "lines_read", state->lines_read);
    json_key(&w, "input_ended");
    json_bool(&w, state->input_ended);
    json_key(&w, "unfinished_lines");
    json_array_begin(&w);
    for (size_t i = 0; i < state->unfinished_count; i++) {
        json_array_begin(&w);
        json_uint(&w, state->unfinished[i].first);
        json_uint(&w, state->unfinished[i].last);
        json_array_end(&w);
    }
    json_array_end(&w);
    put_given_up(&w, &state->given_up);
    json_key(&w, "account");
    manifest_put_account(&w, state->counts);
    json_key(&w, "outages");
    put_outages(&w, state->outages, state->outage_count);
    json_object_end(&w);
    buf_put_char(json, '\n');
}
