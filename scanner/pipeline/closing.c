#include "scanner/pipeline/closing.h"

#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include "scanner/base/file.h"
#include "scanner/base/memory.h"
#include "scanner/base/text.h"
#include "scanner/domain/operator_list.h"
#include "scanner/pipeline/judge.h"
#include "scanner/pipeline/policy_thread.h"
#include "scanner/pipeline/resume.h"
#include "scanner/replay/outages.h"
#include "scanner/report/manifest.h"
#include "scanner/report/summary.h"

#define SUFFIX_LIST_MAX (16 * 1024 * 1024) /* octets; the list has 0.3 million */
#define RANGES_MAX      100000 /* of unfinished lines in state.json; beyond it the last one is widened */

static void count_rows(const struct writer *w, uint64_t rows[TABLE_COUNT])
{
    for (int t = 0; t < TABLE_COUNT; t++) {
        rows[t] = 0;
        for (int f = 0; w->dir != NULL && f < ROW_FORMAT_COUNT; f++) {
            const struct result_file_info *info =
                result_dir_file_of(w->dir, (enum table_id)t, (enum row_format)f);
            if (info != NULL && info->rows > rows[t]) {
                rows[t] = info->rows;
            }
        }
    }
}

static struct manifest_judging judging_of(const struct scan *s)
{
    struct manifest_judging sum = {0};
    uint64_t cpu_ns = 0;
    uint64_t signature_ns = 0;
    for (uint32_t i = 0; i < s->judge_count; i++) {
        const struct judge *j = s->judges[i];
        sum.lists += j->work.lists;
        sum.certificates_parsed += j->work.certificates_parsed;
        sum.signatures_verified += j->work.signatures_verified;
        sum.signatures_known += j->work.signatures_known;
        cpu_ns += j->cpu_ns;
        signature_ns += j->work.signature_ns;
    }
    sum.cpu_ms = cpu_ns / 1000000;
    sum.signature_ms = signature_ns / 1000000;
    return sum;
}

static struct named_text *list_options(const struct option_in_force *options, size_t count)
{
    struct named_text *list = memory_new(count, sizeof(*list));
    for (size_t i = 0; i < count; i++) {
        list[i] = (struct named_text){options[i].name, options[i].value};
    }
    return list;
}

static struct manifest_check *list_self_test(const struct vantage_verdict *v)
{
    struct manifest_check *checks = memory_new(v->count, sizeof(*checks));
    for (size_t i = 0; i < v->count; i++) {
        const struct vantage_line *line = &v->line[i];
        checks[i] = (struct manifest_check){vantage_check_word(line->check), line->subject,
                                            vantage_result_word(line->result), line->text};
    }
    return checks;
}

struct store_list {
    struct manifest_trust_store stores[TRUST_STORES_MAX];
    char files[TRUST_STORES_MAX][MANIFEST_STORE_FILE_MAX];
};

static void list_stores(const struct judging_terms *terms, struct store_list *list)
{
    for (size_t i = 0; i < terms->store_count; i++) {
        const struct trust_store_octets *store = &terms->stores[i];
        manifest_store_file(store, list->files[i]);
        list->stores[i] = (struct manifest_trust_store){.name = store->name,
                                                        .file = list->files[i],
                                                        .sha256 = store->sha256,
                                                        .anchors = store->anchor_count};
    }
}

/* Our addresses, as far as connections showed them, each once and in order. */
static size_t collect_sources(const struct scan *s, struct net_addr *sources)
{
    size_t count = 0;
    for (uint32_t i = 0; i < s->worker_count; i++) {
        const struct worker *w = s->workers[i];
        for (size_t k = 0; !w->left && k < w->source_count && count < SOURCES_MAX; k++) {
            size_t at = 0;
            while (at < count && net_addr_cmp(&sources[at], &w->sources[k]) < 0) {
                at++;
            }
            if (at < count && net_addr_eq(&sources[at], &w->sources[k])) {
                continue;
            }
            memmove(&sources[at + 1], &sources[at], (count - at) * sizeof(*sources));
            sources[at] = w->sources[k];
            count++;
        }
    }
    return count;
}

static uint64_t stray_messages_of(const struct scan *s)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < s->worker_count; i++) {
        const struct worker *w = s->workers[i];
        if (!w->left) {
            sum += w->domains.strays + w->hosts.strays + w->services.strays + w->operators.strays +
                   w->chains.strays;
        }
    }
    for (uint32_t i = 0; i < s->judge_count; i++) {
        sum += s->judges[i]->chains.strays;
    }
    return sum;
}

static const char *given_up_name(const void *given_up, size_t at)
{
    return ((const struct given_up *)given_up)->names[at];
}

static struct manifest_given_up given_up_of(const struct scan *s)
{
    return (struct manifest_given_up){.total = s->given_up.total,
                                      .count = s->given_up.count,
                                      .name = given_up_name,
                                      .arg = &s->given_up};
}

static struct manifest_outage *list_outages(const struct weather_station *s)
{
    struct manifest_outage *list = memory_new(s->outage_count, sizeof(*list));
    for (size_t i = 0; i < s->outage_count; i++) {
        const struct outage_record *o = &s->outages[i];
        list[i] = (struct manifest_outage){.what = weather_stream_word(o->stream),
                                           .from_unix_ms = o->from_unix_ms,
                                           .to_unix_ms = o->to_unix_ms,
                                           .asked_again = o->asked_again};
    }
    return list;
}

/* What the scan was told, and, when it is over, what came of it. */
static bool closing_write_manifest(const struct closing_facts *c, const char *name,
                                   const char *working_directory)
{
    const struct scan_params *p = c->scan->params;
    bool begun = c->scan->workers[0] != NULL;
    struct manifest_file files[MANIFEST_FILES_MAX];
    struct net_addr sources[SOURCES_MAX];
    struct store_list stores;
    struct named_text *options = list_options(p->options, p->option_count);
    struct named_text *repeated = list_options(p->repeated, p->repeated_count);
    struct manifest_check *self_test = list_self_test(p->vantage);
    struct manifest_outage *outages = list_outages(&c->scan->weather);
    struct buf list_date = BUF_INIT(64);
    list_stores(&p->terms, &stores);
    text_put_time_s(&list_date, public_suffixes_time(c->scan->suffixes));
    buf_put_char(&list_date, '\0');
    struct named_text datasets[] = {{"public_suffix_list", (const char *)list_date.at}};
    struct named_text libraries[] = {{"libuv", uv_version_string()},
                                     {"openssl", tls_library_version()},
                                     {"c-ares", resolver_library_version()},
                                     {"libcurl", policy_thread_library_version()},
                                     {"malloc", memory_allocator()}};
    struct scan_manifest m = {
        .judged_at = p->terms.at,
        .trust_stores = stores.stores,
        .trust_store_count = p->terms.store_count,
        .trust_ad = {.setting = trust_ad_word(p->trust_ad),
                     .trusted = p->terms.trust_ad,
                     .reason = p->vantage->trust_ad_reason},
        .sender_profiles =
            manifest_list_of(MANIFEST_PROFILES_FILE, p->profiles_json, p->terms.profiles->count),
        .operators = manifest_operators_of(p->terms.operators),
        .shared_operators = manifest_list_of(MANIFEST_SHARED_OPERATORS_FILE,
                                             p->shared_operators_csv, p->shared_operators.count),
        .blocklist_sha256 = blocklist_sha256(c->scan->dial.blocklist),
        .blocklist_count = blocklist_count(c->scan->dial.blocklist),
        .intermediates = c->intermediates,
        .judging = begun ? judging_of(c->scan) : (struct manifest_judging){0},
        .version = MXCENSUS_VERSION,
        .scan_id = p->scan_id,
        .last_rows_unix_ms = c->scan->last_rows_unix_ms,
        .inputs = reader_inputs(c->reader),
        .input_count = p->input_count,
        .working_directory = working_directory,
        .argc = p->argc,
        .argv = p->argv,
        .options = options,
        .option_count = p->option_count,
        .repeated = repeated,
        .repeated_count = p->repeated_count,
        .seed = p->seed,
        .shards = p->shards,
        .shard = p->shard,
        .lines_of_others = atomic_load(&c->reader->of_others),
        .started_unix_ms = c->started_unix_ms,
        .ended_unix_ms = c->ended_unix_ms,
        .ehlo_domain = p->ehlo_domain,
        .sources = sources,
        .source_count = begun ? collect_sources(c->scan, sources) : 0,
        .self_test = self_test,
        .self_test_count = p->vantage->count,
        .port_25_is_open = p->vantage->smtp_works,
        .clock_jump_ms = c->clock_jump_ms,
        .resolvers = p->name_servers,
        .resolver_count = p->name_server_count,
        .libraries = libraries,
        .library_count = sizeof(libraries) / sizeof(libraries[0]),
        .datasets = datasets,
        .dataset_count = sizeof(datasets) / sizeof(datasets[0]),
        .shape = &p->shape,
        .files = files,
        .file_count = begun ? manifest_list_files(c->writer->dir, files) : 0,
        .rows_lost = writer_rows_lost(c->writer),
        .stray_messages = begun ? stray_messages_of(c->scan) : 0,
        .given_up = given_up_of(c->scan),
        .outages = outages,
        .memory = c->memory,
        .probed_sessions =
            c->scan->weather.probed[WEATHER_IPV4] + c->scan->weather.probed[WEATHER_IPV6],
        .probed_questions = c->scan->weather.probed[WEATHER_DNS],
        .outage_count = c->scan->weather.outage_count,
        .counts = c->counts,
    };
    struct buf json = BUF_INIT(BUF_NO_LIMIT);
    report_manifest(&json, &m);
    bool ok = result_dir_write_file(c->writer->dir, name, buf_span(&json));
    buf_deinit(&json);
    buf_deinit(&list_date);
    free(options);
    free(repeated);
    free(self_test);
    free(outages);
    return ok;
}

/* Records that were read and have no row. */
static size_t unfinished_ranges(const struct closing_facts *c, struct line_range *ranges)
{
    size_t count = 0;
    bool open = false;
    uint64_t last = atomic_load(&c->reader->lines);
    for (uint64_t line = 1; line <= last; line++) {
        bool missing =
            line_set_has(&c->reader->sent, line) && !line_set_has(&c->writer->lines_done, line);
        if (missing && (open || count == RANGES_MAX)) {
            ranges[count - 1].last = line;
        } else if (missing) {
            ranges[count++] = (struct line_range){line, line};
        }
        /* Comments between two unfinished lines do not end a range. */
        open = missing || (open && !line_set_has(&c->reader->sent, line));
    }
    return count;
}

static bool write_state(const struct closing_facts *c)
{
    struct line_range *ranges = memory_new(RANGES_MAX, sizeof(*ranges));
    struct manifest_outage *outages = list_outages(&c->scan->weather);
    struct scan_state state = {
        .version = MXCENSUS_VERSION,
        .scan_id = c->scan->params->scan_id,
        .reason = c->reason,
        .argc = c->scan->params->argc,
        .argv = c->scan->params->argv,
        .started_unix_ms = c->started_unix_ms,
        .stopped_unix_ms = c->ended_unix_ms,
        .lines_read = atomic_load(&c->reader->lines),
        .input_ended = atomic_load(&c->reader->reached_end),
        .unfinished = ranges,
        .unfinished_count = unfinished_ranges(c, ranges),
        .given_up = given_up_of(c->scan),
        .outages = outages,
        .outage_count = c->scan->weather.outage_count,
        .counts = c->counts,
    };
    struct buf json = BUF_INIT(BUF_NO_LIMIT);
    report_state(&json, &state);
    bool ok = result_dir_write_file(c->writer->dir, "state.json", buf_span(&json));
    buf_deinit(&json);
    free(ranges);
    free(outages);
    return ok;
}

/* What the registrable domains of the rows were found with. The built-in list has no file; the
 * manifest names its date. */
static bool copy_suffix_list(const struct closing_facts *c)
{
    const char *path = public_suffixes_path(c->scan->suffixes);
    if (path == NULL) {
        return true;
    }
    struct buf octets = BUF_INIT(SUFFIX_LIST_MAX);
    const char *name = strrchr(path, '/');
    bool ok =
        file_read(path, &octets) == FILE_COMPLETE &&
        result_dir_write_file(c->writer->dir, name != NULL ? name + 1 : path, buf_span(&octets));
    buf_deinit(&octets);
    return ok;
}

static void sum_operators(const struct scan *s, struct operator_summary *out)
{
    struct operator_totals **parts = memory_new(s->worker_count + 1, sizeof(*parts));
    size_t count = 0;
    for (uint32_t i = 0; i < s->worker_count; i++) {
        if (!s->workers[i]->left) {
            parts[count++] = s->workers[i]->recorder.operators;
        }
    }
    if (s->resume != NULL) {
        parts[count++] = restored_operators(s->resume->restored);
    }
    operator_totals_sum(parts, count, out);
    free(parts);
}

/* What the rows are judged with, so that it can be done again, by whoever finds the directory. */
static bool copy_terms(const struct closing_facts *c)
{
    const struct scan_params *p = c->scan->params;
    struct result_dir *dir = c->writer->dir;
    bool ok = copy_suffix_list(c);
    ok = manifest_copy_stores(dir, p->terms.stores, p->terms.store_count) && ok;
    ok = manifest_copy_intermediates(dir, p->intermediates, p->intermediates_count) && ok;
    ok = result_dir_write_file(dir, MANIFEST_PROFILES_FILE, p->profiles_json) && ok;
    ok = result_dir_write_file(dir, MANIFEST_OPERATORS_FILE,
                               operator_list_text(p->terms.operators)) &&
         ok;
    return result_dir_write_file(dir, MANIFEST_SHARED_OPERATORS_FILE, p->shared_operators_csv) &&
           ok;
}

bool closing_prepare(const struct closing_facts *c)
{
    if (c->writer->dir == NULL) {
        return true;
    }
    if (c->scan->params->resume != NULL) { /* it is there, as it was */
        result_dir_remove_file(c->writer->dir, "state.json");
        result_dir_remove_file(c->writer->dir, "summary.json");
        return true;
    }
    char here[PATH_MAX];
    bool known = getcwd(here, sizeof(here)) != NULL;
    return copy_terms(c) && closing_write_manifest(c, MANIFEST_STARTED_NAME, known ? here : NULL);
}

bool closing_note_outages(struct weather_station *s, const char *path)
{
    struct result_error err = {0};
    struct buf name = BUF_INIT(BUF_NO_LIMIT);
    (void)pthread_mutex_lock(&s->lock); /* workers count */
    struct manifest_outage *list = list_outages(s);
    (void)pthread_mutex_unlock(&s->lock);
    struct buf json = BUF_INIT(BUF_NO_LIMIT);
    struct buf before = BUF_INIT(BUF_NO_LIMIT);
    struct buf after = BUF_INIT(BUF_NO_LIMIT);
    report_outages(&json, list, s->outage_count);
    buf_putf(&name, "%s/" MANIFEST_STARTED_NAME "%c", path, '\0');
    int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = dir >= 0 && file_read((const char *)name.at, &before) == FILE_COMPLETE &&
              outages_replace(buf_span(&before), buf_span(&json), &after) &&
              result_file_write_whole(dir, path, MANIFEST_STARTED_NAME, buf_span(&after), &err);
    if (dir >= 0) {
        (void)close(dir);
    }
    buf_deinit(&name);
    buf_deinit(&json);
    buf_deinit(&before);
    buf_deinit(&after);
    free(list);
    return ok;
}

/* The manifest last: a directory that has it is complete, and what told how far it was is of no more use. */
static bool write_end(const struct closing_facts *c)
{
    struct result_dir *dir = c->writer->dir;
    if (!c->complete) {
        return write_state(c);
    }
    if (!closing_write_manifest(c, MANIFEST_NAME, NULL)) {
        return false;
    }
    result_dir_forget(dir, MANIFEST_STARTED_NAME);
    return true;
}

static bool closing_write_summary(const struct closing_facts *c, struct buf *text)
{
    uint64_t rows[TABLE_COUNT];
    struct operator_summary operators;
    struct buf json = BUF_INIT(BUF_NO_LIMIT);
    count_rows(c->writer, rows);
    sum_operators(c->scan, &operators);
    struct summary_facts facts = {
        .version = MXCENSUS_VERSION,
        .scan_id = c->scan->params->scan_id,
        .complete = c->complete,
        .started_unix_ms = c->started_unix_ms,
        .ended_unix_ms = c->ended_unix_ms,
        .port_25_is_open = c->scan->params->vantage->smtp_works,
        .counts = c->counts,
        .operators = &operators,
        .profiles = c->scan->params->terms.profiles,
        .memory = &c->memory,
        .rows = rows,
    };
    bool ok = true;
    report_summary_text(text, &facts);
    if (c->writer->dir != NULL) {
        report_summary(&json, &facts);
        ok = result_dir_write_file(c->writer->dir, "summary.json", buf_span(&json));
    }
    buf_deinit(&json);
    operator_summary_deinit(&operators);
    return ok;
}

bool closing_write(const struct closing_facts *c, struct buf *summary_text)
{
    bool ok = closing_write_summary(c, summary_text);
    if (c->writer->dir == NULL) {
        return true;
    }
    return write_end(c) && ok;
}
