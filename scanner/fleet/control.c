#include "scanner/fleet/control.h"

#include "scanner/base/clock.h"
#include "scanner/flow/message_check.h"

#define READ_MS    200
#define READ_MAX_S 120 /* without a record, that is */

static void on_message(struct control_state *s, enum message_kind kind, struct span body)
{
    switch ((int)kind) {
    case MESSAGE_FLEET_FILE: {
        struct message_fleet_file m = message_get_fleet_file(body);
        s->unreadable += !control_files_add(&s->files, &m);
        return;
    }
    case MESSAGE_FLEET_LAST: {
        struct message_fleet_last m = message_get_fleet_last(body);
        s->blocks = m.blocks;
        s->lines = m.lines;
        return;
    }
    case MESSAGE_FLEET_JOIN:
        s->joined++;
        return;
    case MESSAGE_FLEET_LEFT: {
        struct message_fleet_left m = message_get_fleet_left(body);
        if (m.member < FLEET_PARTS_LIMIT) {
            s->members[m.member].left = true;
            s->members[m.member].whole = m.whole;
        }
        return;
    }
    default:
        return;
    }
}

static bool read_to(struct control_state *s, struct kafka_reader *r, int64_t end, struct buf *why)
{
    int64_t next = 0;
    int64_t until = clock_boot_ms() + READ_MAX_S * 1000;
    while (next < end) {
        struct kafka_record record;
        if (!kafka_reader_next(r, READ_MS, &record)) {
            if (kafka_reader_is_lost(r, why)) {
                return false;
            }
            if (clock_boot_ms() > until) {
                buf_put_text(why, "brokers do not answer any more");
                return false;
            }
            continue;
        }
        enum message_kind kind;
        struct span body;
        next = record.offset + 1;
        until = clock_boot_ms() + READ_MAX_S * 1000;
        if (message_check(record.value, &kind, &body) == MESSAGE_SOUND) {
            on_message(s, kind, body);
        } else {
            s->unreadable++;
        }
    }
    return true;
}

bool control_read(struct control_state *s, const struct kafka_params *p,
                  const struct fleet_topics *t, struct buf *why)
{
    const char *topic = t->name[FLEET_CONTROL];
    *s = (struct control_state){0};
    struct kafka_reader *r = kafka_reader_new(p, topic, why);
    if (r == NULL) {
        return false;
    }
    kafka_reader_add(r, topic, 0);
    bool ok = kafka_reader_begin(r, why);
    int64_t end = ok ? kafka_reader_end(r, topic, 0, why) : -1;
    ok = end >= 0 && read_to(s, r, end, why);
    kafka_reader_free(r);
    return ok;
}

void control_state_deinit(struct control_state *s)
{
    control_files_deinit(&s->files);
}
