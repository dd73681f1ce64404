#include "scanner/pipeline/reader.h"

#include "output/json_writer.h"
#include "scanner/base/memory.h"
#include "scanner/base/text.h"
#include "scanner/pipeline/input_look.h"
#include "scanner/pipeline/member.h"
#include "scanner/pipeline/resume.h"
#include "scanner/pipeline/thread_join.h"

#define POST_EVERY 64 /* records of a file; of a pipe each, as the next may be long in coming */

bool reader_open(struct reader *r, struct scan *scan, struct buf *error)
{
    const struct scan_params *p = scan->params;
    *r = (struct reader){.scan = scan,
                         .metadata = BUF_INIT(BUF_NO_LIMIT),
                         .key = BUF_INIT(BUF_NO_LIMIT),
                         .why = BUF_INIT(BUF_NO_LIMIT),
                         .notices = BUF_INIT(BUF_NO_LIMIT)};
    if (!input_lists_init(&r->lists, p, error)) {
        return false;
    }
    if (r->lists.count > 0) { /* of a fleet others have them */
        r->lists.told[0].first_line = 1;
    }
    for (uint32_t i = 0; i < WORKERS_MAX; i++) {
        r->outbox[i] = BUF_INIT(BUF_NO_LIMIT);
    }
    CHECK(pthread_mutex_init(&r->sending, NULL) == 0 &&
          pthread_mutex_init(&r->noticing, NULL) == 0);
    return true;
}

const struct manifest_input *reader_inputs(const struct reader *r)
{
    return r->lists.told;
}

static struct span metadata_of(struct reader *r, const struct source_record *record)
{
    buf_reset(&r->metadata);
    if (record->column_count == 0) {
        return (struct span){0};
    }
    struct json_writer json = json_writer(&r->metadata);
    json_object_begin(&json);
    for (size_t i = 0; i < record->column_count; i++) {
        json_key_text(&json, record->columns[i].name);
        if (json_text(&json, record->columns[i].value)) { /* octets were altered: the exact ones */
            buf_reset(&r->key);
            buf_put(&r->key, record->columns[i].name);
            buf_put_text(&r->key, "_base64");
            json_key_text(&json, buf_span(&r->key));
            json_base64(&json, record->columns[i].value);
        }
    }
    json_object_end(&json);
    return buf_span(&r->metadata);
}

static void reader_post(struct reader *r)
{
    for (uint32_t i = 0; i < r->scan->worker_count; i++) {
        mailbox_post(&r->scan->workers[i]->mailbox, &r->outbox[i]);
    }
    r->since_post = 0;
}

/* Who works on it: by its name, and by what stands there where that is none. */
static struct span owner_key(const struct source_record *record)
{
    return record->invalid == NULL ? record->domain : record->input;
}

static struct message_domain message_of(struct reader *r, const struct source_record *record)
{
    return (struct message_domain){
        .input_line = record->input_line,
        .input = record->input,
        .domain = record->domain,
        .invalid = span_of(record->invalid),
        .metadata = metadata_of(r, record),
    };
}

static void send_line(struct reader *r, const struct message_domain *line)
{
    uint32_t part = part_of_name(r->scan, message_domain_key(line));
    scan_items_open(r->scan, 1);
    message_put_domain(&r->outbox[part - r->scan->division.first], line);
    line_set_add(&r->sent, line->input_line);
    if (++r->since_post >= r->post_every) {
        reader_post(r);
    }
}

static void note_input_place(struct reader *r)
{
    atomic_store_explicit(&r->lines, r->lines_before + domain_source_lines(r->source),
                          memory_order_relaxed);
    atomic_store_explicit(&r->consumed, r->consumed_before + domain_source_consumed(r->source),
                          memory_order_relaxed);
}

static void note_position(struct reader *r)
{
    atomic_fetch_add_explicit(&r->records, 1, memory_order_relaxed);
    note_input_place(r);
}

/* @param block set @return false when intake was stopped: the line is not taken. */
static bool admit_and_send(struct reader *r, struct message_domain *line)
{
    struct admission *a = &r->scan->admission;
    bool admitted = admission_try_enter(a, uv_hrtime() / 1000000, &line->block);
    if (!admitted) {
        reader_post(r); /* what was read is worked on while we wait */
        admitted = admission_enter(a, uv_hrtime() / 1000000, &line->block);
    }
    if (admitted) {
        send_line(r, line);
        atomic_fetch_add_explicit(&r->records, 1, memory_order_relaxed);
    }
    return admitted;
}

static bool admit_record(struct reader *r, const struct source_record *record)
{
    struct message_domain line = message_of(r, record);
    (void)pthread_mutex_lock(&r->sending);
    bool admitted = admit_and_send(r, &line);
    if (admitted) {
        note_input_place(r);
    }
    (void)pthread_mutex_unlock(&r->sending);
    return admitted;
}

bool reader_take_line(struct reader *r, const struct message_domain *line)
{
    struct message_domain copy = *line;
    (void)pthread_mutex_lock(&r->sending);
    bool admitted = admit_and_send(r, &copy);
    CHECK(!admitted || copy.block == line->block);
    if (admitted && line->input_line > atomic_load_explicit(&r->lines, memory_order_relaxed)) {
        atomic_store_explicit(&r->lines, line->input_line, memory_order_relaxed);
    }
    (void)pthread_mutex_unlock(&r->sending);
    return admitted;
}

void reader_skip_line(struct reader *r)
{
    atomic_fetch_add_explicit(&r->of_others, 1, memory_order_relaxed);
}

void reader_post_lines(struct reader *r)
{
    (void)pthread_mutex_lock(&r->sending);
    reader_post(r);
    (void)pthread_mutex_unlock(&r->sending);
}

/* To somebody else than the owners of this process. */
static bool hand_over(struct reader *r, const struct source_record *record)
{
    struct message_domain line = message_of(r, record);
    note_position(r);
    return r->take(r->take_arg, &line);
}

/* It counts in its block. @return false when intake was stopped */
static bool pass_over(struct reader *r)
{
    struct admission *a = &r->scan->admission;
    bool passed = admission_try_pass(a, uv_hrtime() / 1000000);
    if (!passed) {
        reader_post(r); /* what waits here would keep its block open */
        passed = admission_pass(a, uv_hrtime() / 1000000);
    }
    return passed;
}

/* Of a scan that goes on: the line has its row. @return false when intake was stopped */
static bool pass_over_done(struct reader *r, const struct source_record *record)
{
    (void)pthread_mutex_lock(&r->sending);
    bool passed = pass_over(r);
    if (passed) {
        line_set_add(&r->sent, record->input_line);
        note_position(r);
    }
    (void)pthread_mutex_unlock(&r->sending);
    return passed;
}

/* It counts in no block: those are of 8,192 lines of our own, or as many would be under way as there are shards more.
 * @return false when intake was stopped */
static bool pass_over_others(struct reader *r)
{
    (void)pthread_mutex_lock(&r->sending);
    bool passed = !admission_is_stopped(&r->scan->admission);
    if (passed) {
        atomic_fetch_add_explicit(&r->of_others, 1, memory_order_relaxed);
        note_input_place(r);
    }
    (void)pthread_mutex_unlock(&r->sending);
    return passed;
}

static bool is_of_this_shard(const struct reader *r, const struct source_record *record)
{
    const struct scan_params *p = r->scan->params;
    return p->shards <= 1 || hash_partition_part(owner_key(record), p->shards) == p->shard;
}

static bool take_or_pass(struct reader *r, const struct source_record *record)
{
    if (!is_of_this_shard(r, record)) {
        return pass_over_others(r);
    }
    const struct resume *resume = r->scan->resume;
    bool done = resume != NULL && line_set_has(&resume->done, record->input_line);
    if (r->take != NULL) {
        return hand_over(r, record);
    }
    return done ? pass_over_done(r, record) : admit_record(r, record);
}

static void notices_add(struct reader *r, const struct buf *line)
{
    (void)pthread_mutex_lock(&r->noticing);
    buf_put(&r->notices, buf_span(line));
    buf_put_char(&r->notices, '\n');
    (void)pthread_mutex_unlock(&r->noticing);
}

static void reader_put_list(const struct reader *r, struct buf *to)
{
    text_put_visible(to, span_of(r->list));
}

/* Once for a list, when there is enough of it. */
static void warn_of_list(struct reader *r)
{
    struct buf line = BUF_INIT(BUF_NO_LIMIT);
    bool asked = !r->sampled && !r->scan->params->any_lines;
    if (asked && !r->scan->params->quiet &&
        input_put_mails(r->list, r->source, &r->sample, &line)) {
        notices_add(r, &line);
    }
    buf_reset(&line);
    if (asked && input_put_warning(r->list, &r->sample, &line)) {
        notices_add(r, &line);
    }
    r->sampled = true;
    buf_deinit(&line);
}

static void tell_columns(struct reader *r)
{
    struct buf line = BUF_INIT(BUF_NO_LIMIT);
    if (!r->scan->params->quiet && input_put_columns(r->list, r->source, &line)) {
        notices_add(r, &line);
    }
    buf_reset(&line);
    if (input_put_others(r->list, r->source, &line)) {
        notices_add(r, &line);
    }
    buf_deinit(&line);
}

static void look_at_record(struct reader *r, const struct source_record *record)
{
    if (r->sample.records == 0) {
        tell_columns(r);
    }
    if (!r->sampled && !list_sample_add(&r->sample, record)) {
        warn_of_list(r);
    }
}

void reader_say_notices(struct reader *r, void (*say)(void *arg, const char *line), void *arg)
{
    struct buf lines = BUF_INIT(BUF_NO_LIMIT);
    (void)pthread_mutex_lock(&r->noticing);
    buf_put(&lines, buf_span(&r->notices));
    buf_reset(&r->notices);
    (void)pthread_mutex_unlock(&r->noticing);
    for (size_t at = 0; at < lines.len;) {
        char *line = (char *)lines.at + at;
        char *end = memchr(line, '\n', lines.len - at);
        *end = '\0';
        say(arg, line);
        at += (size_t)(end - line) + 1;
    }
    buf_deinit(&lines);
}

enum list_end {
    LIST_READ,
    LIST_FAILED,
    LIST_STOPPED, /* the intake */
};

static enum list_end list_failed(struct reader *r, bool usage, const char *what)
{
    if (what != NULL) {
        reader_put_list(r, &r->why);
        buf_putf(&r->why, ": %s", what);
    }
    /* Nothing was asked for lines that are no domains. */
    r->failure_is_usage = usage && atomic_load(&r->records) <= r->sample.invalid;
    return LIST_FAILED;
}

static enum list_end list_has_no_domain(struct reader *r)
{
    reader_put_list(r, &r->why);
    buf_put_text(&r->why, ": ");
    list_sample_put_refusal(&r->sample, &r->why);
    return list_failed(r, true, NULL);
}

/* As much of it was seen as is looked at. Of a file that was asked before; a pipe shows it now. */
static bool is_hopeless(const struct reader *r)
{
    return !r->sampled && !r->scan->params->any_lines && list_sample_has_no_domain(&r->sample);
}

/* What shows when it is read. */
static void tell_of_list(struct reader *r, struct manifest_input *told)
{
    (void)pthread_mutex_lock(&r->sending);
    told->compression = domain_source_compression(r->source);
    told->columns = domain_source_columns(r->source);
    (void)pthread_mutex_unlock(&r->sending);
}

static enum list_end read_records(struct reader *r, struct manifest_input *told)
{
    struct source_record record;
    enum source_status status;
    while ((status = domain_source_next(r->source, &record)) == SOURCE_RECORD) {
        if (r->sample.records == 0) {
            tell_of_list(r, told);
        }
        if (r->sample.records == LIST_SAMPLE_MAX && is_hopeless(r)) {
            return list_has_no_domain(r);
        }
        look_at_record(r, &record);
        record.input_line += r->lines_before;
        if (!take_or_pass(r, &record)) {
            return LIST_STOPPED;
        }
    }
    if (status == SOURCE_END && is_hopeless(r)) {
        return list_has_no_domain(r);
    }
    warn_of_list(r);
    if (status == SOURCE_FAILED) {
        return list_failed(r, domain_source_error_is_usage(r->source),
                           domain_source_error(r->source));
    }
    return r->sample.records > 0 ? LIST_READ : list_failed(r, true, INPUT_WITHOUT_DOMAIN);
}

/* Its lines are accounted for all the same; but the digest is of something else. */
static void tell_changed(struct reader *r, struct manifest_input *told)
{
    struct buf line = BUF_INIT(BUF_NO_LIMIT);
    reader_put_list(r, &line);
    buf_put_text(&line,
                 ": changed while it was read; its sha256 in manifest.json is of what it was "
                 "before, and --resume will not take it for the same list");
    notices_add(r, &line);
    buf_deinit(&line);
    (void)pthread_mutex_lock(&r->sending);
    told->changed = true;
    (void)pthread_mutex_unlock(&r->sending);
}

static enum list_end reader_take_list(struct reader *r, size_t index)
{
    const struct scan_params *p = r->scan->params;
    struct manifest_input *told = &r->lists.told[index];
    (void)pthread_mutex_lock(&r->sending);
    reader_post(r);
    told->first_line = r->lines_before + 1;
    (void)pthread_mutex_unlock(&r->sending);
    r->list = input_list_name(r->lists.paths[index]);
    int fd = input_lists_open(&r->lists, index, &r->why);
    if (fd < 0) {
        return list_failed(r, true, NULL);
    }
    r->post_every = told->is_file ? POST_EVERY : 1;
    r->sample = (struct list_sample){0};
    r->sampled = false;
    r->source = domain_source_new(fd, p->column, p->metadata_passthrough);
    enum list_end end = read_records(r, told);
    if (end == LIST_READ && !input_lists_was_read_as_seen(&r->lists, index, fd)) {
        tell_changed(r, told);
    }
    r->lines_before += domain_source_lines(r->source);
    r->consumed_before += domain_source_consumed(r->source);
    domain_source_free(r->source);
    input_lists_close(fd);
    return end;
}

static enum list_end read_lists(struct reader *r)
{
    enum list_end end = LIST_READ;
    if (r->scan->resume != NULL && !resume_run(r->scan->resume, &r->why)) {
        end = r->why.len > 0 ? list_failed(r, true, NULL) : LIST_STOPPED;
    }
    for (size_t i = 0; i < r->lists.count && end == LIST_READ; i++) {
        end = reader_take_list(r, i);
    }
    if (end == LIST_READ) { /* else `lines` ends with the last record that was taken */
        atomic_store(&r->lines, r->lines_before);
    }
    return end;
}

static enum list_end read_fleet(struct reader *r)
{
    r->post_every = POST_EVERY;
    const struct member_taker to = {
        .take = reader_take_line, .skip = reader_skip_line, .post = reader_post_lines, .reader = r};
    return member_read(r->scan->member, &to) ? LIST_READ : LIST_STOPPED;
}

bool reader_hand_over(struct reader *r, bool (*take)(void *arg, const struct message_domain *line),
                      void *arg)
{
    r->take = take;
    r->take_arg = arg;
    enum list_end end = read_lists(r);
    r->failed = end == LIST_FAILED;
    return end == LIST_READ;
}

static void *reader_run(void *arg)
{
    struct reader *r = arg;
    enum list_end end = r->scan->member != NULL ? read_fleet(r) : read_lists(r);
    reader_post_lines(r);
    r->failed = end == LIST_FAILED;
    if (end == LIST_READ) {
        atomic_store(&r->reached_end, true);
    }
    admission_end_input(&r->scan->admission);
    atomic_store(&r->ended, true);
    return NULL;
}

void reader_start(struct reader *r)
{
    struct buf line = BUF_INIT(BUF_NO_LIMIT);
    if (input_lists_put_repeated(&r->lists, &line)) {
        notices_add(r, &line);
    }
    buf_deinit(&line);
    thread_start(&r->thread, reader_run, r);
}

void reader_halt(struct reader *r)
{
    admission_stop(&r->scan->admission);
    (void)pthread_mutex_lock(&r->sending); /* the last record is sent, or none will be */
    (void)pthread_mutex_unlock(&r->sending);
}

void reader_join(struct reader *r)
{
    CHECK(pthread_join(r->thread, NULL) == 0);
}

void reader_deinit(struct reader *r)
{
    input_lists_deinit(&r->lists);
    for (uint32_t i = 0; i < WORKERS_MAX; i++) {
        buf_deinit(&r->outbox[i]);
    }
    buf_deinit(&r->metadata);
    buf_deinit(&r->key);
    buf_deinit(&r->why);
    line_set_deinit(&r->sent);
    buf_deinit(&r->notices);
    (void)pthread_mutex_destroy(&r->sending);
    (void)pthread_mutex_destroy(&r->noticing);
}
