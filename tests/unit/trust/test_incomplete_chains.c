#include <signal.h>
#include <string.h>
#include <sys/resource.h>

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
        incomplete_chains_add(&c, id, (struct span){list, 1 + i}, i % 3 == 0);
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
        cr_expect_eq(c.chains[i].told, i % 3 == 0);
        cr_assert_eq(c.chains[i].len, 1 + i);
        cr_expect(incomplete_chains_read(&c, &c.chains[i], octets));
        cr_expect_eq(octets[0], i);
        cr_expect_eq(octets[i], i);
    }
    incomplete_chains_deinit(&c);
    cr_expect_eq(c.count, 0);
}

#define LIST_LEN 5000 /* more than stdio buffers */

static void add_list(struct incomplete_chains *c, uint8_t octet)
{
    uint8_t id[32] = {octet};
    uint8_t list[LIST_LEN];
    memset(list, octet, sizeof(list));
    incomplete_chains_add(c, id, (struct span){list, sizeof(list)}, false);
}

static void limit_files(rlim_t octets)
{
    struct rlimit limit = {0};
    cr_assert_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = octets < limit.rlim_max ? octets : limit.rlim_max;
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* A list written in part leaves a hole: nothing may be taken from behind it. */
Test(incomplete_chains, after_a_full_disk_no_list_is_taken_for_another)
{
    struct incomplete_chains c = {0};
    uint8_t octets[LIST_LEN];
    (void)signal(SIGXFSZ, SIG_IGN);
    add_list(&c, 1);
    limit_files(LIST_LEN + 1000);
    add_list(&c, 2);
    add_list(&c, 3);
    limit_files(RLIM_INFINITY);
    add_list(&c, 4); /* there is room again */
    cr_expect(c.failed);
    for (size_t i = 0; i < c.count; i++) {
        if (incomplete_chains_read(&c, &c.chains[i], octets)) {
            cr_expect_eq(octets[0], c.chains[i].chain_id[0]);
            cr_expect_eq(octets[LIST_LEN - 1], c.chains[i].chain_id[0]);
        }
    }
    cr_expect_leq(c.count, 2);
    incomplete_chains_deinit(&c);
}

Test(incomplete_chains, without_a_folder_that_can_be_written_memory_has_to_do)
{
    struct incomplete_chains c = {0};
    uint8_t octets[LIST_LEN];
    cr_assert_eq(setenv("TMPDIR", "/nonexistent/folder", 1), 0);
    add_list(&c, 1);
    cr_expect(!c.failed);
    cr_assert_eq(c.count, 1);
    cr_expect(incomplete_chains_read(&c, &c.chains[0], octets));
    cr_expect_eq(octets[LIST_LEN - 1], 1);
    incomplete_chains_deinit(&c);
}
