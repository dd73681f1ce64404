#include "scanner/base/check.h"
#include "scanner/fleet/terms.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is taken can be written, and is then taken again as the same. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fleet_terms t;
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    bool ok = fleet_terms_read(&t, (struct span){data, size}, &why);
    CHECK(ok == (why.len == 0));
    if (ok) {
        struct fleet_terms again;
        struct buf json = BUF_INIT(BUF_NO_LIMIT);
        CHECK(t.parts > 0 && t.members > 0 && t.members <= t.parts);
        fleet_terms_put(&t, &json);
        CHECK(fleet_terms_read(&again, buf_span(&json), &why));
        CHECK(fleet_terms_agree(&t, &again, &why));
        fleet_terms_deinit(&again);
        fleet_terms_deinit(&t);
        buf_deinit(&json);
    }
    buf_deinit(&why);
    return 0;
}
