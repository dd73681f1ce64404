#include <criterion/criterion.h>

#include "scanner/fleet/outbox.h"

/* Who was sent, in order: each item is a letter. */
struct post {
    struct outbox_item *items[64]; /* gone when they are acknowledged */
    char letters[65];
    size_t count;
    size_t room; /* how many more are taken */
};

static bool take(void *arg, struct outbox_item *item)
{
    struct post *p = arg;
    if (p->room == 0) {
        return false;
    }
    p->room--;
    p->letters[p->count] = (char)outbox_value(item).at[0];
    p->items[p->count++] = item;
    return true;
}

static void put(struct outbox *o, unsigned rank, const char *letter)
{
    outbox_put(o, rank, "topic", 7, span_of("key"), span_of(letter));
}

static void expect_sent(const struct post *p, const char *letters)
{
    cr_expect_str_eq(p->letters, letters);
}

static void acknowledge(struct outbox *o, struct post *p, size_t which)
{
    outbox_acknowledge(o, p->items[which]);
    outbox_send(o);
}

Test(outbox, a_record_waits_for_those_of_lower_rank_before_it)
{
    struct outbox o;
    struct post p = {.room = 64};
    outbox_init(&o, take, &p);
    put(&o, 1, "a");
    put(&o, 2, "b"); /* waits for a */
    put(&o, 1, "c"); /* comes later: nothing holds it */
    put(&o, 3, "d"); /* waits for a, b and c */
    put(&o, 0, "e");
    outbox_send(&o);
    expect_sent(&p, "eac");
    acknowledge(&o, &p, 1); /* a: b is free, though c and e are not acknowledged */
    expect_sent(&p, "eacb");
    acknowledge(&o, &p, 3); /* b */
    expect_sent(&p, "eacb");
    acknowledge(&o, &p, 2); /* c */
    expect_sent(&p, "eacbd");
    cr_expect_gt(o.octets, 0);
    outbox_acknowledge(&o, p.items[0]);
    outbox_acknowledge(&o, p.items[4]);
    cr_expect_eq(o.octets, 0);
    outbox_deinit(&o);
}

Test(outbox, acknowledgements_come_in_any_order)
{
    struct outbox o;
    struct post p = {.room = 64};
    outbox_init(&o, take, &p);
    put(&o, 1, "a");
    put(&o, 1, "b");
    put(&o, 2, "c");
    outbox_send(&o);
    expect_sent(&p, "ab");
    acknowledge(&o, &p, 1); /* b: a still holds c */
    expect_sent(&p, "ab");
    acknowledge(&o, &p, 0);
    expect_sent(&p, "abc");
    outbox_acknowledge(&o, p.items[2]);
    cr_expect_eq(o.octets, 0);
    put(&o, 0, "d"); /* it is used again */
    outbox_send(&o);
    expect_sent(&p, "abcd");
    outbox_deinit(&o);
}

Test(outbox, what_finds_no_room_is_tried_again_in_its_order)
{
    struct outbox o;
    struct post p = {.room = 1};
    outbox_init(&o, take, &p);
    put(&o, 1, "a");
    put(&o, 1, "b");
    put(&o, 2, "c");
    outbox_send(&o);
    expect_sent(&p, "a");
    acknowledge(&o, &p, 0);
    expect_sent(&p, "a");
    p.room = 9;
    outbox_send(&o);
    expect_sent(&p, "ab"); /* c waits for b, which has not even left */
    acknowledge(&o, &p, 1);
    expect_sent(&p, "abc");
    cr_expect(span_eq(outbox_key(p.items[2]), span_of("key")));
    cr_expect_eq(p.items[2]->partition, 7);
    outbox_deinit(&o);
}

static bool count(void *arg, struct outbox_item *item)
{
    struct outbox_item **last = arg;
    *last = item;
    return true;
}

/* What does not wait here has to find room in the queue behind. */
Test(outbox, only_so_many_records_are_under_way)
{
    struct outbox o;
    struct outbox_item *last = NULL;
    outbox_init(&o, count, &last);
    for (uint32_t i = 0; i < OUTBOX_UNDER_WAY + 2; i++) {
        put(&o, 1, "a");
    }
    outbox_send(&o);
    cr_expect_eq(o.under_way, OUTBOX_UNDER_WAY);
    cr_expect_eq(last->number, OUTBOX_UNDER_WAY - 1);
    outbox_acknowledge(&o, last);
    outbox_send(&o);
    cr_expect_eq(o.under_way, OUTBOX_UNDER_WAY);
    cr_expect_eq(last->number, OUTBOX_UNDER_WAY);
    outbox_deinit(&o);
}

Test(outbox, only_so_many_octets_are_under_way)
{
    struct outbox o;
    struct post p = {.room = 64};
    struct buf large = BUF_INIT(BUF_NO_LIMIT);
    outbox_init(&o, take, &p);
    for (uint32_t i = 0; i < OUTBOX_UNDER_WAY_OCTETS / 8; i++) {
        buf_put_char(&large, 'l');
    }
    for (int i = 0; i < 12; i++) { /* of an eighth of it */
        outbox_put(&o, 1, "topic", 0, (struct span){0}, buf_span(&large));
    }
    outbox_send(&o);
    expect_sent(&p, "llllllll"); /* with their headers eight are enough */
    acknowledge(&o, &p, 0);
    expect_sent(&p, "lllllllll");
    buf_deinit(&large);
    outbox_deinit(&o);
}
