#include <criterion/criterion.h>

#include "output/journal.h"
#include "scanner/base/memory.h"

static const char *const names[] = {"domains.ndjson", "hosts.ndjson"};

static bool fits_always(void *arg, const struct journal *j, const struct journal_entry *e)
{
    (void)arg;
    (void)j;
    (void)e;
    return true;
}

/* As if the second file had so many octets. */
static bool fits_length(void *arg, const struct journal *j, const struct journal_entry *e)
{
    (void)j;
    return e->files[1].octets <= *(const uint64_t *)arg;
}

/* Three entries: lines 1-2, 5; then 3; then none. @param ends of the names and of each entry */
static struct buf journal_of_three(size_t ends[4])
{
    static const struct journal_range first[] = {{1, 2}, {5, 5}};
    static const struct journal_range second[] = {{3, 3}};
    struct buf out = BUF_INIT(BUF_NO_LIMIT);
    uint64_t sum = 0;
    journal_put_names(&out, names, 2, &sum);
    ends[0] = out.len;
    struct journal_entry e = {.durable = true,
                              .boot = 7,
                              .progress = {.lines_read = 6,
                                           .octets_read = 60,
                                           .unix_ms = 1000,
                                           .finished = first,
                                           .finished_count = 2},
                              .file_count = 2,
                              .files = {{100, 3}, {10, 1}}};
    journal_put_entry(&out, &e, &sum);
    ends[1] = out.len;
    e.durable = false;
    e.progress.finished = second;
    e.progress.finished_count = 1;
    e.progress.input_ended = true;
    e.files[0] = (struct journal_file){200, 4};
    e.files[1] = (struct journal_file){20, 2};
    journal_put_entry(&out, &e, &sum);
    ends[2] = out.len;
    e.progress.finished_count = 0;
    e.files[1] = (struct journal_file){30, 3};
    journal_put_entry(&out, &e, &sum);
    ends[3] = out.len;
    return out;
}

static struct buf why = {.limit = BUF_NO_LIMIT};

static bool read_part(struct journal *j, const struct buf *octets, size_t len)
{
    buf_reset(&why);
    return journal_read(j, span_take(buf_span(octets), len), fits_always, NULL, &why);
}

Test(journal, reads_what_was_written)
{
    size_t ends[4];
    struct journal j;
    struct buf octets = journal_of_three(ends);
    cr_assert(read_part(&j, &octets, octets.len));
    cr_expect_eq(j.file_count, 2);
    cr_expect_str_eq(j.names[1], "hosts.ndjson");
    cr_expect_eq(j.entries, 3);
    cr_expect_eq(j.octets, octets.len);
    cr_expect_eq(j.octets_cut, 0);
    cr_expect_eq(j.last.files[0].octets, 200);
    cr_expect_eq(j.last.files[1].rows, 3);
    cr_expect(!j.last.durable && j.last.boot == 7 && j.last.progress.input_ended);
    cr_expect_eq(j.last.progress.lines_read, 6);
    cr_expect_eq(j.last.progress.octets_read, 60);
    cr_expect_eq(j.last.progress.unix_ms, 1000);
    cr_assert_eq(j.finished_count, 3);
    cr_expect(j.finished[0].first == 1 && j.finished[0].last == 2);
    cr_expect(j.finished[1].first == 5 && j.finished[1].last == 5);
    cr_expect(j.finished[2].first == 3 && j.finished[2].last == 3);
    journal_deinit(&j);
    buf_deinit(&octets);
}

/* A process may be killed inside of a write. */
Test(journal, every_beginning_is_good_up_to_its_last_whole_entry)
{
    size_t ends[4];
    struct buf octets = journal_of_three(ends);
    for (size_t len = 0; len <= octets.len; len++) {
        struct journal j;
        bool ok = read_part(&j, &octets, len);
        size_t entries = 0;
        while (entries < 3 && len >= ends[entries + 1]) {
            entries++;
        }
        cr_expect_eq(ok, entries > 0, "%zu octets: %s", len, ok ? "taken" : "refused");
        if (ok) {
            cr_expect_eq(j.entries, entries, "%zu octets", len);
            cr_expect_eq(j.octets, ends[entries], "%zu octets", len);
            cr_expect_eq(j.octets_cut, len - ends[entries], "%zu octets", len);
        }
        journal_deinit(&j);
    }
    buf_deinit(&octets);
}

/* What was written and is different now, with more behind it, is no unfinished write. */
Test(journal, a_changed_octet_is_damage_or_cuts_the_end)
{
    size_t ends[4];
    struct buf octets = journal_of_three(ends);
    for (size_t at = 0; at < octets.len; at++) {
        struct journal j;
        octets.at[at] ^= 1;
        bool ok = read_part(&j, &octets, octets.len);
        if (ok) { /* only what looks like a write that did not come to its end */
            cr_expect_lt(j.entries, 3, "octet %zu", at);
            cr_expect_gt(j.octets_cut, 0, "octet %zu", at);
            cr_expect(at >= j.octets, "octet %zu, kept %zu", at, (size_t)j.octets);
        } else {
            cr_expect_gt(why.len, 0);
        }
        journal_deinit(&j);
        octets.at[at] ^= 1;
    }
    octets.at[ends[1] + 20] ^= 1; /* inside of the second entry */
    struct journal j;
    cr_expect(!read_part(&j, &octets, octets.len));
    buf_put_char(&why, '\0');
    cr_expect_not_null(strstr((const char *)why.at, "damaged at octet"), "%s",
                       (const char *)why.at);
    journal_deinit(&j);
    buf_deinit(&octets);
}

/* After a power failure: the length of the journal is on disk, its last octets are not. */
Test(journal, zeros_at_the_end_are_cut)
{
    size_t ends[4];
    struct journal j;
    struct buf octets = journal_of_three(ends);
    for (int i = 0; i < 4096; i++) {
        buf_put_char(&octets, '\0');
    }
    cr_assert(read_part(&j, &octets, octets.len));
    cr_expect_eq(j.entries, 3);
    cr_expect_eq(j.octets, ends[3]);
    cr_expect_eq(j.octets_cut, 4096);
    journal_deinit(&j);
    buf_deinit(&octets);
}

Test(journal, the_last_entry_that_fits_counts)
{
    size_t ends[4];
    struct buf octets = journal_of_three(ends);
    for (uint64_t len = 9; len < 31; len++) {
        struct journal j;
        buf_reset(&why);
        bool ok = journal_read(&j, buf_span(&octets), fits_length, &len, &why);
        cr_assert_eq(ok, len >= 10);
        if (ok) {
            cr_expect_eq(j.entries, len / 10);
            cr_expect_eq(j.finished_count, len < 20 ? 2 : 3);
            cr_expect_eq(j.octets, ends[len / 10]);
        }
        journal_deinit(&j);
    }
    buf_deinit(&octets);
}

/* Going on from an entry: the checksums go on with it. */
Test(journal, is_continued_from_where_it_was_cut)
{
    size_t ends[4];
    struct journal j;
    struct buf octets = journal_of_three(ends);
    cr_assert(read_part(&j, &octets, ends[2] + 5));
    octets.len = (size_t)j.octets;
    uint64_t sum = j.sum;
    struct journal_entry e = j.last;
    e.progress.finished = &(struct journal_range){4, 4};
    e.progress.finished_count = 1;
    journal_put_entry(&octets, &e, &sum);
    journal_deinit(&j);
    cr_assert(read_part(&j, &octets, octets.len));
    cr_expect_eq(j.entries, 3);
    cr_assert_eq(j.finished_count, 4);
    cr_expect_eq(j.finished[3].first, 4);
    journal_deinit(&j);
    buf_deinit(&octets);
}

Test(journal, other_files_are_refused)
{
    static const char *const texts[] = {"", "{}\n", "mxcensus journal 2\n", JOURNAL_MAGIC};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct buf octets = BUF_INIT(BUF_NO_LIMIT);
        struct journal j;
        buf_put_text(&octets, texts[i]);
        cr_expect(!read_part(&j, &octets, octets.len), "%s", texts[i]);
        cr_expect_gt(why.len, 0);
        journal_deinit(&j);
        buf_deinit(&octets);
    }
}

Test(journal, lines_become_ranges)
{
    uint64_t lines[] = {9, 3, 1, 2, 7, 8, 3};
    struct journal_range ranges[7];
    cr_assert_eq(journal_ranges_of(lines, 7, ranges), 2);
    cr_expect(ranges[0].first == 1 && ranges[0].last == 3);
    cr_expect(ranges[1].first == 7 && ranges[1].last == 9);
    cr_expect_eq(journal_ranges_of(lines, 0, ranges), 0);
}
