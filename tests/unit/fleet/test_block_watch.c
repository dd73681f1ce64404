#include <criterion/criterion.h>

#include "scanner/base/codec.h"
#include "scanner/fleet/block_watch.h"

static void sent(struct block_watch *w, uint32_t part, uint32_t blocks, int64_t one, int64_t other)
{
    struct buf offsets = BUF_INIT(BUF_NO_LIMIT);
    codec_put_u64(&offsets, (uint64_t)one);
    codec_put_u64(&offsets, (uint64_t)other);
    block_watch_sent(w, part, blocks, buf_span(&offsets));
    buf_deinit(&offsets);
}

Test(block_watch, a_block_is_closed_when_all_have_settled_it)
{
    struct block_watch w;
    block_watch_init(&w, 2);
    cr_expect_eq(block_watch_closed(&w), 0);
    block_watch_settled(&w, 0, 3);
    cr_expect_eq(block_watch_closed(&w), 0);
    block_watch_settled(&w, 1, 1);
    cr_expect_eq(block_watch_closed(&w), 1);
    block_watch_settled(&w, 1, 5);
    cr_expect_eq(block_watch_closed(&w), 3);
    block_watch_settled(&w, 0, 2); /* it was said before */
    block_watch_settled(&w, 9, 1); /* there is no such part */
    cr_expect_eq(block_watch_closed(&w), 3);
}

Test(block_watch, behind_the_last_line_those_close_that_late_names_belong_to)
{
    struct block_watch w;
    block_watch_init(&w, 2);
    block_watch_settled(&w, 0, UINT32_MAX);
    block_watch_settled(&w, 1, UINT32_MAX);
    cr_expect_eq(block_watch_closed(&w), 0, "LAST has yet to be read");
    cr_expect_not(block_watch_is_all_closed(&w));
    block_watch_last(&w, 4);
    cr_expect(block_watch_is_all_closed(&w));
    cr_expect_eq(block_watch_closed(&w), 4 + FLEET_BLOCKS_LATE);
}

Test(block_watch, a_block_is_open_when_all_have_sent_its_names)
{
    struct block_watch w;
    block_watch_init(&w, 2);
    cr_expect_eq(w.needed[0], -1);
    sent(&w, 0, 1, 7, -1);
    cr_expect_eq(block_watch_opened(&w), 0);
    sent(&w, 1, 1, 4, 12);
    cr_expect_eq(block_watch_opened(&w), 1);
    cr_expect_eq(w.needed[0], 7);
    cr_expect_eq(w.needed[1], 12);
    sent(&w, 1, 1, 99, 99); /* again */
    cr_expect_eq(w.needed[0], 7);
    block_watch_sent(&w, 0, 2, span_of("short"));
    cr_expect_eq(w.sent[0], 1, "offsets of another number of parts");
}

Test(block_watch, it_is_over_when_all_lines_have_their_rows)
{
    struct block_watch w;
    block_watch_init(&w, 2);
    block_watch_done(&w, 0);
    block_watch_done(&w, 1);
    cr_expect_not(block_watch_is_over(&w), "the list has no end yet");
    block_watch_last(&w, 1);
    cr_expect(block_watch_is_over(&w));
    block_watch_init(&w, 2);
    block_watch_last(&w, 1);
    block_watch_done(&w, 1);
    block_watch_done(&w, 2);
    cr_expect_not(block_watch_is_over(&w));
}
