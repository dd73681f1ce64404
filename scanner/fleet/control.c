#include "scanner/fleet/control.h"

#include "scanner/fleet/topic_reading.h"
#include "scanner/flow/message_check.h"

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
    case MESSAGE_FLEET_LEFT: {
        struct message_fleet_left m = message_get_fleet_left(body);
        if (m.member < FLEET_PARTS_LIMIT && m.epoch >= s->members[m.member].epoch) {
            s->members[m.member].epoch = m.epoch;
            s->members[m.member].left = true;
            s->members[m.member].whole = m.whole;
        }
        return;
    }
    default:
        return;
    }
}

static bool on_record(void *arg, const struct kafka_record *r)
{
    struct control_state *s = arg;
    enum message_kind kind;
    struct span body;
    if (message_check(r->value, &kind, &body) == MESSAGE_SOUND) {
        on_message(s, kind, body);
    } else {
        s->unreadable++;
    }
    return true;
}

bool control_read(struct control_state *s, const struct kafka_params *p,
                  const struct fleet_topics *t, struct buf *why)
{
    *s = (struct control_state){0};
    struct kafka_reader *r = kafka_reader_new(p, t->name[FLEET_CONTROL], why);
    bool ok = r != NULL && topic_read(r, t->name[FLEET_CONTROL], 0, on_record, s, why);
    kafka_reader_free(r);
    return ok;
}

void control_state_deinit(struct control_state *s)
{
    control_files_deinit(&s->files);
}
