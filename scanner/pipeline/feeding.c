#include "scanner/pipeline/feeding.h"

#include <stdlib.h>

#include "scanner/base/clock.h"
#include "scanner/base/memory.h"
#include "scanner/fleet/control.h"
#include "scanner/flow/message_check.h"
#include "scanner/pipeline/reader.h"
#include "scanner/report/manifest.h"

#define POLL_MS  50
#define FLUSH_MS 600000

struct feed {
    const struct feeding *f;
    struct kafka *kafka;
    struct scan scan;
    struct reader *reader;
    uint32_t block;
    uint32_t block_lines;
    uint64_t lines;
    struct buf message;
    struct buf *why;
};

static const char *feed_topic(const struct feed *f, unsigned which)
{
    return f->f->topics->name[which];
}

/* @return false: brokers are lost, with a line in `why` */
static bool feed_send(struct feed *f, unsigned to, uint32_t part, struct span key,
                      struct span value)
{
    while (!kafka_send(f->kafka, feed_topic(f, to), part, key, value, NULL)) {
        if (kafka_is_lost(f->kafka, f->why)) {
            return false;
        }
        kafka_poll(f->kafka, POLL_MS);
    }
    kafka_poll(f->kafka, 0);
    return true;
}

static bool end_block(struct feed *f, bool last)
{
    const struct message_block_end end = {.block = f->block, .last = last};
    buf_reset(&f->message);
    message_put_block_end(&f->message, &end);
    bool ok = true;
    for (uint32_t part = 0; part < f->f->terms->parts && ok; part++) {
        ok = feed_send(f, FLEET_DOMAINS, part, (struct span){0}, buf_span(&f->message));
    }
    f->block++;
    f->block_lines = 0;
    return ok;
}

static bool feed_line(void *arg, const struct message_domain *line)
{
    struct feed *f = arg;
    struct message_domain m = *line;
    if (m.input_line > MESSAGE_LINES_MAX) {
        buf_putf(f->why, "a list of more than %llu lines: feed it in parts, each a scan",
                 (unsigned long long)MESSAGE_LINES_MAX);
        return false;
    }
    struct span key = message_domain_key(line);
    m.block = f->block;
    buf_reset(&f->message);
    message_put_domain(&f->message, &m);
    f->lines++;
    bool ok = feed_send(f, FLEET_DOMAINS, hash_partition_part(key, f->f->terms->parts), key,
                        buf_span(&f->message));
    if (ok && ++f->block_lines == input_block_lines(f->block)) {
        ok = end_block(f, false);
    }
    return ok && !kafka_is_lost(f->kafka, f->why);
}

struct control_sending {
    struct feed *f;
    bool ok;
};

static void send_control(void *arg, struct span message)
{
    struct control_sending *s = arg;
    s->ok = s->ok && feed_send(s->f, FLEET_CONTROL, 0, (struct span){0}, message);
}

static bool send_file(struct feed *f, const char *name, const struct buf *octets)
{
    struct control_sending s = {.f = f, .ok = true};
    control_file_put(FLEET_FEED, name, buf_span(octets), send_control, &s);
    return s.ok;
}

static void feed_put_inputs(const struct feed *f, struct buf *json)
{
    report_inputs(json, reader_inputs(f->reader), f->f->params->input_count);
}

/* Those of a first start stay. @return false with a line in `why` and *end set */
static bool agree_on_terms(struct feed *f, const struct control_state *there, enum scan_end *end)
{
    struct fleet_terms *now = f->f->terms;
    const struct control_file *file = control_files_find(&there->files, FLEET_FEED, TERMS_FILE);
    struct fleet_terms then;
    *end = SCAN_END_USAGE;
    if (file != NULL) {
        size_t at = f->why->len;
        buf_putf(f->why, "--scan %s: the scan ", f->f->scan);
        bool ok = fleet_terms_read(&then, buf_span(&file->octets), f->why) &&
                  fleet_terms_agree(&then, now, f->why);
        if (ok) {
            f->why->len = at;
        }
        fleet_terms_deinit(&then);
        return ok;
    }
    struct buf word = BUF_INIT(BUF_NO_LIMIT);
    struct buf json = BUF_INIT(BUF_NO_LIMIT);
    uuid7_make(clock_unix_ms(), now->scan_id);
    if (f->f->at != INT64_MIN) {
        buf_putf(&word, "--at=@%lld", (long long)f->f->at);
        (void)fleet_terms_add_word(now, buf_span(&word));
    }
    fleet_terms_put(now, &json);
    *end = SCAN_END_FATAL;
    bool ok = send_file(f, TERMS_FILE, &json);
    buf_deinit(&word);
    buf_deinit(&json);
    return ok;
}

static void say_lines(const struct feed *f, uint64_t lines, const char *what)
{
    struct buf line = BUF_INIT(BUF_NO_LIMIT);
    if (f->f->params->quiet) {
        return;
    }
    buf_putf(&line, "--scan %s: %llu lines %s", f->f->scan, (unsigned long long)lines, what);
    buf_put_char(&line, '\0');
    f->f->say(f->f->arg, (const char *)line.at);
    buf_deinit(&line);
}

static enum scan_end send_lists(struct feed *f)
{
    if (!reader_hand_over(f->reader, feed_line, f)) {
        reader_say_notices(f->reader, f->f->say, f->f->arg);
        if (f->why->len == 0) {
            buf_put(f->why, buf_span(&f->reader->why));
            return f->reader->failure_is_usage ? SCAN_END_USAGE : SCAN_END_FATAL;
        }
        return SCAN_END_FATAL;
    }
    reader_say_notices(f->reader, f->f->say, f->f->arg);
    struct buf inputs = BUF_INIT(BUF_NO_LIMIT);
    feed_put_inputs(f, &inputs);
    bool ok = end_block(f, true) && send_file(f, INPUTS_FILE, &inputs);
    buf_deinit(&inputs);
    /* Who reads LAST finds all lines. */
    ok = ok && kafka_flush(f->kafka, FLUSH_MS);
    const struct message_fleet_last last = {.blocks = f->block, .lines = f->lines};
    buf_reset(&f->message);
    message_put_fleet_last(&f->message, &last);
    struct control_sending s = {.f = f, .ok = ok};
    send_control(&s, buf_span(&f->message));
    if (!s.ok || !kafka_flush(f->kafka, FLUSH_MS) || kafka_is_lost(f->kafka, f->why)) {
        if (f->why->len == 0) {
            buf_putf(f->why, "--brokers %s: not all lines were acknowledged; run feed again",
                     f->f->kafka.brokers);
        }
        return SCAN_END_FATAL;
    }
    say_lines(f, f->lines, "are fed");
    return SCAN_END_COMPLETE;
}

static enum scan_end feed_with_lists(struct feed *f)
{
    struct control_state there = {0};
    enum scan_end end = SCAN_END_FATAL;
    bool usage = false;
    feed_put_inputs(f, &f->f->terms->inputs);
    if (!kafka_connect(f->kafka, KAFKA_CONNECT_MS, f->why)) {
        return SCAN_END_FATAL;
    }
    if (!fleet_topics_make(f->f->topics, f->kafka, f->f->terms->parts, &usage, f->why)) {
        return usage ? SCAN_END_USAGE : SCAN_END_FATAL;
    }
    bool ok =
        control_read(&there, &f->f->kafka, f->f->topics, f->why) && agree_on_terms(f, &there, &end);
    uint32_t fed = there.blocks;
    uint64_t lines = there.lines;
    control_state_deinit(&there);
    if (!ok) {
        return end;
    }
    if (fed > 0) {
        say_lines(f, lines, "were fed before: nothing is left to do");
        return SCAN_END_COMPLETE;
    }
    return send_lists(f);
}

enum scan_end feeding_run(const struct feeding *f, struct buf *why)
{
    struct feed *feed = memory_new(1, sizeof(*feed));
    enum scan_end end = SCAN_END_USAGE;
    *feed = (struct feed){
        .f = f, .scan = {.params = f->params}, .message = BUF_INIT(BUF_NO_LIMIT), .why = why};
    feed->reader = memory_new(1, sizeof(*feed->reader));
    feed->scan.reader = feed->reader;
    feed->kafka = kafka_new(&f->kafka, NULL, NULL, why);
    if (feed->kafka != NULL && reader_open(feed->reader, &feed->scan, why)) {
        end = feed_with_lists(feed);
        reader_deinit(feed->reader);
    }
    kafka_free(feed->kafka);
    buf_deinit(&feed->message);
    free(feed->reader);
    free(feed);
    return end;
}
