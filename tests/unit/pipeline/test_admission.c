#include <pthread.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "scanner/owners/owner.h"
#include "scanner/pipeline/admission.h"

static atomic_size_t backlog; /* of the writer */
static atomic_bool spool_full;

static void admit(struct admission *a, uint32_t lines, uint64_t now_ms, uint32_t want_block)
{
    for (uint32_t i = 0; i < lines; i++) {
        uint32_t block = UINT32_MAX;
        cr_assert(admission_try_enter(a, now_ms, &block), "line %u", i);
        cr_assert_eq(block, want_block, "line %u", i);
    }
}

static uint32_t block_of_line(uint32_t line)
{
    uint32_t block = 0;
    for (uint32_t end = input_block_lines(0); end <= line; end += input_block_lines(block)) {
        block++;
    }
    return block;
}

static void expect_closes(struct admission *a, uint64_t now_ms, uint32_t want)
{
    uint32_t block = UINT32_MAX;
    cr_expect(admission_close_block(a, now_ms, &block), "block %u", want);
    cr_expect_eq(block, want);
}

static void expect_open(struct admission *a, uint64_t now_ms, const char *why)
{
    uint32_t block = UINT32_MAX;
    cr_expect_not(admission_close_block(a, now_ms, &block), "%s: block %u", why, block);
}

Test(admission, who_is_parked_holds_no_credit_and_a_full_spool_holds_the_reader)
{
    struct admission a;
    uint32_t block = 0;
    admission_init(&a, &backlog, &spool_full);
    for (uint32_t i = 0; i < CREDITS_MAX; i++) {
        cr_assert(admission_try_enter(&a, 0, &block));
        admission_settle(&a, block, 1);
        uint32_t closed = 0;
        (void)admission_close_block(&a, 0, &closed);
    }
    cr_expect_not(admission_try_enter(&a, 0, &block));
    admission_park(&a, 100);
    cr_expect(admission_try_enter(&a, 0, &block));
    admission_leave(&a, INPUT_BLOCK_LINES);
    spool_full = true;
    for (uint32_t i = 1; i < INPUT_BLOCK_LINES; i++) {
        cr_assert(admission_try_enter(&a, 0, &block), "a block that has begun is read to its end");
    }
    cr_expect_not(admission_try_enter(&a, 0, &block), "no other block");
    admission_park(&a, -100);
    admission_leave(&a, 200);
    cr_expect(admission_try_enter(&a, 0, &block), "it is empty: it cannot be written at all");
    spool_full = false;
    admission_leave(&a, CREDITS_MAX + 1 - 200);
    cr_expect(admission_is_empty(&a));
    admission_deinit(&a);
}

Test(admission, who_is_passed_over_counts_in_its_block_and_waits_for_room_among_these)
{
    struct admission a;
    admission_init(&a, &backlog, &spool_full);
    uint32_t block = 0;
    cr_assert(admission_try_enter(&a, 0, &block));
    uint64_t passed = 0;
    while (passed < 1000000 && admission_try_pass(&a, 0)) {
        passed++;
    }
    uint64_t lines = 0;
    for (uint32_t i = 0; i < BLOCKS_OPEN_MAX; i++) {
        lines += input_block_lines(i);
    }
    cr_expect_eq(passed, lines - 1, "the first line holds the first block: %llu",
                 (unsigned long long)passed);
    admission_settle(&a, block, 1);
    expect_closes(&a, 0, 0);
    cr_expect(admission_try_pass(&a, 0));
    admission_stop(&a);
    cr_expect(admission_is_stopped(&a));
    cr_expect_not(admission_try_pass(&a, 0));
    cr_expect_not(admission_pass(&a, 0));
    admission_deinit(&a);
}

Test(admission, blocks_close_in_order_and_when_settled)
{
    struct admission a;
    admission_init(&a, &backlog, &spool_full);
    expect_open(&a, 0, "no line yet");
    admit(&a, input_block_lines(0), 0, 0);
    admit(&a, input_block_lines(1), 0, 1);
    admit(&a, 10, 0, 2);
    admission_settle(&a, 1, input_block_lines(1));
    expect_open(&a, 0, "block 0 is before it");
    admission_settle(&a, 0, input_block_lines(0) - 1);
    expect_open(&a, 0, "one line is not settled");
    admission_settle(&a, 0, 1);
    expect_closes(&a, 0, 0);
    expect_closes(&a, 0, 1);
    admission_settle(&a, 2, 10);
    expect_open(&a, 0, "not complete");
    admission_end_input(&a);
    expect_closes(&a, 0, 2);
    expect_open(&a, UINT64_MAX, "all closed");
    admission_deinit(&a);
}

/* The first blocks grow to the size of all further ones, and have the lines of one of these together. */
Test(admission, the_first_blocks_are_small)
{
    static const uint32_t want[] = {128, 128, 256, 512, 1024, 2048, 4096, 8192, 8192};
    struct admission a;
    uint32_t before = 0;
    admission_init(&a, &backlog, &spool_full);
    for (uint32_t block = 0; block < 9; block++) {
        cr_expect_eq(input_block_lines(block), want[block], "block %u", block);
        admit(&a, want[block], 0, block);
        before += block < SMALL_BLOCKS ? want[block] : 0;
        cr_expect_eq(late_block(block), block < SMALL_BLOCKS ? 22 : block + 16, "block %u", block);
    }
    cr_expect_eq(before, INPUT_BLOCK_LINES);
    admission_deinit(&a);
}

Test(admission, a_pause_of_the_input_closes_early)
{
    struct admission a;
    admission_init(&a, &backlog, &spool_full);
    admit(&a, 5, 100, 0);
    expect_open(&a, 100 + INPUT_IDLE_MS, "a pause, but nothing is settled");
    admission_settle(&a, 0, 5);
    expect_open(&a, 100 + INPUT_IDLE_MS - 1, "no pause yet");
    expect_closes(&a, 100 + INPUT_IDLE_MS, 0);
    expect_open(&a, 100 + 10 * INPUT_IDLE_MS, "no empty blocks");
    admit(&a, 3, 200, 1); /* the next line begins the next block, which is a full one */
    admit(&a, input_block_lines(1) - 3, 200, 1);
    admit(&a, 1, 200, 2);
    admission_settle(&a, 1, input_block_lines(1));
    expect_closes(&a, 200, 1);
    admission_deinit(&a);
}

/* What a file has to say does not depend on when we read it. */
Test(admission, a_file_never_pauses)
{
    struct admission a;
    admission_init(&a, &backlog, &spool_full);
    a.input_is_file = true;
    admit(&a, 5, 100, 0);
    admission_settle(&a, 0, 5);
    expect_open(&a, 100 + 10 * INPUT_IDLE_MS, "a slow reader is no pause");
    cr_expect_not(admission_is_empty(&a));
    admission_leave(&a, 5);
    cr_expect(admission_is_empty(&a));
    admission_end_input(&a);
    expect_closes(&a, 100, 0);
    admission_deinit(&a);
}

/* What is late belongs to a later block, which waits for it; nobody else does. */
Test(admission, a_held_block_stays_open)
{
    struct admission a;
    admission_init(&a, &backlog, &spool_full);
    a.input_is_file = true;
    admit(&a, input_block_lines(0), 0, 0);
    admit(&a, 10, 0, 1);
    admission_hold(&a, 1);
    admission_hold(&a, 3);
    admission_settle(&a, 0, input_block_lines(0));
    admission_settle(&a, 1, 10);
    expect_closes(&a, 0, 0);
    expect_open(&a, 0, "not complete");
    admission_end_input(&a);
    expect_open(&a, 0, "held");
    admission_release(&a, 1);
    expect_closes(&a, 0, 1);
    expect_closes(&a, 0, 2);
    expect_open(&a, 0, "held, without a line");
    admission_hold(&a, 2); /* somebody else's hold on it has ended */
    admission_release(&a, 2);
    admission_release(&a, 3);
    expect_closes(&a, 0, 3);
    expect_open(&a, 0, "no more");
    admission_deinit(&a);
}

/* Behind few lines that are not settled, and only of the first blocks. */
Test(admission, small_blocks_are_announced_ahead)
{
    struct admission a;
    uint32_t block = UINT32_MAX;
    uint32_t lines = 0;
    admission_init(&a, &backlog, &spool_full);
    a.input_is_file = true;
    admit(&a, 128, 0, 0);
    admit(&a, 127, 0, 1);
    admission_settle(&a, 0, 128 - AHEAD_LINES - 1);
    admission_settle(&a, 1, 127);
    cr_expect_not(admission_block_ahead(&a, &block, &lines), "too many lines may yet lead to it");
    admission_settle(&a, 0, 3);
    cr_expect(admission_block_ahead(&a, &block, &lines));
    cr_expect_eq(block, 0);
    cr_expect_eq(lines, AHEAD_LINES - 2);
    cr_expect_not(admission_block_ahead(&a, &block, &lines), "it is not complete");
    admit(&a, 1, 0, 1);
    cr_expect(admission_block_ahead(&a, &block, &lines));
    cr_expect_eq(block, 1);
    cr_expect_eq(lines, AHEAD_LINES - 1, "of both");
    cr_expect_not(admission_block_ahead(&a, &block, &lines), "each once");
    admission_settle(&a, 0, AHEAD_LINES - 2);
    admission_settle(&a, 1, 1);
    expect_closes(&a, 0, 0);
    expect_closes(&a, 0, 1);
    admit(&a, 1, 0, 2);
    cr_expect_not(admission_block_ahead(&a, &block, &lines), "not complete");
    admission_end_input(&a);
    cr_expect(admission_block_ahead(&a, &block, &lines), "it is, at the end of the input");
    admission_settle(&a, 2, 1);
    expect_closes(&a, 0, 2);
    admission_deinit(&a);

    admission_init(&a, &backlog, &spool_full);
    for (uint32_t i = 0; i <= SMALL_BLOCKS; i++) {
        admit(&a, input_block_lines(i), 0, i);
        admission_settle(&a, i, input_block_lines(i) - (i == 0 || i == SMALL_BLOCKS));
        cr_expect_eq(admission_block_ahead(&a, &block, &lines), i < SMALL_BLOCKS, "block %u", i);
    }
    admission_deinit(&a);
}

/* Lines of a pipe that pauses do not wait for those that would fill the blocks in between. */
Test(admission, a_pause_of_the_input_closes_up_to_what_is_held)
{
    struct admission a;
    admission_init(&a, &backlog, &spool_full);
    admit(&a, 5, 100, 0);
    admission_hold(&a, 16);
    admission_settle(&a, 0, 5);
    for (uint32_t block = 0; block < 16; block++) {
        expect_open(&a, 100 + INPUT_IDLE_MS - 1, "no pause yet");
        expect_closes(&a, 100 + INPUT_IDLE_MS, block);
    }
    expect_open(&a, 100 + INPUT_IDLE_MS, "held");
    admit(&a, 1, 100 + INPUT_IDLE_MS, 16);
    admission_settle(&a, 16, 1);
    admission_release(&a, 16);
    expect_closes(&a, 100 + 2 * INPUT_IDLE_MS, 16);
    expect_open(&a, 100 + 9 * INPUT_IDLE_MS, "no more");
    admission_deinit(&a);
}

/* Who is late in the last block that may be open, and its host too. */
Test(admission, the_ring_has_room_for_all_that_may_be_held)
{
    struct admission a;
    uint32_t block = 0;
    admission_init(&a, &backlog, &spool_full);
    admit(&a, input_block_lines(0), 0, 0);
    admission_settle(&a, 0, input_block_lines(0) - 1);
    admission_leave(&a, input_block_lines(0));
    for (uint32_t i = input_block_lines(0); block_of_line(i) < BLOCKS_OPEN_MAX; i++) {
        cr_assert(admission_try_pass(&a, 0), "line %u", i);
    }
    cr_expect_not(admission_try_pass(&a, 0), "too many blocks are open");
    cr_expect_not(admission_try_enter(&a, 0, &block), "too many blocks are open");
    admission_hold(&a, BLOCKS_OPEN_MAX - 1 + 2 * LATE_BLOCKS);
    admission_settle(&a, 0, 1);
    for (uint32_t i = 0; i < BLOCKS_OPEN_MAX; i++) {
        expect_closes(&a, 0, i);
    }
    admission_release(&a, BLOCKS_OPEN_MAX - 1 + 2 * LATE_BLOCKS);
    admission_deinit(&a);
}

/* A block's place in the ring is used again and again. */
Test(admission, goes_round_the_ring)
{
    struct admission a;
    admission_init(&a, &backlog, &spool_full);
    for (uint32_t block = 0; block < 3 * BLOCK_RING; block++) {
        admit(&a, 2, block, block);
        admission_settle(&a, block, 1);
        expect_open(&a, block + INPUT_IDLE_MS, "half settled");
        admission_settle(&a, block, 1);
        expect_closes(&a, block + INPUT_IDLE_MS, block);
        admission_leave(&a, 2);
    }
    admission_deinit(&a);
}

/* Which bound is reached first, and what makes room again. */
Test(admission, has_bounds)
{
    struct admission a;
    uint32_t block = 0;
    admission_init(&a, &backlog, &spool_full);
    for (uint32_t i = 0; i < UNSETTLED_MAX; i++) {
        cr_assert(admission_try_enter(&a, 0, &block));
        cr_assert_eq(block, block_of_line(i));
    }
    cr_expect_not(admission_try_enter(&a, 0, &block), "too many unsettled");
    admission_settle(&a, 0, 1);
    cr_expect(admission_try_enter(&a, 0, &block), "room for one");
    cr_expect_not(admission_try_enter(&a, 0, &block), "and for one only");
    admission_deinit(&a);

    admission_init(&a, &backlog, &spool_full);
    for (uint32_t i = 0; i < CREDITS_MAX; i++) {
        cr_assert(admission_try_enter(&a, 0, &block), "credit %u", i);
        admission_settle(&a, block, 1);
    }
    cr_expect_not(admission_try_enter(&a, 0, &block), "no credit");
    for (uint32_t i = 0; i < block_of_line(CREDITS_MAX); i++) {
        expect_closes(&a, 0, i);
    }
    cr_expect_not(admission_try_enter(&a, 0, &block), "closing gives no credit back");
    admission_leave(&a, 2);
    cr_expect(admission_try_enter(&a, 0, &block));
    cr_expect(admission_try_enter(&a, 0, &block));
    cr_expect_not(admission_try_enter(&a, 0, &block));
    admission_leave(&a, CREDITS_MAX);
    atomic_store(&backlog, WRITER_BACKLOG_MAX);
    cr_expect_not(admission_try_enter(&a, 0, &block), "the writer is behind");
    atomic_store(&backlog, WRITER_BACKLOG_MAX - 1);
    cr_expect(admission_try_enter(&a, 0, &block));
    admission_stop(&a);
    cr_expect_not(admission_try_enter(&a, 0, &block), "stopped");
    cr_expect_not(admission_enter(&a, 0, &block), "stopped, without waiting");
    admission_deinit(&a);

    /* The first block waits for one name, and all that is read behind it is parked or finished. */
    admission_init(&a, &backlog, &spool_full);
    for (uint32_t i = 0; i < OPEN_LINES_MAX; i++) {
        cr_assert(admission_try_enter(&a, 0, &block), "open line %u", i);
        if (i > 0) {
            admission_settle(&a, block, 1);
            admission_leave(&a, 1);
        }
    }
    cr_expect_not(admission_try_enter(&a, 0, &block), "too many open lines");
    cr_expect(admission_try_pass(&a, 0), "who has a row needs no room");
    cr_expect_not(admission_try_enter(&a, 0, &block));
    admission_settle(&a, 0, 1);
    expect_closes(&a, 0, 0);
    for (uint32_t i = 0; i < input_block_lines(0); i++) {
        cr_expect(admission_try_enter(&a, 0, &block));
    }
    cr_expect_not(admission_try_enter(&a, 0, &block));
    admission_deinit(&a);
}

struct reader {
    struct admission a;
    pthread_t thread;
    bool admitted;
    uint32_t block;
};

static void *read_one(void *arg)
{
    struct reader *r = arg;
    r->admitted = admission_enter(&r->a, 0, &r->block);
    return NULL;
}

/* However busy the machine is: at most ten seconds. */
static void wait_until_it_waits(struct reader *r)
{
    bool waits = false;
    for (int i = 0; i < 10000 && !waits; i++) {
        (void)usleep(1000);
        (void)pthread_mutex_lock(&r->a.lock);
        waits = r->a.reader_waits;
        (void)pthread_mutex_unlock(&r->a.lock);
    }
    cr_assert(waits, "the reader has begun to wait");
}

/* It was us who paused: the reader had a line all the time. */
Test(admission, a_reader_that_waited_is_no_pause)
{
    static struct reader r;
    atomic_store(&backlog, 0);
    admission_init(&r.a, &backlog, &spool_full);
    admit(&r.a, 5, 100, 0);
    admission_settle(&r.a, 0, 5);
    atomic_store(&backlog, WRITER_BACKLOG_MAX);
    cr_assert_eq(pthread_create(&r.thread, NULL, read_one, &r), 0);
    wait_until_it_waits(&r);
    uint64_t now = 100 + 10 * INPUT_IDLE_MS;
    expect_open(&r.a, now, "no room");
    atomic_store(&backlog, 0);
    expect_open(&r.a, now, "room that the reader has not seen");
    admission_look_again(&r.a);
    cr_assert_eq(pthread_join(r.thread, NULL), 0);
    cr_expect(r.admitted);
    cr_expect_eq(r.block, 0);
    admission_settle(&r.a, 0, 1);
    expect_open(&r.a, now + INPUT_IDLE_MS - 1, "it came with the time at which it began to wait");
    expect_closes(&r.a, now + INPUT_IDLE_MS, 0);
    admission_deinit(&r.a);
}

static void make_room_by_settling(struct admission *a)
{
    admission_settle(a, 0, 1);
}

static void make_room_by_writing(struct admission *a)
{
    atomic_store(&backlog, 0);
    admission_look_again(a);
}

static void fill_unsettled(struct admission *a)
{
    uint32_t block = 0;
    while (admission_try_enter(a, 0, &block)) {
    }
}

static void fill_writer(struct admission *a)
{
    (void)a;
    atomic_store(&backlog, WRITER_BACKLOG_MAX);
}

struct wake_case {
    const char *name;
    void (*fill)(struct admission *a);
    void (*wake)(struct admission *a);
    bool admitted;
};

static const struct wake_case wake_cases[] = {
    {"settling", fill_unsettled, make_room_by_settling, true},
    {"the writer", fill_writer, make_room_by_writing, true},
    {"stop", fill_unsettled, admission_stop, false},
};

/* The reader either waits already or finds the room when it comes; both must end. */
Test(admission, a_waiting_reader_wakes)
{
    for (size_t i = 0; i < sizeof(wake_cases) / sizeof(wake_cases[0]); i++) {
        for (int wait = 0; wait < 2; wait++) {
            const struct wake_case *c = &wake_cases[i];
            static struct reader r;
            atomic_store(&backlog, 0);
            admission_init(&r.a, &backlog, &spool_full);
            c->fill(&r.a);
            cr_assert_eq(pthread_create(&r.thread, NULL, read_one, &r), 0);
            if (wait != 0) {
                wait_until_it_waits(&r);
            }
            c->wake(&r.a);
            cr_assert_eq(pthread_join(r.thread, NULL), 0);
            cr_expect_eq(r.admitted, c->admitted, "%s", c->name);
            admission_deinit(&r.a);
        }
    }
}

/* --- of a fleet ----------------------------------------------------------------------------- */

Test(admission, blocks_of_a_fleet_end_where_the_input_says_so)
{
    struct admission a;
    atomic_size_t rows = 0;
    atomic_bool full = false;
    uint32_t block = 9;
    admission_init(&a, &rows, &full);
    a.of_fleet = true;
    a.input_is_file = true;
    for (unsigned i = 0; i < input_block_lines(0) + 5; i++) { /* others have lines of it, too */
        cr_assert(admission_try_enter(&a, 0, &block));
        cr_expect_eq(block, 0);
    }
    admission_settle(&a, 0, input_block_lines(0) + 5);
    cr_expect_not(admission_close_block(&a, 0, &block), "more may come");
    cr_expect_eq(admission_settled_blocks(&a), 0);
    cr_expect(admission_end_block(&a));
    cr_expect(admission_end_block(&a), "one without a line of ours");
    cr_expect(admission_close_block(&a, 0, &block));
    cr_expect(admission_close_block(&a, 0, &block));
    cr_expect_not(admission_close_block(&a, 0, &block));
    cr_expect_eq(admission_settled_blocks(&a), 2);
    cr_assert(admission_try_enter(&a, 0, &block));
    cr_expect_eq(block, 2);
    admission_end_input(&a);
    cr_expect_not(admission_close_block(&a, 0, &block));
    cr_expect_eq(admission_settled_blocks(&a), 2, "a line is open");
    admission_settle(&a, 2, 1);
    cr_expect(admission_close_block(&a, 0, &block));
    cr_expect_eq(admission_settled_blocks(&a), UINT32_MAX);
    admission_deinit(&a);
}

Test(admission, who_is_far_ahead_of_the_fleet_waits)
{
    struct admission a;
    atomic_size_t rows = 0;
    atomic_bool full = false;
    uint32_t block = 0;
    admission_init(&a, &rows, &full);
    a.of_fleet = true;
    a.input_is_file = true;
    for (unsigned i = 0; i < BLOCKS_OPEN_MAX; i++) {
        cr_assert(admission_end_block(&a));
        cr_assert(admission_close_block(&a, 0, &block)); /* settled here, but not everywhere */
    }
    cr_expect_not(admission_try_enter(&a, 0, &block));
    admission_close_everywhere(&a, 1);
    cr_expect(admission_try_enter(&a, 0, &block));
    cr_expect_eq(block, BLOCKS_OPEN_MAX);
    admission_deinit(&a);
}

Test(admission, who_took_over_may_be_behind_what_others_close)
{
    struct admission a;
    atomic_size_t rows = 0;
    atomic_bool full = false;
    uint32_t block = 0;
    admission_init(&a, &rows, &full);
    a.of_fleet = true;
    a.input_is_file = true;
    admission_begin_at(&a, 2);
    admission_close_everywhere(&a, 4); /* who sat there before had said that all is settled */
    cr_expect(admission_try_enter(&a, 0, &block));
    cr_expect_eq(block, 2);
    admission_deinit(&a);
}

/* The seat of a member of a fleet that is lost, which had settled five blocks. */
Test(admission, who_takes_over_goes_on_behind_what_was_settled)
{
    struct admission a;
    atomic_size_t rows = 0;
    atomic_bool full = false;
    uint32_t block = 0;
    admission_init(&a, &rows, &full);
    a.of_fleet = true;
    a.input_is_file = true;
    admission_begin_at(&a, 5);
    admission_close_everywhere(&a, 3);
    cr_expect_eq(admission_settled_blocks(&a), 5, "as it was said");
    cr_expect_not(admission_close_block(&a, 0, &block));
    cr_assert(admission_try_enter(&a, 0, &block));
    cr_expect_eq(block, 5, "a line of an earlier block that has no row");
    cr_expect(admission_may_hold(&a, 2), "that is over");
    admission_hold(&a, 2);
    admission_hold(&a, 6);
    admission_settle(&a, 5, 1);
    cr_expect_not(admission_close_block(&a, 0, &block), "others of the block may come");
    cr_expect(admission_end_block(&a));
    cr_expect(admission_close_block(&a, 0, &block));
    cr_expect_eq(block, 5);
    admission_end_input(&a);
    cr_expect_not(admission_close_block(&a, 0, &block), "it is held");
    admission_release(&a, 6);
    cr_expect(admission_close_block(&a, 0, &block));
    cr_expect_eq(admission_settled_blocks(&a), UINT32_MAX);
    admission_deinit(&a);
}
