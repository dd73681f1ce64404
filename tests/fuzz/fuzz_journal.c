#include "output/journal.h"
#include "scanner/base/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool fits_odd(void *arg, const struct journal *j, const struct journal_entry *e)
{
    (void)arg;
    CHECK(e->file_count == j->file_count && e->file_count <= JOURNAL_FILES_MAX);
    return (e->files[0].octets & 2) == 0;
}

/* What is taken is whole, and all that is left of it is read in the same way. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct journal j;
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    bool ok = journal_read(&j, (struct span){data, size}, fits_odd, NULL, &why);
    CHECK(ok == (why.len == 0));
    if (ok) {
        struct journal again;
        CHECK(j.entries > 0 && j.octets + j.octets_cut == size);
        CHECK(journal_read(&again, (struct span){data, (size_t)j.octets}, fits_odd, NULL, &why));
        CHECK(again.octets == j.octets && again.entries == j.entries && again.sum == j.sum);
        CHECK(again.finished_count == j.finished_count);
        journal_deinit(&again);
    }
    for (size_t i = 0; i < j.finished_count; i++) {
        CHECK(j.finished[i].first > 0 && j.finished[i].first <= j.finished[i].last);
    }
    journal_deinit(&j);
    buf_deinit(&why);
    return 0;
}
