/**
 * The lines of a member's parts, block by block.
 */
#include <unistd.h>

#include "scanner/pipeline/member_private.h"

#define RECOVERED_OF_BLOCK 32768 /* fewer than OPEN_LINES_MAX: a block that has them can close */
#define AHEAD_MAX          (1U << 20) /* octets of lines of a part that wait for other parts */

/* --- lines ------------------------------------------------------------------------------------ */

static bool is_of_part(const struct member *m, const struct message_domain *line, uint32_t part)
{
    return part_of_key(message_domain_key(line), &m->division) == part;
}

/* Its block is settled by who sat here before: it joins the first that is open. Where these are very many, further blocks have them.
 * @return false when intake was stopped */
static bool take_recovered(struct member *m, const struct member_taker *to,
                           const struct message_domain *line)
{
    struct message_domain copy = *line;
    copy.block = m->first_block;
    if (!to->take(to->reader, &copy)) {
        return false;
    }
    m->recovered++;
    if (m->recovered % RECOVERED_OF_BLOCK != 0) {
        return true;
    }
    m->first_block++;
    return admission_end_block(&m->scan->admission);
}

/* @return false when intake was stopped */
static bool take_or_skip(struct member *m, const struct member_taker *to,
                         const struct message_domain *line)
{
    if (line_set_has(&m->lines_done, line->input_line)) {
        to->skip(to->reader);
        return true;
    }
    return line->block < m->first_block ? take_recovered(m, to, line) : to->take(to->reader, line);
}

/* @return false when intake was stopped */
static bool take_numbered_line(struct member *m, const struct member_taker *to,
                               struct part_lines *l, uint32_t part,
                               const struct message_domain *line)
{
    if (line->input_line <= l->last) {
        return true; /* who feeds began again */
    }
    if (line->block != l->ended || !is_of_part(m, line, part)) {
        return true; /* it was looked at when it came */
    }
    l->last = line->input_line;
    return take_or_skip(m, to, line);
}

static void take_end(struct part_lines *l, const struct message_block_end *end)
{
    if (end->block == l->ended) {
        l->ended++;
        l->last_block = end->last;
    }
}

static bool take_in_order(struct member *m, const struct member_taker *to, struct part_lines *l,
                          uint32_t part, enum message_kind kind, struct span body)
{
    if (kind == MESSAGE_BLOCK_END) {
        struct message_block_end end = message_get_block_end(body);
        take_end(l, &end);
        return true;
    }
    struct message_domain line = message_get_domain(body);
    return take_numbered_line(m, to, l, part, &line);
}

/* What came while others were behind. */
static bool take_ahead(struct member *m, const struct member_taker *to, uint32_t part,
                       uint32_t block)
{
    struct part_lines *l = &m->lines[part - m->division.first];
    struct span in = buf_span(&l->ahead);
    enum message_kind kind;
    struct span body;
    bool going = true;
    while (going && l->ended <= block && message_next(&in, &kind, &body)) {
        going = take_in_order(m, to, l, part, kind, body);
    }
    struct buf left = BUF_INIT(BUF_NO_LIMIT);
    buf_put(&left, in);
    buf_deinit(&l->ahead);
    l->ahead = left;
    if (l->paused && l->ahead.len == 0) {
        kafka_reader_pause(m->domains, member_topic(m, FLEET_DOMAINS), part, false);
        l->paused = false;
    }
    return going;
}

static bool take_from_part(struct member *m, const struct member_taker *to,
                           const struct kafka_record *record, uint32_t block)
{
    struct part_lines *l = &m->lines[record->partition - m->division.first];
    enum message_kind kind;
    struct span body;
    if (!member_read_message(m, record, &kind, &body)) {
        return true;
    }
    if (kind == MESSAGE_DOMAIN) {
        struct message_domain line = message_get_domain(body);
        if (!is_of_part(m, &line, record->partition)) {
            member_keep_dead(m, record, "a line of another partition");
            return true;
        }
    }
    if (l->ended <= block) {
        return take_in_order(m, to, l, record->partition, kind, body);
    }
    buf_put(&l->ahead, record->value);
    if (l->ahead.len > AHEAD_MAX && !l->paused) {
        kafka_reader_pause(m->domains, member_topic(m, FLEET_DOMAINS), record->partition, true);
        l->paused = true;
    }
    return true;
}

static bool has_ended(const struct member *m, uint32_t block)
{
    for (uint32_t i = 0; i < m->division.count; i++) {
        if (m->lines[i].ended <= block) {
            return false;
        }
    }
    return true;
}

static bool read_block(struct member *m, const struct member_taker *to, uint32_t block)
{
    bool going = true;
    for (uint32_t i = 0; i < m->division.count && going; i++) {
        going = take_ahead(m, to, m->division.first + i, block);
    }
    while (going && !has_ended(m, block)) {
        struct kafka_record record;
        if (kafka_reader_next(m->domains, POLL_MS, &record)) {
            going = take_from_part(m, to, &record, block);
        } else {
            to->post(to->reader);
            going = !admission_is_stopped(&m->scan->admission);
        }
    }
    return going;
}

bool member_read(struct member *m, const struct member_taker *to)
{
    bool going = true;
    bool last = false;
    while (!atomic_load(&m->restored) && going) {
        (void)usleep(POLL_MS * 1000);
        going = !admission_is_stopped(&m->scan->admission);
    }
    for (uint32_t block = 0; going && !last; block++) {
        going = read_block(m, to, block);
        to->post(to->reader);
        last = m->lines[0].last_block;
        going = going && (last || block < m->first_block || /* it ended before our time */
                          admission_end_block(&m->scan->admission));
    }
    return going;
}
