#include <criterion/criterion.h>

#include "scanner/cli/fleet_option.h"

static uint32_t parts_of(uint32_t members, uint32_t asked)
{
    static struct options o; /* large */
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    o = (struct options){.brokers = "b:9092",
                         .fleet_scan = "night",
                         .fleet_members = members,
                         .fleet_parts = asked,
                         .params.operator_limit = 1000};
    bool ok = fleet_option_apply(&o, &why);
    buf_deinit(&why);
    return ok ? o.fleet_parts : 0;
}

Test(fleet_option, a_member_has_eight_parts_or_more_as_long_as_there_are_any)
{
    cr_expect_eq(parts_of(1, 0), 8);
    cr_expect_eq(parts_of(3, 0), 32);
    cr_expect_eq(parts_of(16, 0), 128);
    cr_expect_eq(parts_of(17, 0), 256);
    cr_expect_eq(parts_of(256, 0), 256);
}

Test(fleet_option, parts_that_are_asked_for_are_taken_or_refused)
{
    cr_expect_eq(parts_of(3, 4), 4);
    cr_expect_eq(parts_of(3, 2), 0, "one would have none");
    cr_expect_eq(parts_of(1, 12), 0, "no power of two");
}
