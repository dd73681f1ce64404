#include <string.h>

#include <criterion/criterion.h>

#include "scanner/base/memory.h"
#include "scanner/trust/incomplete_chains.h"

Test(incomplete_chains, lists_come_back_as_they_were_added)
{
    struct incomplete_chains c = {0};
    for (unsigned i = 0; i < 200; i++) {
        uint8_t id[32] = {(uint8_t)i};
        uint8_t list[300];
        memset(list, (int)i, sizeof(list));
        incomplete_chains_add(&c, id, (struct span){list, 1 + i});
        if (i % 50 == 0) { /* what was added later is read as well */
            uint8_t octets[300];
            cr_expect(incomplete_chains_read(&c, &c.chains[i], octets));
        }
    }
    cr_assert_eq(c.count, 200);
    cr_expect(!c.failed);
    for (unsigned i = 0; i < 200; i++) {
        uint8_t octets[300];
        cr_expect_eq(c.chains[i].chain_id[0], i);
        cr_assert_eq(c.chains[i].len, 1 + i);
        cr_expect(incomplete_chains_read(&c, &c.chains[i], octets));
        cr_expect_eq(octets[0], i);
        cr_expect_eq(octets[i], i);
    }
    incomplete_chains_deinit(&c);
    cr_expect_eq(c.count, 0);
}
